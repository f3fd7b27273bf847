package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

// association is one connection of a test: an engine, the clock and the runner.
type association struct {
	o         *options
	wire      *wire
	engine    *dtlstransport.Engine
	now       *time.Time // of the whole test
	connected bool
	closed    bool     // the peer's close_notify has come
	received  [][]byte // application data that has not been read
}

// connect makes one connection and does on it what the options say.
func (s *shim) connect(o *options, resume bool) error {
	w, err := dial(o)
	if err != nil {
		return err
	}
	defer w.close()
	s.sessions.begin()
	config, err := s.config(o, resume)
	if err != nil {
		return err
	}
	role := dtlstransport.RoleClient
	if o.server {
		role = dtlstransport.RoleServer
	}
	engine, err := dtlstransport.NewEngine(role, config)
	if err != nil {
		return err
	}
	a := &association{o: o, wire: w, engine: engine, now: &s.now}
	if err := a.handshake(); err != nil {
		return err
	}
	if !o.implicitHandshake {
		if err := s.check(a, resume); err != nil {
			return err
		}
	}
	return a.talk()
}

// handshake runs the handshake to its end.
func (a *association) handshake() error {
	if err := a.drain(a.engine.Start(*a.now)); err != nil {
		return err
	}
	for !a.connected {
		if err := a.step(); err != nil {
			return err
		}
	}
	return nil
}

// step takes one command of the runner. All that follows from it has been sent
// when step returns.
func (a *association) step() error {
	op, value, datagram, err := a.wire.next()
	if err != nil {
		return err
	}
	switch op {
	case opDatagram:
		return a.drain(a.engine.HandleDatagram(*a.now, datagram))
	case opAdvance:
		if err := a.wire.advanced(); err != nil {
			return err
		}
		*a.now = a.now.Add(time.Duration(value))
		return a.drain(a.engine.HandleTimeout(a.due()))
	case opExpectTimer:
		return a.checkTimer(value)
	case opMTU:
		a.engine.SetMaxDatagramSize(int(value))
	case opTimeout:
		// A timer that is due now waits for the clock.
		a.engine.SetInitialTimeout(time.Duration(value) * time.Millisecond)
	}
	return nil
}

// timerSlack is how early a timer may fire. Whoever sleeps until a deadline wakes up
// a little off it, and the runner wants a timer with so little left to count as due.
const timerSlack = 10 * time.Millisecond

// due returns the time, or the engine's deadline if that is close.
func (a *association) due() time.Time {
	if d := a.engine.Deadline(); d.After(*a.now) && d.Sub(*a.now) <= timerSlack {
		return d
	}
	return *a.now
}

// checkTimer compares the engine's timer with what the runner expects, in
// nanoseconds from now.
func (a *association) checkTimer(want uint64) error {
	got := uint64(math.MaxUint64)
	if d := a.engine.Deadline(); !d.IsZero() {
		got = uint64(max(d.Sub(*a.now), 0))
	}
	if got != want {
		return fmt.Errorf("%w: timer in %v, the runner expects %v", errMustFail, time.Duration(got), time.Duration(want))
	}
	return nil
}

// drain takes what a call into the engine has made happen, which ended in err,
// and sends what is to be sent.
func (a *association) drain(err error) error {
	for {
		event := a.engine.NextEvent()
		switch event.Kind {
		case dtlstransport.NoEvent:
			for {
				b, ok := a.engine.AppendDatagram(nil)
				if !ok {
					return err
				}
				if sendErr := a.wire.send(b); err == nil {
					err = sendErr
				}
			}
		case dtlstransport.EventConnected:
			a.connected = true
		case dtlstransport.EventData:
			a.received = append(a.received, append([]byte(nil), event.Data...))
		case dtlstransport.EventClosed:
			a.closed = true
		}
	}
}

// write sends application data in one record.
func (a *association) write(p []byte) error {
	b, err := a.engine.AppendApplicationData(nil, p)
	if err != nil {
		return err
	}
	return a.wire.send(b)
}

// read returns the content of the next record; io.EOF after close_notify and at
// the end of the connection to the runner.
func (a *association) read() ([]byte, error) {
	for len(a.received) == 0 {
		if a.closed {
			return nil, io.EOF
		}
		if err := a.step(); err != nil {
			return nil, err
		}
	}
	p := a.received[0]
	a.received = a.received[1:]
	return p, nil
}

// talk does what a shim does once it is connected: exports, writes, and sends
// back what it reads with every bit turned.
func (a *association) talk() error {
	o := a.o
	if o.exportLength > 0 {
		var context []byte
		if o.useExportContext {
			context = append([]byte{}, o.exportContext...)
		}
		exported, err := a.engine.ExportKeyingMaterial(o.exportLabel, context, o.exportLength)
		if err != nil {
			return err
		}
		if err := a.write(exported); err != nil {
			return err
		}
	}
	if o.sendAlert {
		a.drain(a.engine.SendAlert(*a.now, dtlstransport.AlertDecompressionFailure))
		return nil
	}
	if o.writeFirst {
		if err := a.write([]byte("hello")); err != nil {
			return err
		}
	}
	for !o.shutDown {
		p, err := a.read()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range p {
			p[i] ^= 0xff
		}
		if err := a.write(p); err != nil {
			return err
		}
	}
	return nil
}
