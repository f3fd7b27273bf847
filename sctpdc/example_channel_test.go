package sctpdc_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// associations returns two associations over a simulated link.
func associations() (client, server *sctpdc.Association) {
	a, b := netsim.Pipe(netsim.Config{})
	client, err := sctpdc.New(a, &sctpdc.Config{Role: keying.RoleClient})
	if err != nil {
		log.Fatal(err)
	}
	if server, err = sctpdc.New(b, &sctpdc.Config{Role: keying.RoleServer}); err != nil {
		log.Fatal(err)
	}
	return client, server
}

// Positions in a game are of no use when they are late: nothing waits for those that
// were lost.
func ExampleChannelOptions() {
	client, server := associations()
	defer client.Close()
	defer server.Close()
	lifetime := 100 * time.Millisecond
	_, err := client.Open(context.Background(), "positions", &sctpdc.ChannelOptions{Unordered: true, MaxLifetime: &lifetime, Protocol: "game/1"})
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := server.Accept(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	options := accepted.Options()
	fmt.Println(accepted.Label(), options.Protocol, options.Unordered, *options.MaxLifetime)
	// Output: positions game/1 true 100ms
}

// A channel on whose number both sides have agreed: nothing is sent to open it.
func ExampleChannelOptions_negotiated() {
	client, server := associations()
	defer client.Close()
	defer server.Close()
	id := uint16(7)
	ctx := context.Background()
	var channels [2]*sctpdc.Channel
	for i, a := range []*sctpdc.Association{client, server} {
		var err error
		if channels[i], err = a.Open(ctx, "control", &sctpdc.ChannelOptions{Negotiated: true, ID: &id}); err != nil {
			log.Fatal(err)
		}
	}
	if err := channels[0].SendText(ctx, "go"); err != nil {
		log.Fatal(err)
	}
	m, err := channels[1].Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(channels[1].ID(), string(m.Data))
	// Output: 7 go
}

// A channel as a net.Conn, for what knows nothing of messages.
func ExampleChannel_Stream() {
	client, server := associations()
	defer client.Close()
	defer server.Close()
	channel, err := client.Open(context.Background(), "file", nil)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		defer channel.Close()
		if _, err := io.Copy(channel.Stream(), bytes.NewReader(make([]byte, 1<<20))); err != nil {
			log.Print(err)
		}
	}()
	accepted, err := server.Accept(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, accepted.Stream())
	fmt.Println(n, err)
	// Output: 1048576 <nil>
}

// A sender that must not wait tries, and goes on when there is room again.
func ExampleChannel_OnLow() {
	client, server := associations()
	defer client.Close()
	defer server.Close()
	channel, err := client.Open(context.Background(), "bulk", nil)
	if err != nil {
		log.Fatal(err)
	}
	low := make(chan struct{}, 1)
	channel.OnLow(0, func() {
		select {
		case low <- struct{}{}:
		default:
		}
	})
	if err := channel.TrySend(sctpdc.Message{Kind: sctpdc.Binary, Data: make([]byte, 60_000)}); err != nil {
		log.Fatal(err)
	}
	<-low
	fmt.Println(channel.Queued(), "bytes wait")
	// Output: 0 bytes wait
}

// Two associations that have exchanged tokens with offer and answer need no handshake of
// their own.
func ExampleNewToken() {
	client, server := &sctpdc.Config{Role: keying.RoleClient}, &sctpdc.Config{Role: keying.RoleServer}
	for _, config := range []*sctpdc.Config{client, server} {
		var err error
		if config.Token, err = sctpdc.NewToken(config); err != nil {
			log.Fatal(err)
		}
	}
	// a=sctp-init:... in the offer, and in the answer
	var err error
	if client.PeerToken, err = sctpdc.ParseToken(server.Token.Attribute()); err != nil {
		log.Fatal(err)
	}
	if server.PeerToken, err = sctpdc.ParseToken(client.Token.Attribute()); err != nil {
		log.Fatal(err)
	}

	a, b := netsim.Pipe(netsim.Config{})
	first, err := sctpdc.New(a, client)
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
	second, err := sctpdc.New(b, server)
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()
	if err := first.Handshake(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Stats().RoundTrips, "round trips")
	// Output: 0 round trips
}
