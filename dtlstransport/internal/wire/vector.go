package wire

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// A numberRoom is memory for lists of numbers, so that a message with several of them has one piece of it. The zero value
// has none.
type numberRoom []uint16

// list returns a list of n numbers, from the room as long as that lasts.
func (r *numberRoom) list(n int) []uint16 {
	if n > cap(*r) {
		return make([]uint16, n)
	}
	list := (*r)[:n:n]
	*r = (*r)[n:n]
	return list
}

// readUint16s reads a vector of numbers of two bytes each, behind a length of two bytes; it must not be empty:
//
//	CipherSuite cipher_suites<2..2^16-2>;
//
// The result is a copy, in room if it fits.
func readUint16s(s *cryptobyte.String, out *[]uint16, room *numberRoom) bool {
	var v cryptobyte.String
	return s.ReadUint16LengthPrefixed(&v) && splitUint16s(v, out, room)
}

// splitUint16s is readUint16s for what is behind the length.
func splitUint16s(v cryptobyte.String, out *[]uint16, room *numberRoom) bool {
	if v.Empty() || len(v)%2 != 0 {
		return false
	}
	list := room.list(len(v) / 2)
	for i := range list {
		v.ReadUint16(&list[i])
	}
	*out = list
	return true
}

// readVector8 reads a vector behind a length of one byte. It aliases s and is not nil.
func readVector8(s *cryptobyte.String, out *[]byte) bool {
	return s.ReadUint8LengthPrefixed((*cryptobyte.String)(out))
}

// readVector16 reads a vector behind a length of two bytes. It aliases s and is not nil.
func readVector16(s *cryptobyte.String, out *[]byte) bool {
	return s.ReadUint16LengthPrefixed((*cryptobyte.String)(out))
}

// countVectors returns how many vectors list consists of, each with its length in front as read reads it. It is not ok if one
// is empty or short. Lists of vectors are counted before they are kept, because slices that grow cost several times their size.
func countVectors(list cryptobyte.String, read func(s, v *cryptobyte.String) bool) (n int, ok bool) {
	for ; !list.Empty(); n++ {
		var v cryptobyte.String
		if !read(&list, &v) || v.Empty() {
			return 0, false
		}
	}
	return n, true
}

func appendUint16(b []byte, n uint16) []byte { return binary.BigEndian.AppendUint16(b, n) }

// appendUint24 appends the low 24 bits of n, which must be all of it.
func appendUint24(b []byte, n uint32) []byte {
	if n > MaxMessageLen {
		panic("wire: number does not fit 24 bits")
	}
	return append(b, byte(n>>16), byte(n>>8), byte(n))
}

// appendUint16s appends a vector of numbers behind a length of two bytes.
func appendUint16s(b []byte, list []uint16) []byte {
	b, at := beginVector(b, 2)
	for _, n := range list {
		b = appendUint16(b, n)
	}
	return endVector(b, at, 2)
}

// appendVector8 appends v behind a length of one byte.
func appendVector8(b, v []byte) []byte {
	b, at := beginVector(b, 1)
	return endVector(append(b, v...), at, 1)
}

// appendVector16 appends v behind a length of two bytes.
func appendVector16(b, v []byte) []byte {
	b, at := beginVector(b, 2)
	return endVector(append(b, v...), at, 2)
}

// beginVector leaves room for a length of size bytes, 1 to 3. The contents are appended next, and endVector, given the same
// size and the offset at that beginVector returned, fills in the length.
func beginVector(b []byte, size int) (_ []byte, at int) {
	for range size {
		b = append(b, 0)
	}
	return b, len(b)
}

// endVector writes the length of everything appended since beginVector in front of it.
func endVector(b []byte, at, size int) []byte {
	n := len(b) - at
	if n>>(8*size) != 0 {
		panic("wire: contents do not fit their vector")
	}
	for i := range size {
		b[at-1-i] = byte(n >> (8 * i))
	}
	return b
}
