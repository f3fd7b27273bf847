package dtlstransport

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A transcript is the handshake messages that signatures and Finished cover:
// "handshake messages [...] as if each handshake message had been sent as a
// single fragment", without the first ClientHello and HelloVerifyRequest if
// there was a cookie (after RFC 6347, Section 4.2.6).
//
// The messages themselves are kept, not a running hash: the hash is known only
// after ServerHello, a certificate may want another one, and Ed25519 signs the
// messages. A copy of a transcript can be added to without changing the original,
// as long as only one of the two goes on.
type transcript struct {
	messages []byte
}

// transcriptRoom is what a handshake with two small certificates needs, in bytes.
const transcriptRoom = 1536

// room sees to it that the messages do not grow one by one.
func (t *transcript) room() {
	if t.messages == nil {
		t.messages = make([]byte, 0, transcriptRoom)
	}
}

// add appends a message that has its header.
func (t *transcript) add(message []byte) {
	t.room()
	t.messages = append(t.messages, message...)
}

// addReceived appends a message that was put together from fragments, or
// nothing if it was left out.
func (t *transcript) addReceived(m received) {
	if !m.present {
		return
	}
	t.room()
	length := uint32(len(m.body))
	t.messages = wire.AppendHeader(t.messages, wire.Header{Type: m.typ, Length: length, Seq: m.seq, FragmentLength: length})
	t.messages = append(t.messages, m.body...)
}

// sum returns the hash of all messages so far.
func (t *transcript) sum(h crypto.Hash) []byte { return hashOf(h, t.messages) }

// hashOf returns the hash of b, with one of the functions that suites and schemes
// have.
func hashOf(h crypto.Hash, b []byte) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256(b)
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384(b)
		return sum[:]
	case crypto.SHA512:
		sum := sha512.Sum512(b)
		return sum[:]
	}
	panic("dtls: no suite and no scheme has " + h.String())
}
