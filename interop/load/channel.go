package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// pingEvery is how often a client says something on its data channel.
const pingEvery = time.Second

// echoLabel is that of the data channel on which servers give back what comes.
const echoLabel = "echo"

// pingSize is what it says, in bytes.
const pingSize = 64

// open opens a data channel and waits for the first echo on it.
func (c *client) open(ctx context.Context) error {
	began := time.Now()
	association, err := sctpdc.New(c.transport.Conn(), &sctpdc.Config{Role: c.transport.Role()})
	if err != nil {
		return err
	}
	if c.channel, err = association.Open(ctx, echoLabel, nil); err != nil {
		return err
	}
	if err := c.echo(ctx); err != nil {
		return err
	}
	c.opening = time.Since(began)
	return nil
}

// echo sends a message and waits until it comes back.
func (c *client) echo(ctx context.Context) error {
	if err := c.channel.SendBinary(ctx, make([]byte, pingSize)); err != nil {
		return err
	}
	m, err := c.channel.Receive(ctx)
	if err != nil {
		return err
	}
	if len(m.Data) != pingSize {
		return fmt.Errorf("the echo of %d bytes has %d", pingSize, len(m.Data))
	}
	c.echoes.Add(1)
	return nil
}

// ping goes on with that until ctx ends.
func (c *client) ping(ctx context.Context) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for c.echo(ctx) == nil {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// answer is the server's side: what comes on a peer's first data channel goes back.
func answer(ctx context.Context, t *dtlstransport.Transport) {
	association, err := sctpdc.New(t.Conn(), &sctpdc.Config{Role: t.Role()})
	if err != nil {
		return
	}
	defer association.Close()
	channel, err := association.Accept(ctx)
	if err != nil {
		return
	}
	for {
		m, err := channel.Receive(ctx)
		if err == nil {
			err = channel.Send(ctx, m)
		}
		if err != nil {
			return
		}
	}
}
