package dtlstransport_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// natPipe is a UDP socket in memory with one peer, whose address a NAT may change
// at any time.
type natPipe struct {
	packetPipe
	mapped *atomic.Pointer[net.UDPAddr]
}

func (p natPipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.Read(b)
	return n, p.mapped.Load(), err
}

// A client whose address changes in the middle of things, known by its
// connection ID. MayMove should be sure of the new address; here it is.
func ExampleListenConfig_connectionID() {
	clientConfig, serverConfig := peers()
	clientConfig.ConnectionID = []byte{} // puts the server's on its records, wants none
	clientLink, link := netsim.Pipe(netsim.Config{})
	socket := natPipe{packetPipe{Conn: link, local: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4433}}, new(atomic.Pointer[net.UDPAddr])}
	socket.mapped.Store(&net.UDPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 5000})
	listener, err := dtlstransport.NewListener(socket, &dtlstransport.ListenConfig{
		Config:             serverConfig,
		ConnectionIDLength: 8,
		MayMove:            func(_ *dtlstransport.Conn, to net.Addr) bool { return to.String() == "203.0.113.9:6000" },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()

	client, err := dtlstransport.Client(clientLink, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	say := func(text string) {
		if _, err := client.Write([]byte(text)); err != nil {
			log.Fatal(err)
		}
	}
	say("before")
	conn, err := listener.AcceptContext(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	hear := func() {
		n, err := conn.Read(buf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf[:n])
	}
	hear()
	socket.mapped.Store(&net.UDPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 6000})
	say("and after")
	hear()
	say("still here") // by now the listener has followed
	hear()
	fmt.Println(conn.RemoteAddr(), listener.Stats().Moved)
	// Output:
	// before
	// and after
	// still here
	// 203.0.113.9:6000 1
}
