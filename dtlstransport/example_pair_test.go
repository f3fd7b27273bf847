package dtlstransport_test

import (
	"context"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// The examples need two ends: connect and shakeHands make them.

// connect returns the two ends of an association over a link in memory, one of whose
// handshakes goes on in the background.
func connect(clientConfig, serverConfig *dtlstransport.Config) (client, server *dtlstransport.Conn) {
	clientLink, serverLink := netsim.Pipe(netsim.Config{})
	server, err := dtlstransport.Server(serverLink, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	go server.Handshake(context.Background())
	if client, err = dtlstransport.Client(clientLink, clientConfig); err != nil {
		log.Fatal(err)
	}
	return client, server
}

// mustHandshake waits until both ends are connected.
func mustHandshake(ends ...*dtlstransport.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, c := range ends {
		if err := c.Handshake(ctx); err != nil {
			log.Fatal(err)
		}
	}
}

// shakeHands returns two engines that have handed each other their datagrams at one
// moment, until neither has more to say.
func shakeHands(clientConfig, serverConfig *dtlstransport.Config) (client, server *dtlstransport.Engine) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	client, err := dtlstransport.NewEngine(dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	if server, err = dtlstransport.NewEngine(dtlstransport.RoleServer, serverConfig); err != nil {
		log.Fatal(err)
	}
	if err := client.Start(now); err != nil {
		log.Fatal(err)
	}
	for sent := true; sent; {
		sent = false
		for _, way := range []struct{ from, to *dtlstransport.Engine }{{client, server}, {server, client}} {
			for b, ok := way.from.AppendDatagram(nil); ok; b, ok = way.from.AppendDatagram(nil) {
				sent = true
				_ = way.to.HandleDatagram(now, b) // an error is the association's: Err has it
				for way.to.NextEvent().Kind != dtlstransport.NoEvent {
				}
			}
		}
	}
	return client, server
}
