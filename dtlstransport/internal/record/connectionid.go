package record

import (
	"encoding/binary"
	"errors"
)

// MaxConnectionID is the most bytes that a connection ID has (RFC 9146, Section 3).
const MaxConnectionID = 255

// cidOffset is where in a record of TypeConnectionID the connection ID begins:
// behind type 1, version 2, epoch 2, sequence_number 6.
const cidOffset = 11

// Why Open refused a record that has to do with connection IDs.
var (
	// ErrConnectionID is returned for a record without the connection ID that was
	// negotiated, or with one where none was.
	ErrConnectionID = errors.New("record: not the connection ID that was negotiated")

	// ErrNoContentType is returned for an authentic record of nothing but padding.
	ErrNoContentType = errors.New("record: no content type in front of the padding")
)

// SetConnectionID makes s put cid, the peer's, on each record (RFC 9146,
// Section 4). Application data is padded until it is, with the byte of its type, a
// multiple of padTo bytes, if that is over 1. Call it before the first record; an
// empty cid has no effect. cid is copied.
func (s *Sealer) SetConnectionID(cid []byte, padTo int) {
	if len(cid) > 0 {
		s.cid, s.padTo = s.aead.useConnectionID(cid), max(padTo, 1)
	}
}

// SetConnectionID makes o accept nothing but records with cid, ours. An empty
// one has no effect. cid is copied.
func (o *Opener) SetConnectionID(cid []byte) {
	if len(cid) > 0 {
		o.cid = o.aead.useConnectionID(cid)
	}
}

// useConnectionID fills in what the additional data of all records have in
// common, and returns the copy of cid in it.
//
//	additional_data = seq_num_placeholder +
//	                  tls12_cid +
//	                  cid_length +
//	                  tls12_cid +
//	                  DTLSCiphertext.version +
//	                  epoch +
//	                  sequence_number +
//	                  cid +
//	                  length_of_DTLSInnerPlaintext;
//
// "seq_num_placeholder: 8 bytes of 0xff." RFC 9146, Sections 5 and 5.3.
func (a *aead) useConnectionID(cid []byte) []byte {
	const fixed = 8 + 3 + 2 + 8
	ad := make([]byte, fixed+len(cid)+2)
	for i := range 8 {
		ad[i] = 0xff
	}
	ad[8], ad[9], ad[10] = byte(TypeConnectionID), byte(len(cid)), byte(TypeConnectionID)
	copy(ad[fixed:], cid)
	a.cidAD = ad
	return ad[fixed : fixed+len(cid) : fixed+len(cid)]
}

// additionalData returns what an AEAD authenticates beside the content. It is
// valid until the next call.
func (a *aead) additionalData(t ContentType, version uint16, n Number, length int) []byte {
	ad := a.cidAD
	if ad == nil {
		putAdditionalData(&a.ad, t, version, n, length)
		return a.ad[:]
	}
	binary.BigEndian.PutUint16(ad[11:], version)
	binary.BigEndian.PutUint64(ad[13:], uint64(n.Epoch)<<48|n.Seq)
	binary.BigEndian.PutUint16(ad[len(ad)-2:], uint16(length))
	return ad
}

// padded returns the size of a DTLSInnerPlaintext with n bytes of content:
//
//	struct {
//	    opaque content[length];
//	    ContentType real_type;
//	    uint8 zeros[length_of_padding];
//	} DTLSInnerPlaintext;
//
// RFC 9146, Section 4. What would hide the size of a handshake message hides nothing.
func (s *Sealer) padded(t ContentType, n int) int {
	n++
	if t != TypeApplicationData {
		return n
	}
	return max(n, min((n+s.padTo-1)/s.padTo*s.padTo, MaxPlaintext))
}

// appendInner appends a DTLSInnerPlaintext of the given size.
func appendInner(b []byte, t ContentType, content []byte, size int) []byte {
	b = append(b, content...)
	b = append(b, byte(t))
	for range size - len(content) - 1 {
		b = append(b, 0)
	}
	return b
}

// splitInner takes a DTLSInnerPlaintext apart.
func splitInner(inner []byte) (t ContentType, content []byte, err error) {
	n := len(inner)
	for n > 0 && inner[n-1] == 0 {
		n--
	}
	if n == 0 {
		return 0, nil, ErrNoContentType
	}
	return ContentType(inner[n-1]), inner[:n-1], nil
}
