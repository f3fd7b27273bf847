package forge

import (
	"bytes"
	"slices"
)

// Handshake types.
const (
	HelloRequest       byte = 0
	TypeClientHello    byte = 1
	TypeServerHello    byte = 2
	HelloVerifyRequest byte = 3
	NewSessionTicket   byte = 4
	Certificate        byte = 11
	ServerKeyExchange  byte = 12
	CertificateRequest byte = 13
	ServerHelloDone    byte = 14
	CertificateVerify  byte = 15
	ClientKeyExchange  byte = 16
	Finished           byte = 20
)

// A Message is a whole handshake message of epoch 0.
type Message struct {
	Type byte
	Seq  uint16
	Body []byte
}

// Whole returns the message with its header as if it had not been fragmented, as transcripts have it.
func (m Message) Whole() []byte {
	return Fragment{Type: m.Type, Length: len(m.Body), Seq: m.Seq, Body: m.Body}.Append(nil)
}

// Clone returns a message with a body of its own.
func (m Message) Clone() Message {
	m.Body = bytes.Clone(m.Body)
	return m
}

// Messages returns the handshake messages in the clear that the datagrams of one direction hold, each once, in order of
// message_seq; those with missing parts are left out. A message_seq may come twice, when a server has mirrored it in a
// HelloVerifyRequest and in a ServerHello.
func Messages(datagrams ...[]byte) (messages []Message) {
	type part struct {
		Message
		have []bool
	}
	var parts []*part
	for _, datagram := range datagrams {
		for _, r := range Records(datagram) {
			if r.Type != Handshake || r.Epoch > 0 {
				continue
			}
			for _, f := range fragments(r.Body) {
				i := slices.IndexFunc(parts, func(p *part) bool {
					return p.Seq == f.Seq && p.Type == f.Type && len(p.Body) == f.Length
				})
				if i < 0 {
					parts = append(parts, &part{Message{f.Type, f.Seq, make([]byte, f.Length)}, make([]bool, f.Length)})
					i = len(parts) - 1
				}
				copy(parts[i].Body[f.Offset:], f.Body)
				for at := range f.Body {
					parts[i].have[f.Offset+at] = true
				}
			}
		}
	}
	for _, p := range parts {
		if !slices.Contains(p.have, false) {
			messages = append(messages, p.Message)
		}
	}
	slices.SortStableFunc(messages, func(a, b Message) int { return int(a.Seq) - int(b.Seq) })
	return messages
}

// Pack puts messages into datagrams of at most limit bytes, one record for each fragment, with numbers from seq.
func Pack(limit int, seq uint64, messages ...Message) (datagrams [][]byte) {
	var datagram []byte
	flush := func() {
		if len(datagram) > 0 {
			datagrams, datagram = append(datagrams, datagram), nil
		}
	}
	for _, m := range messages {
		for offset := 0; ; {
			room := limit - len(datagram) - recordHeader - messageHeader
			if room < min(1, len(m.Body)-offset) {
				flush()
				continue
			}
			n := min(room, len(m.Body)-offset)
			f := Fragment{Type: m.Type, Length: len(m.Body), Seq: m.Seq, Offset: offset, Body: m.Body[offset : offset+n]}
			datagram = Record{Type: Handshake, Version: Version12, Seq: seq, Body: f.Append(nil)}.Append(datagram)
			seq++
			if offset += n; offset == len(m.Body) {
				break
			}
		}
	}
	flush()
	return datagrams
}

// One returns a datagram with one whole message.
func One(seq uint64, m Message) []byte { return Plain(Handshake, seq, m.Whole()) }

// Replace returns a copy of a datagram in which the record of each whole message m has change(m) instead. ok is false
// if the datagram holds no such message in one piece, or change returns the same.
func Replace(datagram []byte, typ byte, change func(Message) Message) (out []byte, ok bool) {
	for _, r := range Records(datagram) {
		if r.Type == Handshake && r.Epoch == 0 {
			var body []byte
			for _, f := range fragments(r.Body) {
				if f.Type == typ && len(f.Body) == f.Length {
					old := Message{f.Type, f.Seq, f.Body}
					if m := change(old.Clone()); m.Type != old.Type || m.Seq != old.Seq || !bytes.Equal(m.Body, old.Body) {
						f, ok = Fragment{Type: m.Type, Length: len(m.Body), Seq: m.Seq, Body: m.Body}, true
					}
				}
				body = f.Append(body)
			}
			r.Body = body
		}
		out = r.Append(out)
	}
	return out, ok
}

// Without returns a copy of a datagram without the records that hold a message of that type, whose followers then move
// up: what a flight looks like that never had it. ok is false if it holds none.
func Without(datagram []byte, typ byte) (out []byte, ok bool) {
	for _, r := range Records(datagram) {
		if r.Type == Handshake && r.Epoch == 0 {
			var body []byte
			for _, f := range fragments(r.Body) {
				if f.Type == typ {
					ok = true
					continue
				}
				if ok {
					f.Seq--
				}
				body = f.Append(body)
			}
			if r.Body = body; len(body) == 0 {
				continue
			}
		}
		out = r.Append(out)
	}
	return out, ok
}
