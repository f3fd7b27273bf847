package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
)

// receiveBuffer is the size of the buffer for a datagram: none is larger.
const receiveBuffer = 1 << 16

// An association is an engine and the peer's address on a socket.
type association struct {
	engine *dtlstransport.Engine
	socket *net.UDPConn
	remote netip.AddrPort

	connected bool
	closed    bool     // the peer's close_notify came
	records   [][]byte // application data that has come, not taken yet
	err       error    // that ended the association
	scratch   []byte
}

func newAssociation(role dtlstransport.Role, config *dtlstransport.Config, socket *net.UDPConn, remote netip.AddrPort) (*association, error) {
	engine, err := dtlstransport.NewEngine(role, config)
	if err != nil {
		return nil, &contract.UsageError{Err: err}
	}
	engine.SetRemoteAddr(remote.String())
	return &association{engine: engine, socket: socket, remote: remote}, nil
}

// start begins the handshake.
func (a *association) start() { a.after(a.engine.Start(time.Now())) }

// receive takes a datagram, which belongs to the engine until the next call.
func (a *association) receive(b []byte) { a.after(a.engine.HandleDatagram(time.Now(), b)) }

// expire does what is due.
func (a *association) expire() { a.after(a.engine.HandleTimeout(time.Now())) }

// after takes what a call into the engine has left: events, an error, datagrams.
func (a *association) after(err error) {
	for {
		e := a.engine.NextEvent()
		if e.Kind == dtlstransport.NoEvent {
			break
		}
		switch e.Kind {
		case dtlstransport.EventConnected:
			a.connected = true
		case dtlstransport.EventData:
			a.records = append(a.records, append([]byte(nil), e.Data...))
		case dtlstransport.EventClosed:
			a.closed = true
		}
	}
	if err != nil && a.err == nil {
		a.err = err
	}
	a.flush()
}

// flush sends what the engine has to say. A datagram that the socket does not take
// is a lost one.
func (a *association) flush() {
	for {
		b, ok := a.engine.AppendDatagram(a.scratch[:0])
		if !ok {
			return
		}
		a.scratch = b
		a.write(b)
	}
}

func (a *association) write(b []byte) { _, _ = a.socket.WriteToUDPAddrPort(b, a.remote) }

// send sends one record.
func (a *association) send(data []byte) error {
	b, err := a.engine.AppendApplicationData(nil, data)
	if err == nil {
		a.write(b)
	}
	return err
}

// close sends our close_notify.
func (a *association) close() {
	_ = a.engine.Close(time.Now()) // an error is the one that is in err already
	a.flush()
}

// takeRecord returns the next record that has come, or nil.
func (a *association) takeRecord() []byte {
	if len(a.records) == 0 {
		return nil
	}
	b := a.records[0]
	a.records = a.records[1:]
	return b
}

// over reports whether nothing more can come, but for records not taken yet.
func (a *association) over() bool { return a.closed || a.err != nil }

// read waits for a datagram until a time. It returns nil if none has come, or
// only the echo of an ICMP error: anybody can send that.
func read(socket *net.UDPConn, buffer []byte, until time.Time) ([]byte, netip.AddrPort, error) {
	if err := socket.SetReadDeadline(until); err != nil {
		return nil, netip.AddrPort{}, err
	}
	n, from, err := socket.ReadFromUDPAddrPort(buffer)
	switch {
	case err == nil:
		return buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), nil
	case errors.Is(err, net.ErrClosed):
		return nil, netip.AddrPort{}, err
	case !errors.Is(err, os.ErrDeadlineExceeded):
		time.Sleep(time.Millisecond) // should the error persist
	}
	return nil, netip.AddrPort{}, nil
}

// firstTime returns the earlier of two times, of which zero means never.
func firstTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
