package dtlstransport_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// transports returns both ends of a connected transport.
func transports() (client, server *dtlstransport.Transport) {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{})
	server, err := dtlstransport.NewTransport(serverLink, dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	go server.Handshake(context.Background())
	if client, err = dtlstransport.NewTransport(clientLink, dtlstransport.RoleClient, clientConfig); err != nil {
		log.Fatal(err)
	}
	for _, end := range []*dtlstransport.Transport{client, server} {
		if err := end.Handshake(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	return client, server
}

// A server sends what one peer says to all others. Each has numbered its payload types
// as it likes.
func ExampleForward() {
	speaker, fromSpeaker := transports()
	defer speaker.Close()
	defer fromSpeaker.Close()
	payloadTypes := []byte{96, 111}
	var listeners, toListeners []*dtlstransport.Transport
	for range payloadTypes {
		listener, to := transports()
		defer listener.Close()
		defer to.Close()
		listeners, toListeners = append(listeners, listener), append(toListeners, to)
	}
	fromSpeaker.OnRTP(func(packet []byte) {
		dtlstransport.Forward(packet, toListeners, func(i int, packet []byte) {
			packet[1] = packet[1]&0x80 | payloadTypes[i]
		})
	})

	if _, err := speaker.WriteRTP([]byte("\x80\x60\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04hello")); err != nil {
		log.Fatal(err)
	}
	for _, listener := range listeners {
		packet := make([]byte, 1500)
		n, err := listener.ReadRTP(packet)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("payload type %d: %s\n", packet[1]&0x7f, packet[12:n])
	}
	// Output:
	// payload type 96: hello
	// payload type 111: hello
}

// A server that keeps no goroutine for each peer is told of what becomes of it.
func ExampleTransport_Start() {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{})
	server, err := dtlstransport.NewTransport(serverLink, dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	done := make(chan struct{})
	server.Start(func() {
		fmt.Println("connected")
	}, func(err error) {
		fmt.Println("ended:", err)
		close(done)
	})

	client, err := dtlstransport.NewTransport(clientLink, dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Handshake(context.Background()); err != nil {
		log.Fatal(err)
	}
	client.Close()
	<-done
	// Output:
	// connected
	// ended: EOF
}
