package wire

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// The extensions that are named in this package.
const (
	ExtensionServerName           uint16 = 0      // RFC 6066
	ExtensionStatusRequest        uint16 = 5      // RFC 6066, Section 8
	ExtensionSupportedGroups      uint16 = 10     // RFC 8422, Section 5.1.1
	ExtensionPointFormats         uint16 = 11     // RFC 8422, Section 5.1.2
	ExtensionSignatureAlgorithms  uint16 = 13     // RFC 5246, Section 7.4.1.4.1
	ExtensionUseSRTP              uint16 = 14     // RFC 5764, Section 4.1.1
	ExtensionHeartbeat            uint16 = 15     // RFC 6520, Section 2
	ExtensionALPN                 uint16 = 16     // RFC 7301, Section 3.1
	ExtensionClientCertType       uint16 = 19     // RFC 7250, Section 3
	ExtensionServerCertType       uint16 = 20     // RFC 7250, Section 3
	ExtensionEncryptThenMAC       uint16 = 22     // RFC 7366, Section 2
	ExtensionExtendedMasterSecret uint16 = 23     // RFC 7627, Section 5.1
	ExtensionSessionTicket        uint16 = 35     // RFC 5077, Section 3.2
	ExtensionSupportedVersions    uint16 = 43     // RFC 8446, Section 4.2.1
	ExtensionConnectionID         uint16 = 54     // RFC 9146, Section 3
	ExtensionCertAuthorities      uint16 = 47     // RFC 8446, Section 4.2.4
	ExtensionQUICParameters       uint16 = 57     // RFC 9001, Section 8.2
	ExtensionRenegotiationInfo    uint16 = 0xff01 // RFC 5746, Section 3.2
)

// Extensions is the last part of both hellos.
//
//	struct {
//	    ExtensionType extension_type;
//	    opaque extension_data<0..2^16-1>;
//	} Extension;                                          // RFC 5246, Section 7.4.1.4
//
// The zero value stands for no extensions. The block itself may be absent from a hello or empty; nothing depends on which.
type Extensions struct {
	// Types has the type of every extension that was parsed, in its order on the wire, unknown ones and GREASE included: a
	// client finds here what it did not offer. Append does not read it.
	Types []uint16
	// Order has the types in the order in which Append writes those that are present; others come behind them. Nil is an
	// order of our own.
	Order []uint16

	HasServerName bool
	ServerName    string // the host_name of a client; empty in a ServerHello

	HasStatusRequest bool // for OCSP

	SupportedVersions []uint16 // absent: nil. Read from a ClientHello only

	ClientCertTypes []uint8 // absent: nil. Read from a ClientHello only
	ServerCertTypes []uint8 // absent: nil. Read from a ClientHello only

	Authorities [][]byte // certificate_authorities, DER of distinguished names; absent: nil. Read from a ClientHello only

	SupportedGroups      []uint16 // absent: nil. Read from a ClientHello only
	PointFormats         []byte   // absent: nil
	SignatureAlgorithms  []uint16 // absent: nil. Read from a ClientHello only
	UseSRTP              *UseSRTP // absent: nil
	ALPN                 []string // absent: nil. One name in a ServerHello
	ExtendedMasterSecret bool
	EncryptThenMAC       bool

	HasSessionTicket bool
	SessionTicket    []byte // may be empty; always is in a ServerHello

	HasConnectionID bool
	ConnectionID    []byte // at most 255 bytes; may be empty

	Heartbeat HeartbeatMode // absent: 0

	room numberRoom // of the lists, while they are read

	HasRenegotiationInfo bool
	RenegotiationInfo    []byte // renegotiated_connection; anything but empty is wrong in a first handshake (RFC 5746, Section 3)
}

// readBlock reads the extensions of a hello, of which s is the remainder. The hello says what may stand where.
func (e *Extensions) readBlock(s *cryptobyte.String, hello HandshakeType) error {
	if s.Empty() {
		return nil
	}
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) || !s.Empty() {
		return decodeError(hello.String() + ": extensions")
	}
	if block.Empty() {
		return nil
	}
	// One bit for each type: 8 KiB of stack, so that a hello of many extensions does not take quadratic time.
	var seen [1 << 16 / 64]uint64
	e.Types = e.room.list(min(len(block)/4, 16))[:0] // Firefox sends 11
	for !block.Empty() {
		var extension uint16
		var data cryptobyte.String
		if !block.ReadUint16(&extension) || !block.ReadUint16LengthPrefixed(&data) {
			return decodeError(hello.String() + ": extensions")
		}
		word, bit := extension/64, uint64(1)<<(extension%64)
		if seen[word]&bit != 0 {
			return fmt.Errorf("%w: %v: type %d", ErrDuplicateExtension, hello, extension)
		}
		seen[word] |= bit
		e.Types = append(e.Types, extension)
		if err := e.read(extension, data, hello); err != nil {
			return fmt.Errorf("%w in %v", err, hello)
		}
	}
	return nil
}

// read reads the extension_data of one extension. Those we do not know are left alone.
func (e *Extensions) read(extension uint16, data cryptobyte.String, hello HandshakeType) error {
	switch extension {
	case ExtensionServerName:
		return e.readServerName(data, hello)
	case ExtensionStatusRequest:
		return e.readStatusRequest(data, hello)
	case ExtensionSupportedVersions:
		return e.readSupportedVersions(data, hello)
	case ExtensionClientCertType:
		return readCertificateTypes(data, hello, &e.ClientCertTypes)
	case ExtensionServerCertType:
		return readCertificateTypes(data, hello, &e.ServerCertTypes)
	case ExtensionCertAuthorities:
		return e.readAuthorities(data, hello)
	case ExtensionSupportedGroups:
		return e.readSupportedGroups(data, hello)
	case ExtensionPointFormats:
		return e.readPointFormats(data)
	case ExtensionSignatureAlgorithms:
		return e.readSignatureAlgorithms(data, hello)
	case ExtensionUseSRTP:
		return e.readUseSRTP(data, hello)
	case ExtensionALPN:
		return e.readALPN(data, hello)
	case ExtensionEncryptThenMAC:
		return e.readEncryptThenMAC(data)
	case ExtensionExtendedMasterSecret:
		return e.readExtendedMasterSecret(data)
	case ExtensionSessionTicket:
		return e.readSessionTicket(data, hello)
	case ExtensionHeartbeat:
		return e.readHeartbeat(data)
	case ExtensionConnectionID:
		return e.readConnectionID(data)
	case ExtensionRenegotiationInfo:
		return e.readRenegotiationInfo(data)
	}
	return nil
}

// appendBlock appends the extensions that are present, and no block at all if there are none.
func (e *Extensions) appendBlock(b []byte, hello HandshakeType) []byte {
	b, at := beginVector(b, 2)
	b = e.appendServerName(b)
	b = e.appendRenegotiationInfo(b)
	b = e.appendExtendedMasterSecret(b)
	b = e.appendEncryptThenMAC(b)
	b = e.appendSupportedGroups(b)
	b = e.appendPointFormats(b)
	b = e.appendSignatureAlgorithms(b)
	b = e.appendUseSRTP(b)
	b = e.appendALPN(b)
	b = e.appendSessionTicket(b)
	b = e.appendConnectionID(b)
	b = e.appendHeartbeat(b)
	b = e.appendStatusRequest(b, hello)
	b = e.appendSupportedVersions(b)
	b = appendCertificateTypes(b, ExtensionClientCertType, e.ClientCertTypes)
	b = appendCertificateTypes(b, ExtensionServerCertType, e.ServerCertTypes)
	b = e.appendAuthorities(b)
	if len(b) == at {
		return b[:at-2]
	}
	if e.Order != nil {
		reorder(b[at:], e.Order)
	}
	return endVector(b, at, 2)
}

// beginExtension appends the type of an extension and leaves room for the length of its data; endVector(b, at, 2) ends it.
func beginExtension(b []byte, extension uint16) (_ []byte, at int) {
	return beginVector(appendUint16(b, extension), 2)
}
