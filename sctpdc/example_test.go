package sctpdc_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// Two associations over a simulated link; in WebRTC, the connections are those of DTLS.
func Example() {
	ctx := context.Background()
	a, b := netsim.Pipe(netsim.Config{})
	client, err := sctpdc.New(a, &sctpdc.Config{Role: keying.RoleClient})
	if err != nil {
		log.Fatal(err)
	}
	server, err := sctpdc.New(b, &sctpdc.Config{Role: keying.RoleServer})
	if err != nil {
		log.Fatal(err)
	}

	channel, err := client.Open(ctx, "greetings", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := channel.SendText(ctx, "hello"); err != nil {
		log.Fatal(err)
	}

	accepted, err := server.Accept(ctx)
	if err != nil {
		log.Fatal(err)
	}
	m, err := accepted.Receive(ctx)
	fmt.Println(accepted.Label(), m.Kind, string(m.Data), err)

	// Shutdown returns when the server has everything.
	if err := client.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := accepted.Receive(ctx); err == io.EOF {
		fmt.Println("end")
	}
	// Output:
	// greetings text hello <nil>
	// end
}
