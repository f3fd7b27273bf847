package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

func init() { register("R7", "spoofed ClientHellos at a listener, of all sizes", flood) }

// A floodedSocket is a net.PacketConn from which nothing but hellos comes, each from another address.
type floodedSocket struct {
	hello   []byte
	count   int
	read    int
	in, out int64
	worst   float64 // bytes out for bytes in, of one hello
	last    int     // size of the one read last
	drained chan struct{}
	closed  chan struct{}
	once    sync.Once
	each    func()
}

func (s *floodedSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	if s.read == s.count {
		s.once.Do(func() { close(s.drained) })
		<-s.closed
		return 0, nil, net.ErrClosed
	}
	i := s.read
	s.read++
	s.each()
	// The first fragment of a hello, of every size up to the whole, under another random.
	const header = 13 + 12
	n := 1 + i%len(s.hello)
	copy(b, s.hello[:n])
	if n > header+34 {
		binary.BigEndian.PutUint16(b[11:], uint16(n-13))
		b[22], b[23], b[24] = 0, byte((n-header)>>8), byte(n-header)
		binary.BigEndian.PutUint32(b[header+2:], uint32(i))
	}
	s.in, s.last = s.in+int64(n), n
	address := &net.UDPAddr{IP: make(net.IP, 16), Port: 1 + i%65535}
	address.IP[0] = 0x20
	binary.BigEndian.PutUint32(address.IP[12:], uint32(i))
	return n, address, nil
}

func (s *floodedSocket) WriteTo(b []byte, _ net.Addr) (int, error) {
	s.out += int64(len(b))
	s.worst = max(s.worst, float64(len(b))/float64(s.last))
	return len(b), nil
}

func (s *floodedSocket) Close() error {
	close(s.closed)
	return nil
}

func (s *floodedSocket) LocalAddr() net.Addr              { return &net.UDPAddr{IP: net.IPv6loopback, Port: 1} }
func (s *floodedSocket) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (s *floodedSocket) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (s *floodedSocket) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

func flood(r *report) {
	n := r.scaled(1_000_000, 60_000)
	// A hello of 1,400 bytes, as browsers have.
	h := forge.ParseClientHello(wellFormed(forge.TypeClientHello)).With(0x1a1a, make([]byte, 1270))
	hello := forge.One(0, forge.Message{Type: forge.TypeClientHello, Body: h.Client()})
	config := &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{certificates[server]},
		RemoteFingerprints: certificates[client].Fingerprints(),
	}
	play := func(count int) (s *floodedSocket, goroutines int, held int64, stats dtlstransport.ListenerStats) {
		s = &floodedSocket{hello: hello, count: count, drained: make(chan struct{}), closed: make(chan struct{}), each: func() { r.ran(n) }}
		before, began := heap(), runtime.NumGoroutine()
		l, err := dtlstransport.NewListener(s, &dtlstransport.ListenConfig{Config: config})
		if err != nil {
			panic(err)
		}
		<-s.drained
		goroutines, held, stats = runtime.NumGoroutine()-began, heap()-before, l.Stats()
		_ = l.Close()
		return s, goroutines, held, stats
	}
	_, goroutines, held, _ := play(1000) // what a listener has
	s, after, heldAfter, stats := play(n)
	kept := heldAfter - held
	r.row("bytes out for bytes in", fmt.Sprintf("%.3f, at the worst %.3f", float64(s.out)/float64(s.in), s.worst), "<= 0.5", s.worst <= 0.5)
	r.row("bytes kept of all", fmt.Sprint(max(kept, 0)), "0 (8 KiB of noise)", kept < 8<<10)
	r.row("goroutines kept", fmt.Sprint(after-goroutines), "0", after == goroutines)
	r.row("handshakes begun", fmt.Sprint(stats.Handshakes), "0", stats.Handshakes == 0)
}
