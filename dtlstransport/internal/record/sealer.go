package record

import (
	"encoding/binary"
	"errors"
)

// ErrSequenceExhausted is returned when an epoch has no sequence number left:
// they never wrap (RFC 6347, Section 4.1), so the association has to end. Application
// data meets it Reserved numbers earlier.
var ErrSequenceExhausted = errors.New("dtls: record sequence numbers exhausted")

// Reserved is how many of the last sequence numbers are not for application data: "[...]
// implementations MUST either abandon an association or rehandshake prior to allowing
// the sequence number to wrap" (RFC 6347, Section 4.1), and a close_notify is the way to
// abandon it.
const Reserved = 1 << 10

// ErrTooLarge is returned for content over MaxPlaintext.
var ErrTooLarge = errors.New("record: content exceeds 2^14 bytes")

// A Sealer makes the records of one epoch that we send. The zero value is the
// sealer of epoch 0, which protects nothing. It is not safe for concurrent use.
type Sealer struct {
	epoch uint16
	next  uint64 // the sequence number of the next record, never reused
	aead  *aead  // nil in epoch 0
	cid   []byte // on each record; nil: none
	padTo int    // with cid: application data is padded to a multiple of it
}

// NewSealer returns the sealer of a protected epoch. key and iv have the sizes
// of c and are not kept.
func NewSealer(epoch uint16, c Cipher, key, iv []byte) (*Sealer, error) {
	a, err := newAEAD(c, key, iv)
	if err != nil {
		return nil, err
	}
	return &Sealer{epoch: epoch, aead: a}, nil
}

// Epoch returns the epoch that s writes.
func (s *Sealer) Epoch() uint16 { return s.epoch }

// Next returns the sequence number of the next record.
func (s *Sealer) Next() uint64 { return s.next }

// Overhead returns by how many bytes a record is larger than its content, the
// record header included and padding not. With CBC it is the most that it can be.
func (s *Sealer) Overhead() int {
	n := HeaderLen
	if s.aead != nil {
		n += s.aead.overhead()
	}
	if s.cid != nil {
		n += len(s.cid) + 1
	}
	return n
}

// MaxPadding returns by how many bytes more application data may grow.
func (s *Sealer) MaxPadding() int { return max(s.padTo-1, 0) }

// MaxContent returns how many bytes of application data fit into one record of at most
// limit bytes, header and padding included.
func (s *Sealer) MaxContent(limit int) int {
	if s.cid == nil && s.aead != nil {
		return min(s.aead.fits(limit-HeaderLen), MaxPlaintext)
	}
	n := min(limit-s.Overhead(), MaxPlaintext)
	if s.cid == nil {
		return n
	}
	// "The length MUST NOT exceed 2^14." RFC 9146, Section 5; the type is in it.
	if n++; n < MaxPlaintext {
		n -= n % s.padTo
	}
	return max(min(n, MaxPlaintext)-1, 0)
}

// Append appends one record with the given content to dst. content must not
// overlap the free capacity of dst. It does not allocate if dst has room for
// Overhead and MaxPadding more bytes than content.
func (s *Sealer) Append(dst []byte, t ContentType, version uint16, content []byte) ([]byte, error) {
	if s.next > maxSeq-Reserved && (t == TypeApplicationData || s.next > maxSeq) {
		return dst, ErrSequenceExhausted
	}
	size := len(content)
	if s.cid != nil {
		size = s.padded(t, size)
	}
	if size > MaxPlaintext {
		return dst, ErrTooLarge
	}
	n := Number{Epoch: s.epoch, Seq: s.next}
	s.next++
	if s.aead == nil {
		dst = appendHeader(dst, t, version, n, nil, size)
		return append(dst, content...), nil
	}
	// "The nonce_explicit MAY be the 64-bit sequence number": ours always is, so
	// that no nonce comes twice under one key (RFC 5288, Section 3).
	number := uint64(n.Epoch)<<48 | n.Seq
	a := s.aead
	a.setNonce(number)
	outer := t
	if s.cid != nil {
		outer = TypeConnectionID
	}
	dst = appendHeader(dst, outer, version, n, s.cid, a.sealed(size))
	if a.explicit {
		dst = binary.BigEndian.AppendUint64(dst, number)
	}
	ad := a.additionalData(t, version, n, a.authenticated(size))
	if s.cid != nil {
		at := len(dst)
		dst = appendInner(dst, t, content, size)
		return a.Seal(dst[:at], a.nonce[:], dst[at:], ad), nil
	}
	return a.Seal(dst, a.nonce[:], content, ad), nil
}

// AppendAs appends one unprotected record with a sequence number of the
// caller's choice and leaves the count of s alone. It serves the answer to a
// ClientHello that must leave no state behind: "the server MUST use the record
// sequence number in the ClientHello as the record sequence number in the
// HelloVerifyRequest" (RFC 6347, Section 4.2.1).
func AppendAs(dst []byte, seq uint64, t ContentType, version uint16, content []byte) []byte {
	dst = appendHeader(dst, t, version, Number{Seq: seq}, nil, len(content))
	return append(dst, content...)
}

// StartAt makes seq the number of the next record, unless s is already past
// it: "In order to avoid sequence number duplication in case of multiple
// HelloVerifyRequests, the server MUST use the record sequence number in the
// ClientHello as the record sequence number in the initial ServerHello."
// RFC 6347, Section 4.2.1.
//
// A number in the upper half of the range is ignored: no client has sent as
// many records before its first flight is answered, and whoever copies its hello
// under such a number must not leave us without numbers for our own.
func (s *Sealer) StartAt(seq uint64) {
	if seq <= maxSeq/2 {
		s.next = max(s.next, seq)
	}
}
