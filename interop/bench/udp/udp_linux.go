package udp

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

const (
	size  = 1200 // bytes of a packet
	burst = 20   // packets
)

// Figures returns what is measured. A packet that comes back counts as two.
func Figures() []rounds.Figure {
	return []rounds.Figure{{
		Name: "UDP, packet of 1,200 bytes, in bursts of 20", Unit: "CPU ns, sent and received", Times: 20_000,
		Contenders: []rounds.Contender{
			{Name: rounds.Ours, Run: run(ours, true, true)},
			{Name: "sockets, a call for a packet", Run: run(bare(false, false), false, false)},
			{Name: "sockets with GSO", Run: run(bare(true, false), true, false)},
			{Name: rounds.Floor + ": sockets with GSO and GRO", Run: run(bare(true, true), true, true)},
		},
	}}
}

// A server sends back what client sends to it.
type server func(client *socket) (addr netip.AddrPort, end func() error, err error)

// run returns a Run whose client has those offloads.
func run(serve server, segmentation, coalescing bool) func(n int) (float64, error) {
	return func(n int) (float64, error) {
		client, err := listen(segmentation, coalescing)
		if err != nil {
			return 0, err
		}
		defer client.Close()
		addr, end, err := serve(client)
		if err != nil {
			return 0, err
		}
		packets := make([]byte, burst*size)
		for i := 0; i < len(packets); i += size {
			packets[i] = 0x80
		}
		buf := make([]byte, 1<<16)
		bursts := (n + 2*burst - 1) / (2 * burst)
		ns, err := rounds.CPU(func() error {
			for range bursts {
				if err := client.send(packets, addr); err != nil {
					return err
				}
				if _, err := client.receive(buf, len(packets)); err != nil {
					return fmt.Errorf("nothing comes back: %w", err)
				}
			}
			return nil
		})
		return ns / float64(bursts*2*burst) * float64(n) / float64(time.Nanosecond), errors.Join(err, end())
	}
}

// bare returns a server that is one socket and one goroutine, which takes a burst before it answers.
func bare(segmentation, coalescing bool) server {
	return func(*socket) (netip.AddrPort, func() error, error) {
		s, err := listen(segmentation, coalescing)
		if err != nil {
			return netip.AddrPort{}, nil, err
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 1<<16)
			for {
				from, err := s.receive(buf, burst*size)
				if err != nil {
					return
				}
				if s.send(buf[:burst*size], from) != nil {
					return
				}
			}
		}()
		end := func() error {
			err := s.Close()
			<-done
			return err
		}
		return s.addr(), end, nil
	}
}
