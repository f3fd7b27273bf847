package sctpdc

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Message types of the Data Channel Establishment Protocol. RFC 8832, Section 8.2.1.
const (
	dcepAck  = 0x02
	dcepOpen = 0x03
)

// Channel types. RFC 8832, Section 8.2.2. The high bit means unordered.
const (
	dcepReliable  = 0x00
	dcepRexmit    = 0x01 // at most reliability-parameter retransmissions
	dcepTimed     = 0x02 // at most reliability-parameter milliseconds
	dcepUnordered = 0x80
)

// A dcepOpenMessage is DATA_CHANNEL_OPEN. RFC 8832, Section 5.1.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Message Type |  Channel Type |            Priority           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Reliability Parameter                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Label Length          |       Protocol Length         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                             Label                             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                            Protocol                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type dcepOpenMessage struct {
	channelType uint8
	priority    uint16
	reliability uint32 // retransmissions or milliseconds; "MUST be ignored" for reliable channels, kept for the round trip
	label       string
	protocol    string
}

// parseDCEPOpen parses a whole DATA_CHANNEL_OPEN. The result aliases nothing.
func parseDCEPOpen(b []byte) (dcepOpenMessage, error) {
	var m dcepOpenMessage
	var typ uint8
	var labelLength, protocolLength uint16
	var label, protocol []byte
	s := cryptobyte.String(b)
	if !s.ReadUint8(&typ) || !s.ReadUint8(&m.channelType) || !s.ReadUint16(&m.priority) || !s.ReadUint32(&m.reliability) ||
		!s.ReadUint16(&labelLength) || !s.ReadUint16(&protocolLength) ||
		!s.ReadBytes(&label, int(labelLength)) || !s.ReadBytes(&protocol, int(protocolLength)) || !s.Empty() {
		return m, fmt.Errorf("%w: DATA_CHANNEL_OPEN of %d bytes is malformed", ErrProtocol, len(b))
	}
	if typ != dcepOpen {
		return m, fmt.Errorf("%w: message type %d is not DATA_CHANNEL_OPEN", ErrProtocol, typ)
	}
	if m.channelType&^dcepUnordered > dcepTimed {
		return m, fmt.Errorf("%w: DATA_CHANNEL_OPEN with channel type %#02x", ErrProtocol, m.channelType)
	}
	m.label, m.protocol = string(label), string(protocol)
	return m, nil
}

// append writes the message. Label and protocol must be at most 65535 bytes each; ChannelOptions.check sees to that.
func (m dcepOpenMessage) append(b []byte) []byte {
	b = append(b, dcepOpen, m.channelType)
	b = binary.BigEndian.AppendUint16(b, m.priority)
	b = binary.BigEndian.AppendUint32(b, m.reliability)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.label)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.protocol)))
	b = append(b, m.label...)
	return append(b, m.protocol...)
}

// options returns what the message says about the channel.
func (m dcepOpenMessage) options() ChannelOptions {
	o := ChannelOptions{Protocol: m.protocol, Unordered: m.channelType&dcepUnordered != 0, Priority: m.priority}
	switch m.channelType &^ dcepUnordered {
	case dcepRexmit:
		// W3C's maxRetransmits has 16 bits; more retransmissions than that are as good as reliable anyway.
		n := uint16(min(m.reliability, math.MaxUint16))
		o.MaxRetransmits = &n
	case dcepTimed:
		d := time.Duration(m.reliability) * time.Millisecond
		o.MaxLifetime = &d
	}
	return o
}

// openMessage is the DATA_CHANNEL_OPEN for a channel with the label and options.
func openMessage(label string, o *ChannelOptions) dcepOpenMessage {
	m := dcepOpenMessage{channelType: dcepReliable, priority: o.Priority, label: label, protocol: o.Protocol}
	switch {
	case o.MaxRetransmits != nil:
		m.channelType, m.reliability = dcepRexmit, uint32(*o.MaxRetransmits)
	case o.MaxLifetime != nil:
		m.channelType, m.reliability = dcepTimed, uint32(o.MaxLifetime.Milliseconds())
	}
	if o.Unordered {
		m.channelType |= dcepUnordered
	}
	return m
}
