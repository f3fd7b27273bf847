package mux_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/rtctransport/rtctransport/mux"
)

// An Endpoint is a net.Conn with deadlines that work, whatever the link's do.
func ExampleMux_Endpoint() {
	ours, peer := net.Pipe()
	m := mux.New(ours, nil)
	defer m.Close()
	media := m.Endpoint(mux.RTP)

	media.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := media.Read(make([]byte, 1500))
	fmt.Println("nothing in time:", errors.Is(err, os.ErrDeadlineExceeded))

	media.SetReadDeadline(time.Time{})
	peer.Write([]byte{0x80, 96, 0, 1})
	n, err := media.Read(make([]byte, 1500))
	fmt.Println(n, err)
	// Output:
	// nothing in time: true
	// 4 <nil>
}

// What comes before somebody wants it is kept, if it is DTLS or media.
func ExampleMux_Handle() {
	ours, peer := net.Pipe()
	m := mux.New(ours, nil)
	defer m.Close()
	media := m.Endpoint(mux.RTP)
	peer.Write([]byte{22, 0xfe, 0xff}) // the peer's hello is fast
	peer.Write([]byte{0x80, 96, 0, 1})
	media.Read(make([]byte, 1500)) // the one behind it has been taken, so the hello has, too

	m.Handle(func(b []byte) { fmt.Println("DTLS of", len(b), "bytes") }, mux.DTLS)
	// Output: DTLS of 3 bytes
}

// Every datagram that nobody got is counted, with the reason.
func ExampleMux_Stats() {
	ours, peer := net.Pipe()
	m := mux.New(ours, nil)
	defer m.Close()
	media := m.Endpoint(mux.RTP)
	peer.Write([]byte{9, 9})       // nothing we know
	peer.Write([]byte{1, 0, 0, 0}) // looks like STUN, and is none
	peer.Write([]byte{0x80, 96, 0, 1})
	media.Read(make([]byte, 1500))

	stats := m.Stats()
	fmt.Println("RTP:", stats.Received[mux.RTP], "unknown:", stats.Unknown, "not STUN:", stats.NotSTUN)
	fmt.Println("dropped in all:", stats.Dropped())
	// Output:
	// RTP: 1 unknown: 1 not STUN: 1
	// dropped in all: 2
}

// The end of the link is the end of everything on it.
func ExampleMux_OnEnd() {
	ours, peer := net.Pipe()
	m := mux.New(ours, nil)
	ended := make(chan error)
	m.OnEnd(func(err error) { ended <- err })
	media := m.Endpoint(mux.RTP)
	peer.Close()

	err := <-ended
	var link *mux.LinkError
	fmt.Println(errors.As(err, &link), link.Op, errors.Is(err, io.EOF))
	_, err = media.Read(make([]byte, 1500))
	fmt.Println(errors.As(err, &link))
	// Output:
	// true read true
	// true
}

func ExampleIsSTUN() {
	binding := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	fmt.Println(mux.IsSTUN(binding), mux.IsSTUN(binding[:19]))
	// Output: true false
}

// A pushed link is one peer of a server's socket: the server hands over what is the
// peer's, and the Mux needs no goroutine.
type pushed struct {
	deliver func([]byte)
	end     func(error)
}

func (p *pushed) Push(deliver func([]byte), end func(error)) { p.deliver, p.end = deliver, end }
func (p *pushed) Read([]byte) (int, error)                   { return 0, io.ErrUnexpectedEOF } // never called
func (p *pushed) Write(b []byte) (int, error)                { return len(b), nil }
func (p *pushed) Close() error                               { return nil }

func ExamplePusher() {
	link := new(pushed)
	m := mux.New(link, nil)
	defer m.Close()
	m.Handle(func(b []byte) { fmt.Println(mux.Classify(b), "of", len(b), "bytes") }, mux.RTP)
	link.deliver([]byte{0x80, 96, 0, 1}) // from the loop that reads the socket
	// Output: RTP of 4 bytes
}
