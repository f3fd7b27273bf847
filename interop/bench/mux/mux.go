package mux

import (
	"fmt"
	"io"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
	"github.com/rtctransport/rtctransport/mux"
)

const size = 1200 // bytes of a packet

// mix is what a video call looks like: mostly RTP, some RTCP, little DTLS.
var mix = func() (packets [][]byte) {
	for i := range 20 {
		b := make([]byte, size)
		b[0], b[1] = 0x80, 96
		switch i {
		case 7, 15:
			b[1] = 200
		case 19:
			b[0] = 23
		}
		packets = append(packets, b)
	}
	return packets
}()

// Figures returns what is measured.
func Figures() []rounds.Figure {
	return []rounds.Figure{{
		Name: "mux, packet of 1,200 bytes to its handler", Unit: "CPU ns", Times: 400_000,
		Contenders: []rounds.Contender{
			{Name: rounds.Ours, Run: handlers},
			{Name: rounds.Ours + ", Endpoint", Run: endpoints},
			{Name: "pion/webrtc " + rounds.Version("github.com/pion/webrtc/v4"), Run: pionEndpoints},
			{Name: rounds.Floor + ": a bare read loop", Run: bare},
		},
	}}
}

// bare is a loop that reads and calls one handler.
func bare(n int) (float64, error) {
	var r io.Reader = newReplay(n)
	handled := 0
	handler := func(b []byte) { handled += len(b) }
	buf := make([]byte, 8192)
	return measure(n, &handled, func() error {
		for {
			n, err := r.Read(buf)
			if err != nil {
				return nil
			}
			handler(buf[:n])
		}
	})
}

// handlers are called from the read loop, which is what media is for.
func handlers(n int) (float64, error) {
	handled := 0
	return measure(n, &handled, func() error {
		m := mux.New(newReplay(n), nil)
		m.Handle(func(b []byte) { handled += len(b) }, mux.RTP, mux.RTCP, mux.DTLS)
		<-m.Done()
		return nil
	})
}

// endpoints are read by a goroutine each, as those of pion/webrtc are.
func endpoints(n int) (float64, error) {
	link := newQueuedReplay(n)
	m := mux.New(link, nil)
	defer m.Close()
	return readAll(n, link.queues, []io.Reader{m.Endpoint(mux.RTP), m.Endpoint(mux.RTCP), m.Endpoint(mux.DTLS)})
}

func measure(n int, handled *int, f func() error) (float64, error) {
	ns, err := rounds.CPU(f)
	if err == nil && *handled != n*size {
		err = fmt.Errorf("%d bytes of %d were handled", *handled, n*size)
	}
	return ns / float64(time.Nanosecond), err
}
