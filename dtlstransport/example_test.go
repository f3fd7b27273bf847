package dtlstransport_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// peers returns two certificates and the configurations that come from
// exchanging their fingerprints, as signalling does.
func peers() (client, server *dtlstransport.Config) {
	var certificates [2]*fingerprint.Certificate
	for i := range certificates {
		var err error
		if certificates[i], err = fingerprint.Generate(fingerprint.ECDSAP256); err != nil {
			log.Fatal(err)
		}
	}
	config := func(own, peer *fingerprint.Certificate) *dtlstransport.Config {
		return &dtlstransport.Config{
			Certificates:       []*fingerprint.Certificate{own},
			RemoteFingerprints: fingerprint.Set{peer.Fingerprint()},
			NewProtector:       pionsrtp.New,
		}
	}
	return config(certificates[0], certificates[1]), config(certificates[1], certificates[0])
}

// A Transport over a link; with ICE, the link is pionice.Link.
func ExampleNewTransport() {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{Delay: time.Millisecond})

	server, err := dtlstransport.NewTransport(serverLink, dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.OnRTP(func(packet []byte) { fmt.Printf("RTP packet with payload %q\n", packet[12:]) })
	go server.Handshake(context.Background())

	client, err := dtlstransport.NewTransport(clientLink, dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.Handshake(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.ConnectionState().SRTPProfile)

	if _, err := client.WriteRTP([]byte("\x80\x6f\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04hello")); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Conn().Write([]byte("an SCTP packet, usually")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := server.Conn().Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("data %q\n", buf[:n])
	// Output:
	// SRTP_AEAD_AES_128_GCM
	// RTP packet with payload "hello"
	// data "an SCTP packet, usually"
}

// An Engine has no I/O: here its datagrams are handed over by hand, and time
// stands still.
func ExampleEngine() {
	clientConfig, serverConfig := peers()
	client, err := dtlstransport.NewEngine(dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	server, err := dtlstransport.NewEngine(dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Unix(0, 0)
	if err := client.Start(now); err != nil {
		log.Fatal(err)
	}
	for !server.ConnectionState().Connected || !client.ConnectionState().Connected {
		for _, way := range []struct {
			name     string
			from, to *dtlstransport.Engine
		}{{"client", client, server}, {"server", server, client}} {
			for {
				datagram, ok := way.from.AppendDatagram(nil)
				if !ok {
					break
				}
				fmt.Println("datagram from", way.name)
				if err := way.to.HandleDatagram(now, datagram); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
	state := client.ConnectionState()
	fmt.Println(state.CipherSuite, state.Group, state.RoundTrips, "round trips")
	// Output:
	// datagram from client
	// datagram from server
	// datagram from client
	// datagram from server
	// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519 2 round trips
}
