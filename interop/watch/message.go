package watch

import "fmt"

// The types of records (RFC 6347, Section 4.1).
const (
	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordData             = 23
	recordHeartbeat        = 24
	recordCID              = 25 // RFC 9146
)

// The types of handshake messages (RFC 5246, Section 7.4).
const (
	helloRequest       = 0
	clientHello        = 1
	serverHello        = 2
	helloVerifyRequest = 3
	newSessionTicket   = 4
	certificate        = 11
	serverKeyExchange  = 12
	certificateRequest = 13
	serverHelloDone    = 14
	certificateVerify  = 15
	clientKeyExchange  = 16
	finished           = 20
)

var recordNames = map[byte]string{
	recordChangeCipherSpec: "ChangeCipherSpec", recordAlert: "Alert", recordHandshake: "Handshake",
	recordData: "Data", recordHeartbeat: "Heartbeat", recordCID: "Record with connection id",
}

var messageNames = map[byte]string{
	helloRequest: "HelloRequest", clientHello: "ClientHello", serverHello: "ServerHello", helloVerifyRequest: "HelloVerifyRequest",
	newSessionTicket: "NewSessionTicket", certificate: "Certificate", serverKeyExchange: "ServerKeyExchange",
	certificateRequest: "CertificateRequest", serverHelloDone: "ServerHelloDone", certificateVerify: "CertificateVerify",
	clientKeyExchange: "ClientKeyExchange", finished: "Finished",
}

var alertNames = map[byte]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
	46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
	51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}

func name(names map[byte]string, number byte) string {
	if s, ok := names[number]; ok {
		return s
	}
	return fmt.Sprintf("%d", number)
}

// A Record is one record of a datagram.
type Record struct {
	Type      string     `json:"type"`
	Epoch     int        `json:"epoch"`
	Number    uint64     `json:"number"`              // in its epoch
	Size      int        `json:"size"`                // bytes, header included
	Fragments []Fragment `json:"fragments,omitempty"` // of a handshake record in the clear
	Alert     string     `json:"alert,omitempty"`     // of an alert in the clear
	Inside    []string   `json:"inside,omitempty"`    // of a sealed one: messages and alerts, as our end says
}

// A Fragment is a piece of a handshake message, or all of it.
type Fragment struct {
	Message string `json:"message"`
	Seq     int    `json:"seq"`
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Total   int    `json:"total"`
	Again   bool   `json:"again,omitempty"` // this side has sent these bytes before
}

// A header is what precedes each fragment (RFC 6347, Section 4.2.2).
type header struct {
	kind                  byte
	seq                   int
	total, offset, length int
}

const (
	recordHeader    = 13
	handshakeHeader = 12
)

// parseHeader reads the header of a fragment and returns its bytes and what follows them.
func parseHeader(b []byte) (h header, fragment, rest []byte, ok bool) {
	if len(b) < handshakeHeader {
		return h, nil, nil, false
	}
	h = header{kind: b[0], total: int24(b[1:]), seq: int(b[4])<<8 | int(b[5]), offset: int24(b[6:]), length: int24(b[9:])}
	b = b[handshakeHeader:]
	if h.length > len(b) || h.offset+h.length > h.total {
		return h, nil, nil, false
	}
	return h, b[:h.length], b[h.length:], true
}

func int24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
