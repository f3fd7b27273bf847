package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// A note is a text message, JSON. Which fields are there says what it is about.
type note struct {
	ID   string `json:"id,omitempty"` // of the file: the same for the same name, size and time
	Name string `json:"name,omitempty"`
	Size *int64 `json:"size,omitempty"` // bytes

	Offset *int64 `json:"offset,omitempty"` // bytes that the receiver has, from the beginning

	SHA256 string `json:"sha256,omitempty"` // of the whole file, in hexadecimal

	OK    bool   `json:"ok,omitempty"`    // the receiver has the whole file
	Error string `json:"error,omitempty"` // the transfer is given up, and why
}

// A fatalError ends the transfer: another connection would not help.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// sendNote sends a note.
func (c *connection) sendNote(ctx context.Context, n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return fatalError{err}
	}
	return c.channel.Send(ctx, sctpdc.Message{Kind: sctpdc.Text, Data: b})
}

// receiveNote waits for a note; an error in it is ours.
func (c *connection) receiveNote(ctx context.Context) (n note, err error) {
	m, err := c.channel.Receive(ctx)
	if err != nil {
		return n, err
	}
	return readNote(m)
}

func readNote(m sctpdc.Message) (n note, err error) {
	if m.Kind != sctpdc.Text {
		return n, fatalError{fmt.Errorf("the other side sent %d bytes of data out of turn", len(m.Data))}
	}
	if err := json.Unmarshal(m.Data, &n); err != nil {
		return n, fatalError{fmt.Errorf("the other side speaks another language: %w", err)}
	}
	if n.Error != "" {
		return n, fatalError{fmt.Errorf("the other side gave up: %.200q", n.Error)}
	}
	return n, nil
}
