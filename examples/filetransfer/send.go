package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/sctpdc"
)

const pieceSize = 16384 // bytes of a message; every stack takes that, and larger ones are no faster

// send sends a file, over as many connections as it takes.
func (p *program) send(ctx context.Context, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	for {
		err := p.sendOver(ctx, file, info)
		var fatal fatalError
		if err == nil || errors.As(err, &fatal) || ctx.Err() != nil {
			return err
		}
		p.say("\nThe connection is broken: %v\nThe transfer can go on where it was.", err)
	}
}

// sendOver makes one connection and sends what the receiver does not have.
func (p *program) sendOver(ctx context.Context, file *os.File, info os.FileInfo) error {
	s, err := p.network.newSide(ctx)
	if err != nil {
		return fatalError{err}
	}
	p.say("Give this code to the receiver:")
	p.show(encode("offer", s.describe("actpass", "0")))
	p.say("Paste the receiver's code:")
	answer, err := p.ask(ctx, "answer")
	if err != nil {
		_ = s.agent.Close()
		return fatalError{err}
	}
	role := dtlstransport.RoleServer
	if answer.setup == "passive" {
		role = dtlstransport.RoleClient
	}
	c, err := s.connect(ctx, true, role, answer)
	if err != nil {
		return err
	}
	defer c.association.Close()
	p.say("Connected; SCTP took %d round trips.", c.association.Stats().RoundTrips)
	if err := p.sendFile(ctx, c, file, info); err != nil {
		return err
	}
	p.say("\n%s has arrived, and its checksum is right.", info.Name())
	end, cancel := context.WithTimeout(ctx, p.network.patience)
	defer cancel()
	_ = c.association.Shutdown(end) // all is said
	return nil
}

// sendFile is the sender's side of the protocol.
func (p *program) sendFile(ctx context.Context, c *connection, file *os.File, info os.FileInfo) error {
	size := info.Size()
	if err := c.sendNote(ctx, note{ID: identify(info), Name: filepath.Base(info.Name()), Size: &size}); err != nil {
		return err
	}
	answer, err := c.receiveNote(ctx)
	if err != nil {
		return err
	}
	if answer.Offset == nil || *answer.Offset < 0 || *answer.Offset > size {
		return fatalError{errors.New("the receiver does not say where to begin")}
	}
	offset := *answer.Offset
	sum := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fatalError{err}
	}
	if _, err := io.CopyN(sum, file, offset); err != nil {
		return fatalError{err}
	}
	if offset > 0 {
		p.say("Going on behind %s.", bytesText(offset))
	}
	bar := newProgress(p.messages, size, offset)
	defer bar.end()
	if err := c.sendPieces(ctx, io.LimitReader(file, size-offset), sum, bar, offset); err != nil {
		// The receiver may have said why it stopped.
		said, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, why := c.receiveNote(said); errors.As(why, new(fatalError)) {
			return why
		}
		return err
	}
	if err := c.sendNote(ctx, note{SHA256: hex.EncodeToString(sum.Sum(nil))}); err != nil {
		return err
	}
	verdict, err := c.receiveNote(ctx)
	if err == nil && !verdict.OK {
		err = fatalError{errors.New("the receiver does not confirm")}
	}
	if err == nil {
		bar.show(size)
	}
	return err
}

// sendPieces sends the rest of the file, which begins at offset.
func (c *connection) sendPieces(ctx context.Context, rest io.Reader, sum hash.Hash, bar *progress, offset int64) error {
	piece := make([]byte, pieceSize)
	for sent := offset; sent < bar.size; {
		n, err := io.ReadFull(rest, piece)
		if err != nil && err != io.ErrUnexpectedEOF {
			return fatalError{fmt.Errorf("the file has become shorter: %w", err)}
		}
		sum.Write(piece[:n])
		if err := c.channel.Send(ctx, sctpdc.Message{Data: piece[:n]}); err != nil {
			return err
		}
		sent += int64(n)
		bar.show(max(offset, sent-int64(c.channel.Queued()))) // what the receiver has acknowledged
	}
	return nil
}

// identify returns the same for the same file at another time.
func identify(info os.FileInfo) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", filepath.Base(info.Name()), info.Size(), info.ModTime().UnixNano()))
	return hex.EncodeToString(sum[:16])
}
