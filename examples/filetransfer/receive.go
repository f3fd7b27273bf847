package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// receive receives a file, over as many connections as it takes.
func (p *program) receive(ctx context.Context) error {
	for {
		err := p.receiveOver(ctx)
		var fatal fatalError
		if err == nil || errors.As(err, &fatal) || ctx.Err() != nil {
			return err
		}
		p.say("\nThe connection is broken: %v\nThe transfer can go on where it was.", err)
	}
}

// receiveOver makes one connection and receives over it.
func (p *program) receiveOver(ctx context.Context) error {
	p.say("Paste the sender's code:")
	offer, err := p.ask(ctx, "offer")
	if err != nil {
		return fatalError{err}
	}
	s, err := p.network.newSide(ctx)
	if err != nil {
		return fatalError{err}
	}
	role, setup := dtlstransport.RoleClient, "active"
	if offer.setup == "active" {
		role, setup = dtlstransport.RoleServer, "passive"
	}
	p.say("Give this code to the sender:")
	p.show(encode("answer", s.describe(setup, offer.mid)))
	c, err := s.connect(ctx, false, role, offer)
	if err != nil {
		return err
	}
	defer c.association.Close()
	p.say("Connected; SCTP took %d round trips.", c.association.Stats().RoundTrips)
	name, err := p.receiveFile(ctx, c)
	var fatal fatalError
	switch {
	case err == nil:
		p.say("\nReceived %s; its checksum is right.", name)
	case errors.As(err, &fatal):
		_ = c.sendNote(ctx, note{Error: fatal.Error()})
	default:
		return err
	}
	// The sender closes when it has heard the verdict.
	end, cancel := context.WithTimeout(ctx, p.network.patience)
	defer cancel()
	for {
		if _, over := c.channel.Receive(end); over != nil {
			return err
		}
	}
}

// receiveFile is the receiver's side of the protocol. It returns the name of the file.
func (p *program) receiveFile(ctx context.Context, c *connection) (string, error) {
	about, err := c.receiveNote(ctx)
	if err != nil {
		return "", err
	}
	f, err := openPartial(p.folder, about)
	if err != nil {
		return "", fatalError{err}
	}
	defer f.close()
	if f.have > 0 {
		p.say("Going on with %s behind %s.", f.name, bytesText(f.have))
	} else {
		p.say("%s, %s", f.name, bytesText(f.size))
	}
	if err := c.sendNote(ctx, note{Offset: &f.have}); err != nil {
		return "", err
	}
	bar := newProgress(p.messages, f.size, f.have)
	defer bar.end()
	for {
		m, err := c.channel.Receive(ctx)
		if err != nil {
			return "", err
		}
		if m.Kind == sctpdc.Binary {
			if err := f.add(m.Data); err != nil {
				return "", fatalError{err}
			}
			bar.show(f.have)
			continue
		}
		last, err := readNote(m)
		if err != nil {
			return "", err
		}
		sum, err := hex.DecodeString(last.SHA256)
		if err != nil || len(sum) == 0 {
			return "", fatalError{fmt.Errorf("the sender's checksum is %.100q", last.SHA256)}
		}
		name, err := f.finish(sum)
		if err != nil {
			return "", fatalError{err}
		}
		return name, c.sendNote(ctx, note{OK: true})
	}
}
