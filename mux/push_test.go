package mux

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// A pushed link delivers when the test says so.
type pushed struct {
	deliver func([]byte)
	end     func(error)
	written [][]byte
	closed  int
}

func (p *pushed) Push(deliver func([]byte), end func(error)) { p.deliver, p.end = deliver, end }
func (p *pushed) Read([]byte) (int, error)                   { panic("read") }
func (p *pushed) Write(b []byte) (int, error)                { p.written = append(p.written, b); return len(b), nil }
func (p *pushed) Close() error                               { p.closed++; return nil }

func isDone(m *Mux) bool {
	select {
	case <-m.Done():
		return true
	default:
		return false
	}
}

func TestALinkThatDeliversIsNotRead(t *testing.T) {
	link := new(pushed)
	m := New(link, &Config{MaxReceiveSize: 10})
	link.deliver([]byte{22, 1}) // kept, though nobody has attached to anything
	var got []byte
	m.Handle(func(b []byte) { got = append(got, b[1]) }, DTLS)
	link.deliver([]byte{22, 2})
	link.deliver(make([]byte, 11))
	if string(got) != "\x01\x02" {
		t.Errorf("delivered %v", got)
	}
	if s := m.Stats(); s.Received[DTLS] != 2 || s.Oversized != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := m.Write([]byte{22}); err != nil || len(link.written) != 1 {
		t.Errorf("wrote %v, %v", link.written, err)
	}

	broken := errors.New("broken")
	var ended error
	m.OnEnd(func(err error) { ended = err })
	link.end(broken)
	link.deliver([]byte{22, 3})
	if !isDone(m) || link.closed != 1 || !errors.Is(ended, broken) || !errors.Is(m.Err(), broken) || len(got) != 2 {
		t.Errorf("done %v, closed %d times, ended with %v, delivered %v", isDone(m), link.closed, ended, got)
	}
}

func TestDoneWaitsForTheHandlerThatALinkHasCalled(t *testing.T) {
	link := new(pushed)
	m := New(link, nil)
	m.Handle(func([]byte) {
		if err := m.Close(); err != nil || isDone(m) {
			t.Errorf("done %v inside of the handler; Close: %v", isDone(m), err)
		}
	}, DTLS)
	link.deliver([]byte{22})
	if !isDone(m) || !errors.Is(m.Err(), net.ErrClosed) {
		t.Errorf("done %v, %v", isDone(m), m.Err())
	}
}

func TestAMuxMayBeClosedWhileItsLinkDelivers(t *testing.T) {
	for range 100 {
		link := new(pushed)
		m := New(link, nil)
		m.Handle(func([]byte) {}, RTP)
		var group sync.WaitGroup
		group.Go(func() {
			for range 100 {
				link.deliver([]byte{128, 0})
			}
		})
		group.Go(func() { m.Close() })
		group.Wait()
		if !isDone(m) {
			t.Fatal("not done")
		}
	}
}
