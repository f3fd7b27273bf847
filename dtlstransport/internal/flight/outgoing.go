package flight

import (
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A Message is one element of a flight.
type Message struct {
	// Sealer makes the records the message travels in; it fixes the epoch.
	Sealer *record.Sealer
	// Version is the version in the header of those records.
	Version uint16
	// Type is TypeHandshake or TypeChangeCipherSpec.
	Type record.ContentType
	// Bytes is the whole message. A handshake message begins with its 12-byte
	// header as if unfragmented.
	Bytes []byte
}

// Outgoing is the flight that we send last: "flights are retransmitted as a
// unit" (after RFC 6347, Section 4.2.4). The zero value is an empty flight.
type Outgoing struct {
	// Sealing, if not nil, is told of each record before it is made: its type and
	// content, which it must not keep.
	Sealing func(t record.ContentType, content []byte)

	// Single puts each record into a datagram of its own.
	Single bool

	messages []Message
	next     int    // index of the message being sent
	offset   int    // bytes of its body that are sent
	scratch  []byte // one fragment, header and all
	sends    int    // how often the flight began to be sent
}

// Begin replaces the flight and starts sending it.
func (o *Outgoing) Begin(messages ...Message) {
	*o = Outgoing{Sealing: o.Sealing, Single: o.Single, messages: messages, scratch: o.scratch, sends: 1}
}

// Rewind starts sending the same flight again, from its first message, even if
// the last time has not come to its end.
func (o *Outgoing) Rewind() {
	o.next, o.offset = 0, 0
	o.sends++
}

// Exchange puts another flight in the place of the one that was sent. It is sent
// from the next Rewind on, and counts as the same.
func (o *Outgoing) Exchange(messages ...Message) {
	o.messages, o.next, o.offset = messages, len(messages), 0
}

// Drop forgets the flight.
func (o *Outgoing) Drop() { *o = Outgoing{Sealing: o.Sealing, Single: o.Single} }

// Pending reports whether part of the flight is still to be sent.
func (o *Outgoing) Pending() bool { return o.next < len(o.messages) }

// Sends returns how often the flight was begun, retransmissions included.
func (o *Outgoing) Sends() int { return o.sends }

// Names returns the names of the messages.
func (o *Outgoing) Names() []string {
	var names []string
	for _, m := range o.messages {
		if m.Type == record.TypeHandshake {
			names = append(names, wire.HandshakeType(m.Bytes[0]).String())
		} else {
			names = append(names, m.Type.String())
		}
	}
	return names
}

// AppendDatagram appends the next datagram of the flight to dst: as many
// records as fit into limit bytes, headers included. It appends nothing when
// the flight is sent. A fragment is cut only where the datagram is full, and
// the cuts depend on nothing but limit, so that a retransmission has the same
// ones: some peers drop fragments cut anew.
func (o *Outgoing) AppendDatagram(dst []byte, limit int) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, min(o.left(), max(limit, 0)))
	for o.Pending() && (len(dst) == start || !o.Single) {
		m := &o.messages[o.next]
		room := limit - (len(dst) - start) - m.Sealer.Overhead()
		content := m.Bytes
		done := true
		if m.Type == record.TypeHandshake {
			content, done = o.fragment(m.Bytes, room, len(dst) == start)
		}
		if content == nil || len(content) > room && len(dst) > start {
			break // goes into the next datagram
		}
		if o.Sealing != nil {
			o.Sealing(m.Type, content)
		}
		var err error
		if dst, err = m.Sealer.Append(dst, m.Type, m.Version, content); err != nil {
			return dst, err
		}
		if done {
			o.next, o.offset = o.next+1, 0
		} else {
			o.offset += len(content) - wire.HeaderLen
		}
	}
	return dst, nil
}

// left returns how many bytes of records are still to be sent, if no message is cut
// from here on.
func (o *Outgoing) left() int {
	n := -o.offset
	for _, m := range o.messages[o.next:] {
		n += m.Sealer.Overhead() + len(m.Bytes)
	}
	return n
}

// fragment returns the next fragment of message that fits into room bytes,
// with its header, and whether it is the last. It returns nil if there is no
// room for a byte of the body, unless the fragment must go out all the same
// because the datagram is empty. The fragment is valid until the next call.
func (o *Outgoing) fragment(message []byte, room int, must bool) (fragment []byte, last bool) {
	body := message[wire.HeaderLen:]
	left := len(body) - o.offset
	room = min(room, record.MaxPlaintext) - wire.HeaderLen
	if room < min(left, 1) {
		if !must {
			return nil, false
		}
		room = 1
	}
	n := min(left, room)
	if n == len(body) {
		return message, true
	}
	// struct {
	//     HandshakeType msg_type;
	//     uint24 length;
	//     uint16 message_seq;
	//     uint24 fragment_offset;
	//     uint24 fragment_length;
	// } RFC 6347, Section 4.2.2: the first three are the message's own.
	o.scratch = append(o.scratch[:0], message[:6]...)
	o.scratch = append(o.scratch, byte(o.offset>>16), byte(o.offset>>8), byte(o.offset), byte(n>>16), byte(n>>8), byte(n))
	o.scratch = append(o.scratch, body[o.offset:o.offset+n]...)
	return o.scratch, n == left
}
