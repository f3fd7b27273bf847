package dtlstransport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A server on bare UDP that knows its clients by their fingerprints.
func ExampleListen() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	known, err := fingerprint.ParseSet("sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := dtlstransport.Listen("udp", ":4433", &dtlstransport.ListenConfig{
		Config: &dtlstransport.Config{
			Certificates: []*fingerprint.Certificate{certificate},
			VerifyPeer:   func(chain [][]byte) error { return known.Verify(chain[0]) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	for {
		conn, err := listener.Accept() // complete and verified
		if errors.Is(err, net.ErrClosed) {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

// A client of such a server.
func ExampleDial() {
	config, _ := peers() // its certificate, and the server's fingerprint
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := dtlstransport.Dial(ctx, "udp", "server.example:4433", config)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := conn.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf[:n])
}

// packetPipe is a UDP socket in memory with one peer.
type packetPipe struct {
	net.Conn
	local, peer *net.UDPAddr
}

func (p packetPipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.Read(b)
	return n, p.peer, err
}
func (p packetPipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.Write(b) }
func (p packetPipe) LocalAddr() net.Addr                       { return p.local }

// A Listener on any net.PacketConn; here in memory, with one client.
func ExampleNewListener() {
	clientConfig, serverConfig := peers()
	clientLink, link := netsim.Pipe(netsim.Config{})
	socket := packetPipe{link, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4433}, &net.UDPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 5000}}
	listener, err := dtlstransport.NewListener(socket, &dtlstransport.ListenConfig{Config: serverConfig})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()

	client, err := dtlstransport.Client(clientLink, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("hello")); err != nil {
		log.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := conn.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v says %q after %d cookie\n", conn.RemoteAddr(), buf[:n], listener.Stats().HelloVerifyRequests)
	// Output: 198.51.100.7:5000 says "hello" after 1 cookie
}
