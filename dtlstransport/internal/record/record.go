package record

import (
	"encoding/binary"
	"fmt"
)

// A ContentType says what a record carries (RFC 5246, Section 6.2.1).
type ContentType uint8

// The content types of DTLS 1.2.
const (
	TypeChangeCipherSpec ContentType = 20
	TypeAlert            ContentType = 21
	TypeHandshake        ContentType = 22
	TypeApplicationData  ContentType = 23
	TypeHeartbeat        ContentType = 24 // RFC 6520, Section 4
	TypeConnectionID     ContentType = 25 // tls12_cid: the type is in the ciphertext (RFC 9146, Section 4)
)

// String returns the name the RFC gives t.
func (t ContentType) String() string {
	switch t {
	case TypeChangeCipherSpec:
		return "ChangeCipherSpec"
	case TypeAlert:
		return "Alert"
	case TypeHandshake:
		return "Handshake"
	case TypeApplicationData:
		return "ApplicationData"
	case TypeHeartbeat:
		return "Heartbeat"
	case TypeConnectionID:
		return "ConnectionID"
	}
	return fmt.Sprintf("ContentType(%d)", uint8(t))
}

// The version fields of a record (RFC 6347, Section 4.1): one's complement of
// the TLS version, so that a newer version has the smaller number.
const (
	Version10 uint16 = 0xfeff
	Version12 uint16 = 0xfefd
)

const (
	// HeaderLen is the size of a record header in bytes:
	// type 1, version 2, epoch 2, sequence_number 6, length 2.
	HeaderLen = 13

	// MaxPlaintext is the most bytes a record carries before protection
	// (RFC 5246, Section 6.2.1).
	MaxPlaintext = 1 << 14

	// MaxCiphertext is the most bytes that may follow a record header
	// (RFC 5246, Section 6.2.3).
	MaxCiphertext = MaxPlaintext + 2048

	// maxSeq is the largest sequence_number, a 48-bit field.
	maxSeq = 1<<48 - 1
)

// A Number names one record of one direction (RFC 6347, Section 4.1).
type Number struct {
	Epoch uint16
	Seq   uint64 // 48 bits
}

// A Record is one record as it lies in a datagram.
type Record struct {
	Number  Number
	Raw     []byte // header and body; aliases the datagram
	Version uint16
	header  uint16 // bytes of Raw
	Type    ContentType
}

// Body returns what follows the header, still protected if the epoch is. It aliases
// the datagram.
func (r *Record) Body() []byte { return r.Raw[r.header:] }

// CID returns the connection ID of a record of TypeConnectionID, nil if it has none.
// It aliases the datagram.
func (r *Record) CID() []byte {
	if r.header <= HeaderLen {
		return nil
	}
	end := r.header - 2
	return r.Raw[cidOffset:end:end]
}

// Next reads the record at the start of b and returns it with what follows.
// ok is false if b does not begin with a whole record; the rest of the
// datagram is then of no use, for nothing says where another record starts.
//
// Next judges the frame alone: unknown types and versions are the caller's to
// drop, so that the records behind them are still found.
//
//	struct {
//	     ContentType type;
//	     ProtocolVersion version;
//	     uint16 epoch;
//	     uint48 sequence_number;
//	     uint16 length;
//	     opaque fragment[DTLSPlaintext.length];
//	} DTLSPlaintext;
//
// RFC 6347, Section 4.1.
func Next(b []byte) (r Record, rest []byte, ok bool) {
	rest, ok = r.Next(b, 0)
	return r, rest, ok
}

// Next is the function Next for a datagram in which each record of TypeConnectionID
// has a connection ID of cidLen bytes between its sequence_number and its length,
// which the record does not say itself (RFC 9146, Section 4). If it is not ok, r
// stays as it is.
func (r *Record) Next(b []byte, cidLen int) (rest []byte, ok bool) {
	if len(b) < HeaderLen {
		return nil, false
	}
	if ContentType(b[0]) != TypeConnectionID {
		cidLen = 0
	}
	header := HeaderLen + cidLen
	if len(b) < header {
		return nil, false
	}
	length := int(binary.BigEndian.Uint16(b[header-2:]))
	// "TLSCiphertext.length MUST NOT exceed 2^14 + 2048." RFC 5246, Section 6.2.3.
	if length > MaxCiphertext || length > len(b)-header {
		return nil, false
	}
	epochSeq := binary.BigEndian.Uint64(b[3:])
	end := header + length
	r.Type, r.Version = ContentType(b[0]), binary.BigEndian.Uint16(b[1:])
	r.Number.Epoch, r.Number.Seq = uint16(epochSeq>>48), epochSeq&maxSeq
	r.Raw, r.header = b[:end:end], uint16(header)
	return b[end:], true
}

// Protected reports whether the first record of a datagram is of another epoch than 0,
// however long its connection ID may be.
func Protected(b []byte) bool { return len(b) >= HeaderLen && (b[3] != 0 || b[4] != 0) }

// appendHeader appends a record header to b, with cid in it unless that is nil.
func appendHeader(b []byte, t ContentType, version uint16, n Number, cid []byte, length int) []byte {
	b = append(b, byte(t), byte(version>>8), byte(version))
	b = binary.BigEndian.AppendUint64(b, uint64(n.Epoch)<<48|n.Seq)
	b = append(b, cid...)
	return append(b, byte(length>>8), byte(length))
}

// putAdditionalData fills in what an AEAD authenticates beside the content.
//
//	additional_data = seq_num + TLSCompressed.type +
//	                  TLSCompressed.version + TLSCompressed.length;
//
// RFC 5246, Section 6.2.3.3; seq_num is epoch and sequence_number together
// (RFC 6347, Section 4.1.2.1), the length that of the plaintext.
func putAdditionalData(ad *[HeaderLen]byte, t ContentType, version uint16, n Number, length int) {
	// In the widths that the AEADs read it in: narrower stores would not be forwarded.
	binary.BigEndian.PutUint64(ad[:], uint64(n.Epoch)<<48|n.Seq)
	binary.BigEndian.PutUint32(ad[8:], uint32(t)<<24|uint32(version)<<8|uint32(length)>>8&0xff)
	ad[12] = byte(length)
}
