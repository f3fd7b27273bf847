package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// Limits of what a peer can make us do over data channels.
const (
	maxChannels      = 1024    // channels at a time; a further one is closed at once
	maxSourceBytes   = 1 << 32 // that one request to a source may ask for
	maxSourceMessage = maxMessageSize
)

// Channels serves the data channels of one association by their labels; doc.go lists them.
type Channels struct {
	association *sctpdc.Association
	onOpen      func() // called for each channel when it is open
	wg          sync.WaitGroup

	open                    atomic.Int64 // now
	messagesIn, messagesOut atomic.Uint64
	bytesIn, bytesOut       atomic.Uint64
}

// Serve accepts channels until the association ends or ctx is done, and returns when the last of them is served.
func (c *Channels) Serve(ctx context.Context) {
	defer c.wg.Wait()
	for {
		ch, err := c.association.Accept(ctx)
		if err != nil {
			return
		}
		c.onOpen()
		c.start(ctx, ch, false)
	}
}

// Open opens a channel of ours, which echoes whatever its label. options may be nil.
func (c *Channels) Open(ctx context.Context, label string, options *sctpdc.ChannelOptions) error {
	ch, err := c.association.Open(ctx, label, options)
	if err != nil {
		return err
	}
	c.onOpen()
	c.start(ctx, ch, true)
	return nil
}

// start serves the channel on a goroutine of its own; plain is a channel that echoes whatever its label.
func (c *Channels) start(ctx context.Context, ch *sctpdc.Channel, plain bool) {
	if c.open.Add(1) > maxChannels {
		c.open.Add(-1)
		ch.Close()
		return
	}
	c.wg.Go(func() {
		defer c.open.Add(-1)
		defer ch.Close()
		if plain {
			c.echo(ctx, ch)
			return
		}
		c.serve(ctx, ch)
	})
}

// serve does what the label asks for, until the channel is closed.
func (c *Channels) serve(ctx context.Context, ch *sctpdc.Channel) {
	label := ch.Label()
	switch {
	case label == "sink":
		c.sink(ctx, ch)
	case label == "source":
		c.source(ctx, ch)
	case label == "close-me":
		c.receive(ctx, ch) // the first message; then the channel is closed
	case strings.HasPrefix(label, "mirror:"):
		if c.Open(ctx, strings.TrimPrefix(label, "mirror:"), mirrored(ch)) == nil {
			c.echo(ctx, ch)
		}
	default:
		c.echo(ctx, ch)
	}
}

// mirrored returns the options of a channel like ch.
func mirrored(ch *sctpdc.Channel) *sctpdc.ChannelOptions {
	o := ch.Options()
	o.Negotiated, o.ID = false, nil
	return &o
}

// echo sends each message back, of the same kind; empty ones too.
func (c *Channels) echo(ctx context.Context, ch *sctpdc.Channel) {
	for {
		m, err := c.receive(ctx, ch)
		if err != nil || c.send(ctx, ch, m) != nil {
			return
		}
	}
}

// sink counts messages and bytes, and tells the counts when asked with "end", which is not counted.
func (c *Channels) sink(ctx context.Context, ch *sctpdc.Channel) {
	var messages, bytes uint64
	for {
		m, err := c.receive(ctx, ch)
		if err != nil {
			return
		}
		if m.Kind != sctpdc.Text || string(m.Data) != "end" {
			messages++
			bytes += uint64(len(m.Data))
			continue
		}
		if c.text(ctx, ch, fmt.Sprintf("%d %d", messages, bytes)) != nil {
			return
		}
	}
}

// source sends messages on request: "N SIZE". A request out of bounds is answered with a text that says so.
func (c *Channels) source(ctx context.Context, ch *sctpdc.Channel) {
	for {
		m, err := c.receive(ctx, ch)
		if err != nil {
			return
		}
		var n, size uint64
		if _, err := fmt.Sscanf(string(m.Data), "%d %d", &n, &size); err != nil ||
			n > 1<<32 || size > maxSourceMessage || n*max(size, 1) > maxSourceBytes {
			if c.text(ctx, ch, fmt.Sprintf(`want "N SIZE", SIZE up to %d, N*SIZE up to %d`, maxSourceMessage, uint64(maxSourceBytes))) != nil {
				return
			}
			continue
		}
		data := make([]byte, size)
		for i := range n {
			var number [4]byte
			binary.BigEndian.PutUint32(number[:], uint32(i))
			copy(data, number[:]) // of a message of less than 4 bytes, the first SIZE of them
			if c.send(ctx, ch, sctpdc.Message{Kind: sctpdc.Binary, Data: data}) != nil {
				return
			}
		}
	}
}

func (c *Channels) receive(ctx context.Context, ch *sctpdc.Channel) (sctpdc.Message, error) {
	m, err := ch.Receive(ctx)
	if err == nil {
		c.messagesIn.Add(1)
		c.bytesIn.Add(uint64(len(m.Data)))
	}
	return m, err
}

func (c *Channels) send(ctx context.Context, ch *sctpdc.Channel, m sctpdc.Message) error {
	err := ch.Send(ctx, m)
	if err == nil {
		c.messagesOut.Add(1)
		c.bytesOut.Add(uint64(len(m.Data)))
	}
	return err
}

func (c *Channels) text(ctx context.Context, ch *sctpdc.Channel, s string) error {
	return c.send(ctx, ch, sctpdc.Message{Kind: sctpdc.Text, Data: []byte(s)})
}
