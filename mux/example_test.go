package mux_test

import (
	"fmt"
	"net"

	"github.com/rtctransport/rtctransport/mux"
)

// DTLS is worked on inline, media goes to a reader of its own. The link here is one end of a net.Pipe, which
// keeps writes apart like a datagram link.
func Example() {
	ours, peer := net.Pipe()
	m := mux.New(ours, nil)

	handshake := make(chan int, 1) // a handler must not wait
	m.Handle(func(b []byte) { handshake <- len(b) }, mux.DTLS)
	media := m.Endpoint(mux.RTP, mux.RTCP)

	peer.Write([]byte{22, 0xfe, 0xff, 0, 0}) // a DTLS handshake record
	peer.Write([]byte{0x80, 96, 0, 1})       // an RTP packet
	peer.Write([]byte{9, 9})                 // nothing we know

	fmt.Println("DTLS datagram of", <-handshake, "bytes")
	packet := make([]byte, 1500)
	n, _ := media.Read(packet)
	fmt.Println(mux.Classify(packet[:n]), "packet of", n, "bytes")

	m.Close()
	_, err := media.Read(packet)
	fmt.Println(err)
	// Output:
	// DTLS datagram of 5 bytes
	// RTP packet of 4 bytes
	// use of closed network connection
}

func ExampleClassify() {
	fmt.Println(mux.Classify([]byte{22, 0xfe, 0xfd}))
	fmt.Println(mux.Classify([]byte{0x80, 200}))
	// Output:
	// DTLS
	// RTCP
}
