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
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// echo returns to each client what it sends, until the listener is closed.
func echo(listener *dtlstransport.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

// A server on bare UDP that knows its clients by their fingerprints.
func ExampleListen() {
	clientConfig, serverConfig := peers()
	known := serverConfig.RemoteFingerprints // of all clients
	listener, err := dtlstransport.Listen("udp", "127.0.0.1:0", &dtlstransport.ListenConfig{
		Config: &dtlstransport.Config{
			Certificates: serverConfig.Certificates,
			VerifyPeer:   func(chain [][]byte) error { return known.Verify(chain[0]) },
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()

	go func() { // a client
		conn, err := dtlstransport.Dial(context.Background(), "udp", listener.Addr().String(), clientConfig)
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		conn.Write([]byte("hello"))
		conn.Read(make([]byte, 1500)) // until the server closes
	}()

	conn, err := listener.Accept() // complete and verified
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 1500)
	n, err := conn.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf[:n])
	// Output: hello
}

// A client of such a server.
func ExampleDial() {
	config, serverConfig := peers() // the client's has its certificate, and the server's fingerprint
	listener, err := dtlstransport.Listen("udp", "127.0.0.1:0", &dtlstransport.ListenConfig{Config: serverConfig})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go echo(listener)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := dtlstransport.Dial(ctx, "udp", listener.Addr().String(), config)
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
	// Output: hello
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
