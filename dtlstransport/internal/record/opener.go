package record

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"errors"
)

// Why Open refused a record. None ends an association: "invalid records
// SHOULD be silently discarded" (RFC 6347, Section 4.1.2.7).
var (
	ErrReplayed = errors.New("record: sequence number seen before or too old")
	ErrForged   = errors.New("record: authentication failed")
	ErrOversize = errors.New("record: content exceeds 2^14 bytes")
)

// maxPadding is the most bytes that padding has in CBC, its length byte included (RFC
// 5246, Section 6.2.3.2).
const maxPadding = 256

// An Opener reads the records of one protected epoch. It is not safe for
// concurrent use.
type Opener struct {
	epoch  uint16
	aead   *aead
	window Window
	cid    []byte // what each record has to carry; nil: no connection ID
}

// NewOpener returns the opener of an epoch. key and iv have the sizes of c and
// are not kept.
func NewOpener(epoch uint16, c Cipher, key, iv []byte) (*Opener, error) {
	a, err := newAEAD(c, key, iv)
	if err != nil {
		return nil, err
	}
	return &Opener{epoch: epoch, aead: a}, nil
}

// SetWindow gives o another replay window. Call it before the first record.
func (o *Opener) SetWindow(w Window) { o.window = w }

// Epoch returns the epoch that o reads.
func (o *Opener) Epoch() uint16 { return o.epoch }

// End returns one more than the largest sequence number opened so far: a record
// that moves it is newer than all before.
func (o *Opener) End() uint64 { return o.window.end }

// Open decrypts r in place and returns its content, which aliases r.Raw. The
// caller has seen to it that r is of o's epoch. The type of a record with a connection
// ID becomes the one that was encrypted with the content. On an error the body may have
// been overwritten with zeros, and o is as before, but for ErrNoContentType.
func (o *Opener) Open(r *Record) ([]byte, error) {
	// "If a non-zero-length CID is expected for the retrieved association, then
	// the datagram MUST be treated as invalid" without; RFC 9146, Section 3.
	if withCID := o.cid != nil; withCID != (r.Type == TypeConnectionID) || withCID && !bytes.Equal(r.CID(), o.cid) {
		return nil, ErrConnectionID
	}
	// "For each received record, the receiver MUST verify that the record
	// contains a sequence number that does not duplicate the sequence number of
	// any other record received during the life of this session. This check
	// SHOULD be the first one applied to a packet". RFC 6347, Section 4.1.2.6.
	if !o.window.Fresh(r.Number.Seq) {
		return nil, ErrReplayed
	}
	a := o.aead
	body := r.Body()
	number := uint64(r.Number.Epoch)<<48 | r.Number.Seq
	if a.explicit {
		if len(body) < explicitNonceLen {
			return nil, ErrForged
		}
		// A peer may choose its explicit nonces as it likes, as long as they
		// are unique: take what it sent (RFC 5288, Section 3).
		number = binary.BigEndian.Uint64(body)
		body = body[explicitNonceLen:]
	}
	// What is in the body beside the content: a MAC, or an IV and padding as well.
	least, most := a.tag, a.tag
	if a.block {
		most += aes.BlockSize + maxPadding
	}
	if len(body) < least {
		return nil, ErrForged
	}
	if len(body)-most > MaxPlaintext {
		return nil, ErrOversize
	}
	a.setNonce(number)
	ad := a.additionalData(r.Type, r.Version, r.Number, len(body)-a.tag)
	plain, err := a.AEAD.Open(body[:0], a.nonce[:], body, ad)
	if err != nil {
		return nil, ErrForged
	}
	if len(plain) > MaxPlaintext {
		return nil, ErrOversize
	}
	// "The receive window is updated only if the MAC verification succeeds."
	// RFC 6347, Section 4.1.2.6.
	o.window.Mark(r.Number.Seq)
	if o.cid != nil {
		r.Type, plain, err = splitInner(plain)
	}
	return plain, err
}
