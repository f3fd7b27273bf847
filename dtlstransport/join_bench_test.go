package dtlstransport

import (
	"net"
	"testing"

	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// pushedLink is a link that delivers, as a peer of a server with many does. What is written to it waits in sent.
type pushedLink struct {
	deliver func(b []byte)
	sent    [][]byte
}

func (l *pushedLink) Push(deliver func(b []byte), _ func(error)) { l.deliver = deliver }
func (l *pushedLink) Read([]byte) (int, error)                   { return 0, net.ErrClosed }
func (l *pushedLink) Close() error                               { return nil }

func (l *pushedLink) Write(b []byte) (int, error) {
	l.sent = append(l.sent, append([]byte(nil), b...))
	return len(b), nil
}

// BenchmarkServerJoin is what one peer that joins costs a server: a Transport over a link that delivers, the server's side of a
// full handshake as in BenchmarkHandshake, and SRTP contexts. What its client does is not counted.
func BenchmarkServerJoin(b *testing.B) {
	client, server := benchmarkConfigs(b)
	server.NewProtector = pionsrtp.New
	b.ReportAllocs()
	buf := make([]byte, 0, 2048)
	for b.Loop() {
		b.StopTimer()
		peer, err := NewEngine(RoleClient, client)
		if err != nil {
			b.Fatal(err)
		}
		if err := peer.Start(epochZero); err != nil {
			b.Fatal(err)
		}
		connected := false
		link := &pushedLink{sent: make([][]byte, 0, 16)}
		b.StartTimer()
		t, err := NewTransport(link, RoleServer, server)
		if err != nil {
			b.Fatal(err)
		}
		t.OnRTP(func([]byte) {})
		t.OnRTCP(func([]byte) {})
		t.Start(func() { connected = true }, nil)
		for !peer.connected {
			b.StopTimer()
			var datagrams [][]byte
			for {
				datagram, ok := peer.AppendDatagram(buf)
				if !ok {
					break
				}
				datagrams = append(datagrams, append([]byte(nil), datagram...))
			}
			b.StartTimer()
			for _, datagram := range datagrams {
				link.deliver(datagram)
			}
			b.StopTimer()
			for _, datagram := range link.sent {
				if err := peer.HandleDatagram(epochZero, datagram); err != nil {
					b.Fatal(err)
				}
			}
			link.sent = link.sent[:0]
			b.StartTimer()
		}
		b.StopTimer()
		if !connected {
			b.Fatal("the server is not connected")
		}
		_ = t.Close()
		b.StartTimer()
	}
}
