package dtlstransport_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// Whether the peer is there, and how large a datagram may be on the way to it.
func ExampleConn_Probe() {
	clientConfig, serverConfig := peers()
	clientConfig.Heartbeat = dtlstransport.HeartbeatRefuse // asks, and wants not to be asked
	serverConfig.Heartbeat = dtlstransport.HeartbeatAnswer
	clientLink, serverLink := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
	client, err := dtlstransport.Client(clientLink, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	server, err := dtlstransport.Server(serverLink, serverConfig)
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

	switch _, err := client.Probe(ctx, 1400); {
	case err == nil:
		fmt.Println("datagrams of 1400 bytes get through")
	case errors.Is(err, dtlstransport.ErrProbeLost), errors.Is(err, dtlstransport.ErrTooLarge):
		fmt.Println("too large, or nobody there")
	default:
		log.Fatal(err)
	}
	// Output: datagrams of 1400 bytes get through
}
