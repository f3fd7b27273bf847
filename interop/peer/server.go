package main

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
)

// maxPending is how many clients may be in the middle of a handshake. When full, the
// oldest makes room.
const maxPending = 8

// A server serves clients one after the other on one socket. Who completes the
// handshake first, or fails in it, is the client; an old datagram of an earlier
// client that begins a handshake of its own does not stand in its way.
type server struct {
	options *contract.Options
	config  *dtlstransport.Config
	out     *contract.Output
	socket  *net.UDPConn
	end     time.Time // of --timeout
	buffer  []byte
	pending []*association // oldest first
}

func runServer(options *contract.Options, config *dtlstransport.Config, out *contract.Output, end time.Time) int {
	address, err := net.ResolveUDPAddr("udp", options.Addr)
	if err != nil {
		return out.Failed(contract.StageSocket, &contract.UsageError{Err: err})
	}
	config.Sessions = contract.Sessions{}
	if err := checkConfig(config); err != nil {
		return out.Failed(contract.StageUsage, err)
	}
	socket, err := net.ListenUDP("udp", address)
	if err != nil {
		return out.Failed(contract.StageSocket, err)
	}
	defer socket.Close()
	s := &server{options: options, config: config, out: out, socket: socket, end: end, buffer: make([]byte, receiveBuffer)}
	worst := contract.ExitDone
	for range options.Accept {
		out.Listening(socket.LocalAddr())
		code := s.serve()
		if code == contract.ExitWatchdog {
			return code
		}
		worst = max(worst, code)
	}
	return worst
}

// checkConfig finds what is wrong with a configuration before the first client
// comes.
func checkConfig(config *dtlstransport.Config) error {
	if _, err := dtlstransport.NewEngine(dtlstransport.RoleServer, config); err != nil {
		return &contract.UsageError{Err: err}
	}
	return nil
}

// serve serves one client.
func (s *server) serve() int {
	a, err := s.accept()
	switch {
	case err != nil:
		return s.out.Failed(contract.StageHandshake, err)
	case a.err != nil && !a.connected:
		return s.out.Failed(contract.StageHandshake, a.err)
	}
	s.out.Connected(a.engine.ConnectionState())
	code := contract.ExitDone
	if !exportAll(a.engine, s.options, s.out) {
		code = contract.ExitFailed
	}
	return max(code, s.echo(a))
}

// accept waits for the next client that completes its handshake or fails in it.
func (s *server) accept() (*association, error) {
	for {
		now := time.Now()
		until := s.end
		for i, a := range s.pending {
			if a.connected || a.err != nil {
				s.pending = append(s.pending[:i], s.pending[i+1:]...)
				return a, nil
			}
			until = firstTime(until, a.engine.Deadline())
		}
		if !now.Before(s.end) {
			return nil, contract.ErrWatchdog
		}
		b, from, err := read(s.socket, s.buffer, until)
		if err != nil {
			return nil, err
		}
		if b == nil {
			now = time.Now()
			for _, a := range s.pending {
				if d := a.engine.Deadline(); !d.IsZero() && !now.Before(d) {
					a.expire()
				}
			}
			continue
		}
		a, err := s.find(b, from)
		if err != nil {
			return nil, err
		}
		if a != nil {
			a.receive(b)
		}
	}
}

// find returns the association that a datagram is for, a new one if it begins a
// handshake, nil if it is what an earlier client has left.
func (s *server) find(b []byte, from netip.AddrPort) (*association, error) {
	for i, a := range s.pending {
		if a.remote != from {
			continue
		}
		// What has not got as far as a ServerHello keeps nothing about the client.
		if !startsHandshake(b) || a.engine.ConnectionState().Version != 0 {
			return a, nil
		}
		s.pending = append(append(s.pending[:i:i], s.pending[i+1:]...), a)
		return a, nil
	}
	if !startsHandshake(b) {
		return nil, nil
	}
	a, err := newAssociation(dtlstransport.RoleServer, s.config, s.socket, from)
	if err != nil {
		return nil, err
	}
	if len(s.pending) == maxPending {
		s.pending = s.pending[1:]
	}
	s.pending = append(s.pending, a)
	return a, nil
}

// startsHandshake reports whether a datagram begins with a fragment of a
// ClientHello in the clear.
//
//	type 1, version 2, epoch 2, sequence number 6, length 2, msg_type 1
func startsHandshake(b []byte) bool {
	const handshake, clientHello = 22, 1
	return len(b) > 13 && b[0] == handshake && b[3] == 0 && b[4] == 0 && b[13] == clientHello
}

// echo sends every record back until the end of the association.
func (s *server) echo(a *association) int {
	for echoes := 0; ; {
		for b := a.takeRecord(); b != nil; b = a.takeRecord() {
			s.out.Received(b)
			if err := a.send(b); err != nil && !a.over() && !errors.Is(err, dtlstransport.ErrClosed) {
				return s.out.Failed(contract.StageData, err)
			}
			echoes++
			if echoes == s.options.CloseAfter {
				break
			}
		}
		switch {
		case a.closed:
			s.out.Closed(contract.ByPeer, false)
			return contract.ExitDone
		case a.err != nil:
			return s.out.Failed(contract.StageData, a.err)
		case s.options.CloseAfter >= 0 && echoes >= s.options.CloseAfter:
			a.close()
			s.out.Closed(contract.BySelf, false)
			return contract.ExitDone
		case !time.Now().Before(s.end):
			a.close()
			s.out.Closed(contract.ByTimeout, false)
			return contract.ExitWatchdog
		}
		b, from, err := read(s.socket, s.buffer, firstTime(s.end, a.engine.Deadline()))
		switch {
		case err != nil:
			return s.out.Failed(contract.StageData, err)
		case b == nil:
			a.expire()
		case from == a.remote:
			a.receive(b)
		}
	}
}
