package watch

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// A Trace is what our end says of its datagrams. It knows what the path does not: why it sends a flight again, what is in
// sealed records, what it drops, and which datagrams have come.
type Trace struct {
	datagrams map[datagramKey][]*told
	moments   []moment
}

// A datagramKey finds a datagram again on the path.
type datagramKey struct {
	from   Side
	size   int
	epoch  int    // of its first record
	number uint64 // of it
}

// told is a datagram as our end tells it.
type told struct {
	at      time.Time
	size    int
	cause   string
	dropped []string
	inside  map[recordKey][]string
	matched bool
}

type recordKey struct {
	epoch  int
	number uint64
}

type moment struct {
	at   time.Time
	text string
	bad  bool
}

// A Moment is something that happened to our end besides datagrams.
type Moment struct {
	At   time.Duration `json:"at"` // since the first datagram of the handshake; nanoseconds
	Text string        `json:"text"`
	Bad  bool          `json:"bad,omitempty"`
}

// A traceLine is a line of dtlstransport.NewSlogTrace in JSON.
type traceLine struct {
	Time      time.Time
	Msg       string
	Role      Side
	Direction string
	Datagram  uint64
	Size      int
	Type      string
	Epoch     int
	Seq       uint64
	Message   string
	Alert     string
	Cause     string
	Sends     int
	Reason    string
	State     string
	Err       string
}

// ReadTrace reads what dtlstransport.NewSlogTrace has written, with a slog.JSONHandler at level Debug. A last line that is
// not whole is left out.
func ReadTrace(r io.Reader) (*Trace, error) {
	t := &Trace{datagrams: map[datagramKey][]*told{}}
	reading := traceReader{trace: t}
	lines := bufio.NewReader(r)
	for {
		text, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		var l traceLine
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("a line of a trace: %w", err)
		}
		reading.line(&l)
	}
}

// A traceReader puts lines together.
type traceReader struct {
	trace *Trace
	cause string           // of the flight that is being sent; empty: it is a new one
	last  map[string]*told // by direction, the datagram that is told about
	early map[recordKey]*told
}

func (r *traceReader) line(l *traceLine) {
	if r.last == nil {
		r.last, r.early = map[string]*told{}, map[recordKey]*told{}
	}
	d := r.last[l.Direction]
	key := recordKey{l.Epoch, l.Seq}
	if d != nil && l.Direction == "received" && l.Datagram == 0 && r.early[key] != nil {
		d = r.early[key] // it was kept until it could be read
	}
	switch l.Msg {
	case "dtls datagram":
		r.last[l.Direction] = &told{at: l.Time, size: l.Size, inside: map[recordKey][]string{}}
	case "dtls record":
		if d == nil {
			return
		}
		if len(d.inside) == 0 {
			from := l.Role
			if l.Direction == "received" {
				from = other(from)
			}
			at := datagramKey{from, d.size, l.Epoch, l.Seq}
			r.trace.datagrams[at] = append(r.trace.datagrams[at], d)
		}
		d.inside[key] = nil
		if l.Direction == "received" {
			r.early[key] = d
		} else if l.Type == "Handshake" || l.Type == "ChangeCipherSpec" {
			d.cause = r.cause
		}
	case "dtls message":
		if d != nil && l.Epoch > 0 {
			d.inside[key] = append(d.inside[key], l.Message)
		}
	case "dtls alert":
		if d != nil && l.Epoch > 0 {
			d.inside[key] = append(d.inside[key], "Alert "+l.Alert)
		}
	case "dtls drop":
		if d != nil && l.Direction == "received" && !slices.Contains(d.dropped, l.Reason) {
			d.dropped = append(d.dropped, l.Reason)
		}
	case "dtls flight":
		switch {
		case l.Direction == "received":
			if d != nil {
				d.cause = "again"
			}
		case l.Cause == "new":
			r.cause = ""
		default:
			r.cause = l.Cause
		}
	case "dtls hint":
		r.moment(l.Time, l.Err, true)
	case "dtls state":
		if l.State == "connected" || l.State == "failed" || l.State == "closed" {
			r.moment(l.Time, l.State, l.State == "failed")
		}
	}
}

// Verdict returns when our end was first given a hint that the handshake fails, and when it failed; ok: it was, and it has.
func (t *Trace) Verdict() (hinted, failed time.Time, ok bool) {
	for _, m := range t.moments {
		switch {
		case m.text == "failed":
			return hinted, m.at, !hinted.IsZero()
		case m.bad && hinted.IsZero():
			hinted = m.at
		}
	}
	return hinted, failed, false
}

// moment notes what happened, and not what happens again.
func (r *traceReader) moment(at time.Time, text string, bad bool) {
	m := &r.trace.moments
	if n := len(*m); n == 0 || (*m)[n-1].text != text {
		*m = append(*m, moment{at, text, bad})
	}
}

// Explain adds to handshakes what the trace has about them.
func (t *Trace) Explain(handshakes []Handshake) {
	for i := range handshakes {
		h := &handshakes[i]
		for j := range h.Datagrams {
			t.explain(h, &h.Datagrams[j])
		}
		for _, m := range t.moments {
			next := i+1 < len(handshakes) && !m.at.Before(handshakes[i+1].began)
			if at := m.at.Sub(h.began); at >= 0 && !next {
				h.Ours = append(h.Ours, Moment{at, m.text, m.bad})
			}
		}
	}
}

func (t *Trace) explain(h *Handshake, d *Datagram) {
	if len(d.Records) == 0 {
		return
	}
	var best *told
	var far time.Duration
	for _, a := range t.datagrams[datagramKey{d.From, d.Size, d.Records[0].Epoch, d.Records[0].Number}] {
		if distance := a.at.Sub(h.began.Add(d.At)).Abs(); !a.matched && (best == nil || distance < far) {
			best, far = a, distance
		}
	}
	if best == nil {
		return
	}
	best.matched = true
	d.Cause, d.Dropped = best.cause, best.dropped
	if taken := best.at.Sub(h.began); taken > d.At {
		d.Taken = taken
	}
	for i := range d.Records {
		r := &d.Records[i]
		r.Inside = best.inside[recordKey{r.Epoch, r.Number}]
	}
}
