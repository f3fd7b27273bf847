package watch

import (
	"bytes"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// maxDatagrams is how many datagrams of one association are kept; of the rest only the number is.
const maxDatagrams = 120

// A Side is one end of an association.
type Side string

const (
	Client Side = "client"
	Server Side = "server"
)

// A Datagram is one that came to the relay.
type Datagram struct {
	At      time.Duration `json:"at"` // since the first of the handshake; nanoseconds
	From    Side          `json:"from"`
	Size    int           `json:"size"` // bytes
	Fate    string        `json:"fate,omitempty"`
	Records []Record      `json:"records"`

	// What our end says of it, if there is a Trace.
	Cause   string        `json:"cause,omitempty"`   // of ours, why it was sent again: "timeout", "copy", "repeated"; of theirs: "again", they repeat their flight
	Taken   time.Duration `json:"taken,omitempty"`   // when we took it, since the first of the handshake; nanoseconds
	Dropped []string      `json:"dropped,omitempty"` // what we made nothing of, and why
}

// What may become of a datagram, besides arriving.
const (
	Lost      = "lost"
	TooLarge  = "too large" // for the path
	Twice     = "twice"
	Late      = "late"
	Corrupted = "corrupted"
)

// A Handshake is one association from its first ClientHello on.
type Handshake struct {
	Datagrams []Datagram `json:"datagrams"`
	More      int        `json:"more,omitempty"` // datagrams that came after those
	Facts     Facts      `json:"facts"`
	Ours      []Moment   `json:"ours,omitempty"` // what happened to our end, if there is a Trace

	began  time.Time
	sides  map[Side]*messages
	random []byte // of the first ClientHello
	over   bool   // both sides have changed the cipher: a new ClientHello is a new handshake
}

// A Watch collects handshakes. It may be used by several goroutines.
type Watch struct {
	// Keep has the datagrams kept as they are, for a file. To be set before use.
	Keep bool
	// One says that all of it is one association, over whichever addresses it goes. To be set before use.
	One bool

	mu      sync.Mutex
	all     []*Handshake
	current map[string]*Handshake // by the client's address
	kept    []captured
}

// See takes a datagram; it is a relay's Observe.
func (w *Watch) See(d relay.Datagram) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Keep && !d.Lost() {
		w.kept = append(w.kept, captured{d.Time, d.Client.Port(), d.Direction == netsim.AtoB, bytes.Clone(d.Bytes)})
	}
	if !isDTLS(d.Bytes) {
		return
	}
	from := Client
	if d.Direction == netsim.BtoA {
		from = Server
	}
	// Who sends a ClientHello is the client, wherever the relay stands.
	key := d.Client.String()
	if w.One {
		key = ""
	}
	h := w.current[key]
	if h == nil || h.isNext(d.Bytes) {
		h = &Handshake{began: d.Time, sides: map[Side]*messages{Client: {}, Server: {}}}
		if random := helloRandom(d.Bytes); random != nil {
			h.random = bytes.Clone(random)
			h.Facts.turned = from == Server
		}
		if w.current == nil {
			w.current = map[string]*Handshake{}
		}
		w.current[key] = h
		w.all = append(w.all, h)
	}
	h.see(d, from)
}

// Handshakes returns copies of what was seen, in order of their beginning.
func (w *Watch) Handshakes() []Handshake {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Handshake, len(w.all))
	for i, h := range w.all {
		all[i] = *h
		all[i].Datagrams = append([]Datagram(nil), h.Datagrams...)
		all[i].Facts = h.Facts.clone()
	}
	return all
}

// isDTLS tells DTLS from what else comes on one port (RFC 7983, Section 7).
func isDTLS(b []byte) bool { return len(b) >= recordHeader && b[0] >= 20 && b[0] <= 63 }

// helloRandom returns the random of the ClientHello that a datagram begins with, or nil.
func helloRandom(b []byte) []byte {
	const at = recordHeader + handshakeHeader + 2
	if len(b) < at+32 || b[0] != recordHandshake || b[3] != 0 || b[4] != 0 || b[recordHeader] != clientHello || int24(b[recordHeader+6:]) != 0 {
		return nil
	}
	return b[at : at+32]
}

// isNext reports whether a datagram begins another handshake of the same client.
func (h *Handshake) isNext(b []byte) bool {
	random := helloRandom(b)
	return random != nil && h.over && !bytes.Equal(random, h.random)
}

func (h *Handshake) see(seen relay.Datagram, from Side) {
	if h.Facts.turned {
		from = other(from)
	}
	d := Datagram{At: seen.Time.Sub(h.began), From: from, Size: len(seen.Bytes), Fate: fate(seen)}
	inHandshake := false
	for b := seen.Bytes; len(b) >= recordHeader; {
		length := int(b[11])<<8 | int(b[12])
		if length > len(b)-recordHeader {
			break
		}
		r := Record{Type: name(recordNames, b[0]), Epoch: int(b[3])<<8 | int(b[4]), Size: recordHeader + length}
		for _, x := range b[5:11] {
			r.Number = r.Number<<8 | uint64(x)
		}
		body := b[recordHeader : recordHeader+length]
		switch {
		case b[0] == recordHandshake || b[0] == recordChangeCipherSpec:
			inHandshake = true
		case b[0] == recordData:
			h.over = true
		}
		if r.Epoch == 0 {
			h.clear(from, b[0], body, &r)
		}
		d.Records = append(d.Records, r)
		b = b[recordHeader+length:]
	}
	if inHandshake {
		h.Facts.size(from, d.Size)
	}
	if h.Facts.changed[Client] && h.Facts.changed[Server] {
		h.over = true
	}
	if len(h.Datagrams) == maxDatagrams {
		h.More++
		return
	}
	h.Datagrams = append(h.Datagrams, d)
}

// clear reads a record that is not encrypted.
func (h *Handshake) clear(from Side, kind byte, body []byte, r *Record) {
	switch kind {
	case recordChangeCipherSpec:
		h.Facts.changeCipherSpec(from)
	case recordAlert:
		if len(body) == 2 {
			r.Alert = name(alertNames, body[1])
			h.Facts.Alerts = append(h.Facts.Alerts, Alert{From: from, Fatal: body[0] == 2, Number: int(body[1]), Name: r.Alert})
		}
	case recordHandshake:
		for len(body) > 0 {
			header, fragment, rest, ok := parseHeader(body)
			if !ok {
				r.Alert = "malformed"
				return
			}
			m, again := h.sides[from].add(header, fragment)
			r.Fragments = append(r.Fragments, Fragment{
				Message: name(messageNames, header.kind), Seq: header.seq, Offset: header.offset, Length: header.length, Total: header.total, Again: again,
			})
			if again {
				h.Facts.Resent++
			}
			if m != nil {
				h.Facts.message(from, header.kind, m)
			}
			body = rest
		}
	}
}

func other(s Side) Side {
	if s == Client {
		return Server
	}
	return Client
}

func fate(d relay.Datagram) string {
	switch {
	case d.TooBig:
		return TooLarge
	case d.Fate.Drop:
		return Lost
	case d.Fate.Corrupt:
		return Corrupted
	case d.Fate.Copies > 0:
		return Twice
	case d.Fate.Extra > 0:
		return Late
	}
	return ""
}

// messages puts together the messages that one side sends.
type messages struct {
	parts []part
}

// A part is one message as far as it was sent.
type part struct {
	header
	body []byte
	have []bool
	left int // bytes that are missing
}

// add takes a fragment. It returns the message when the fragment completes it, and reports whether all of its bytes
// were there already.
func (m *messages) add(h header, fragment []byte) (complete []byte, again bool) {
	var p *part
	for i := range m.parts {
		if q := &m.parts[i]; q.seq == h.seq && q.kind == h.kind && q.total == h.total {
			p = q
		}
	}
	isNew := p == nil
	if isNew {
		m.parts = append(m.parts, part{header: h, body: make([]byte, h.total), have: make([]bool, h.total), left: h.total})
		p = &m.parts[len(m.parts)-1]
	}
	more := isNew
	for i, x := range fragment {
		if at := h.offset + i; !p.have[at] {
			p.have[at], p.body[at], more = true, x, true
			p.left--
		}
	}
	if more && p.left == 0 {
		return p.body, false
	}
	return nil, !more
}
