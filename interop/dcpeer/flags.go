package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/peer/contract"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// maxGenerated bounds Z<decimal>, in bytes.
const maxGenerated = 16 << 20

// dataFlags are what a command line says beside the flags of the contract.
type dataFlags struct {
	channels []channelSpec
	messages []sctpdc.Message
	idata    bool
	port     uint16 // of both ends; 0: 5000
}

// A channelSpec is one --dc.
type channelSpec struct {
	label   string
	options sctpdc.ChannelOptions
}

func (d *dataFlags) flags() []contract.Flag {
	return []contract.Flag{
		{Name: "dc", Set: d.addChannel},
		{Name: "send", Set: d.addMessage},
		{Name: "idata", Set: func(value string) error {
			switch value {
			case "on", "off":
				d.idata = value == "on"
				return nil
			}
			return &contract.UnsupportedError{What: "--idata " + value}
		}},
		{Name: "sctp-port", Set: func(value string) error {
			port, err := strconv.ParseUint(value, 10, 16)
			if err != nil || port == 0 {
				return fmt.Errorf("%q is not a port", value)
			}
			d.port = uint16(port)
			return nil
		}},
	}
}

// addChannel takes LABEL:ORDERED:PRTYPE:PRVAL[:PROTOCOL].
func (d *dataFlags) addChannel(value string) error {
	parts := strings.SplitN(value, ":", 5)
	if len(parts) < 4 {
		return fmt.Errorf("%q is not LABEL:ORDERED:PRTYPE:PRVAL[:PROTOCOL]", value)
	}
	spec := channelSpec{label: parts[0]}
	o := &spec.options
	switch parts[1] {
	case "0":
		o.Unordered = true
	case "1":
	default:
		return fmt.Errorf("%q is neither 0 nor 1", parts[1])
	}
	reliability, err := strconv.ParseUint(parts[3], 10, 32)
	if err != nil {
		return err
	}
	switch parts[2] {
	case "0":
	case "1":
		if reliability > math.MaxUint16 {
			return &contract.UnsupportedError{What: "--dc with " + parts[3] + " retransmissions"}
		}
		n := uint16(reliability)
		o.MaxRetransmits = &n
	case "2":
		t := time.Duration(reliability) * time.Millisecond
		o.MaxLifetime = &t
	default:
		return fmt.Errorf("%q is not 0, 1 or 2", parts[2])
	}
	if len(parts) == 5 {
		o.Protocol = parts[4]
	}
	d.channels = append(d.channels, spec)
	return nil
}

// check looks at what several flags say together.
func (d *dataFlags) check(o *contract.Options) error {
	switch {
	case o.CloseAfter >= 0 && len(d.channels) > 0, o.WaitClose && len(d.channels) == 0:
		return &contract.UsageError{Err: fmt.Errorf("--close-after is for the side that echoes, --wait-close for the other")}
	case len(d.messages) > 0 && len(d.channels) == 0:
		return &contract.UsageError{Err: fmt.Errorf("--send without --dc")}
	}
	return nil
}

// addMessage takes one --send, in hexadecimal or as it is: T, S and Z are no
// hexadecimal digits, and B alone is half a byte.
func (d *dataFlags) addMessage(value string) error {
	b, err := hex.DecodeString(value)
	if err != nil {
		b = []byte(value)
	}
	if len(b) == 0 {
		return fmt.Errorf("empty")
	}
	m, err := payload(b)
	d.messages = append(d.messages, m)
	return err
}

// payload returns the message for one --send.
func payload(b []byte) (sctpdc.Message, error) {
	switch {
	case bytes.Equal(b, []byte("S")):
		return sctpdc.Message{Kind: sctpdc.Text}, nil
	case bytes.Equal(b, []byte("B")):
		return sctpdc.Message{Kind: sctpdc.Binary}, nil
	case b[0] == 'T':
		return sctpdc.Message{Kind: sctpdc.Text, Data: b}, nil
	case b[0] == 'Z':
		n, err := strconv.ParseUint(string(b[1:]), 10, 31)
		if err != nil || n > maxGenerated {
			return sctpdc.Message{}, &contract.UnsupportedError{What: fmt.Sprintf("--send of %q", b)}
		}
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i*31 + 7)
		}
		return sctpdc.Message{Data: data}, nil
	}
	return sctpdc.Message{Data: b}, nil
}
