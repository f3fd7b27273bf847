package dtlstransport_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// DTLS over SCTP (RFC 6083): a Conn on stream 0 of an SCTP association of pion/sctp.
// sctpLink is the stream, with a Close after which Read returns.
func ExampleConfig_reliableTransport() {
	associations, streams, err := overSCTP(netsim.Config{Delay: time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range associations {
		defer a.Close()
	}
	clientConfig, serverConfig := peers()
	clientConfig.ReliableTransport, serverConfig.ReliableTransport = true, true
	client, err := dtlstransport.Client(streams[0], clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	server, err := dtlstransport.Server(streams[1], serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go server.Handshake(ctx)
	if err := client.Handshake(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Write(make([]byte, client.MaxPayload())); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1<<14)
	n, err := server.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	secret, err := server.SCTPAuthSecret()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes in one message; %d bytes for SCTP-AUTH, where there is one\n", n, len(secret))
	// Output: 16384 bytes in one message; 64 bytes for SCTP-AUTH, where there is one
}
