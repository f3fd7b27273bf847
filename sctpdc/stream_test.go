package sctpdc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

var _ net.Conn = (*Stream)(nil)

func TestStreamCopiesAFile(t *testing.T) {
	content := make([]byte, 1_000_003)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, loss := range []float64{0, 0.02} {
		for _, peerLimit := range []int{0, 1000} {
			t.Run(fmt.Sprintf("loss %v limit %d", loss, peerLimit), func(t *testing.T) {
				link := netsim.Config{Seed: 1, Delay: 20 * time.Millisecond, Loss: loss}
				inPair(t, link, Config{PeerMaxMessageSize: peerLimit}, Config{MaxMessageSize: 1000 + 65536*(1-min(1, peerLimit))}, func(p *pair) {
					c, d := p.open(p.client, p.server, "file", nil)
					go func() {
						file, err := os.Open(name)
						if err != nil {
							t.Error(err)
							return
						}
						defer file.Close()
						if n, err := io.Copy(c.Stream(), file); n != int64(len(content)) || err != nil {
							t.Errorf("sent %d bytes, %v", n, err)
						}
						_ = c.Stream().Close()
					}()
					var got bytes.Buffer
					if _, err := io.Copy(&got, d.Stream()); err != nil || !bytes.Equal(got.Bytes(), content) {
						t.Errorf("received %d bytes, %v", got.Len(), err)
					}
				})
			})
		}
	}
}

func TestStreamReadsPiecesOfAnySize(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		for _, s := range []string{"hello ", "", "world"} {
			p.send(c, s)
		}
		_ = c.Close()
		got := make([]byte, 0, 100)
		for {
			n, err := d.Stream().Read(got[len(got) : len(got)+3])
			got = got[:len(got)+n]
			if err == io.EOF {
				break
			} else if err != nil || n == 0 {
				t.Fatalf("after %q: %d, %v", got, n, err)
			}
		}
		if string(got) != "hello world" {
			t.Errorf("got %q", got)
		}
	})
}

func TestStreamDeadlinesEndWhatWaits(t *testing.T) {
	inPair(t, rtt40, Config{SendBuffer: 1000}, Config{ChannelQueue: 1000, StallTimeout: -1}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		s := d.Stream()
		read := func(want error, after time.Duration) {
			t.Helper()
			began := time.Now()
			n, err := s.Read(make([]byte, 10))
			if !errors.Is(err, want) || time.Since(began) != after || want != nil && n != 0 {
				t.Errorf("Read: %d, %v after %v; want %v after %v", n, err, time.Since(began), want, after)
			}
		}
		_ = s.SetReadDeadline(time.Now().Add(time.Second))
		read(os.ErrDeadlineExceeded, time.Second)
		read(os.ErrDeadlineExceeded, 0) // it stays exceeded
		p.send(c, "x")
		time.Sleep(time.Second)
		read(os.ErrDeadlineExceeded, 0) // also with something to read
		_ = s.SetDeadline(time.Time{})
		read(nil, 0)

		// A deadline that is moved moves for a call that waits.
		_ = s.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(500*time.Millisecond, func() { _ = s.SetReadDeadline(time.Now().Add(3 * time.Second)) })
		read(os.ErrDeadlineExceeded, 3500*time.Millisecond)
		_ = s.SetReadDeadline(time.Time{})
		time.AfterFunc(500*time.Millisecond, func() { _ = s.SetReadDeadline(time.Now()) })
		read(os.ErrDeadlineExceeded, 500*time.Millisecond)

		// Write waits because nobody reads, and tells what it got rid of.
		w := c.Stream()
		_ = w.SetWriteDeadline(time.Now().Add(10 * time.Second))
		began := time.Now()
		n, err := w.Write(make([]byte, 8<<20))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 8<<20 || took != 10*time.Second {
			t.Errorf("Write: %d, %v after %v", n, err, took)
		}
		if m, err := w.Write([]byte{1}); m != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write after the deadline: %d, %v", m, err)
		}
		// What was written before is not lost, and the deadline of one direction is not that of the other.
		_ = s.SetReadDeadline(time.Time{})
		if got, err := io.ReadFull(s, make([]byte, n)); err != nil {
			t.Errorf("read %d of %d: %v", got, n, err)
		}
		_ = w.SetWriteDeadline(time.Time{})
		if _, err := w.Write([]byte("on")); err != nil {
			t.Errorf("Write without deadline: %v", err)
		}
		read(nil, 20*time.Millisecond)
	})
}

func TestStreamEndsWithItsChannel(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		errs := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, d.Stream())
			errs <- err
		}()
		synctest.Wait()
		_ = p.client.Close() // no close of the channel: data may be missing
		var e *AssociationError
		if err := <-errs; !errors.As(err, &e) || e.Reason != ReasonAbort {
			t.Errorf("got %v", err)
		}
		if _, err := c.Stream().Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if c.Stream().LocalAddr().String() != "A" || c.Stream().RemoteAddr().String() != "B" {
			t.Error("wrong addresses")
		}
	})
}

func TestStreamOfAShutDownAssociationEndsWithEOF(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		if _, err := c.Stream().Write(make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		if err := p.client.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if n, err := io.Copy(io.Discard, d.Stream()); n != 100_000 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}
