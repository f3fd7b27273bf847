package wire

import (
	"crypto/rand"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// A HeartbeatMode says whether who sends it wants to be sent HeartbeatRequests.
//
//	enum {
//	    peer_allowed_to_send(1),
//	    peer_not_allowed_to_send(2),
//	    (255)
//	} HeartbeatMode;                                      // RFC 6520, Section 2
type HeartbeatMode uint8

// The modes; zero means that the extension is absent.
const (
	HeartbeatAllowed    HeartbeatMode = 1
	HeartbeatNotAllowed HeartbeatMode = 2
)

// readHeartbeat reads heartbeat: "Upon reception of an unknown mode, an error Alert message using illegal_parameter as its
// AlertDescription MUST be sent in response." RFC 6520, Section 2.
func (e *Extensions) readHeartbeat(data cryptobyte.String) error {
	var mode uint8
	if !data.ReadUint8(&mode) || !data.Empty() {
		return decodeError("heartbeat")
	}
	if e.Heartbeat = HeartbeatMode(mode); e.Heartbeat != HeartbeatAllowed && e.Heartbeat != HeartbeatNotAllowed {
		return illegalParameter("heartbeat of unknown mode")
	}
	return nil
}

func (e *Extensions) appendHeartbeat(b []byte) []byte {
	if e.Heartbeat == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionHeartbeat)
	return endVector(append(b, byte(e.Heartbeat)), at, 2)
}

// The types of heartbeat messages (RFC 6520, Section 3).
const (
	HeartbeatRequest  uint8 = 1
	HeartbeatResponse uint8 = 2
)

const (
	heartbeatHeader = 3 // type 1, payload_length 2

	// minHeartbeatPadding is in bytes: "The padding_length MUST be at least 16." RFC 6520, Section 4.
	minHeartbeatPadding = 16
)

// HeartbeatLen returns the size of the smallest message with a payload of n bytes.
func HeartbeatLen(n int) int { return heartbeatHeader + n + minHeartbeatPadding }

// ParseHeartbeat reads a heartbeat message, whose record holds nothing else. payload aliases b. Whatever payload_length
// says, no more is returned than there is: "If the payload_length of a received HeartbeatMessage is too large, the received
// HeartbeatMessage MUST be discarded silently." RFC 6520, Section 4.
//
//	struct {
//	    HeartbeatMessageType type;
//	    uint16 payload_length;
//	    opaque payload[HeartbeatMessage.payload_length];
//	    opaque padding[padding_length];
//	} HeartbeatMessage;                                   // RFC 6520, Section 4
func ParseHeartbeat(b []byte) (typ uint8, payload []byte, ok bool) {
	if len(b) < HeartbeatLen(0) {
		return 0, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[1:]))
	if HeartbeatLen(n) > len(b) {
		return 0, nil, false
	}
	return b[0], b[heartbeatHeader : heartbeatHeader+n : heartbeatHeader+n], true
}

// AppendHeartbeat appends a message of size bytes, at least HeartbeatLen(len(payload)): "The sender of a HeartbeatMessage
// MUST use a random padding of at least 16 bytes." RFC 6520, Section 4.
func AppendHeartbeat(b []byte, typ uint8, payload []byte, size int) []byte {
	start := len(b)
	b = append(b, typ, byte(len(payload)>>8), byte(len(payload)))
	b = append(b, payload...)
	padding := make([]byte, max(size-(len(b)-start), minHeartbeatPadding))
	rand.Read(padding)
	return append(b, padding...)
}
