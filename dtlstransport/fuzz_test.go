package dtlstransport

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// The configurations of FuzzEngine, as bits of its first byte.
const (
	fuzzCookies     = 1 << iota
	fuzzWrongClient // the client expects another certificate
	fuzzWrongServer // the server expects another certificate
	fuzzLate        // neither knows a fingerprint until it is told
	fuzzConformance
	fuzzSmall // datagrams of 300 bytes
)

// FuzzEngine lets the input decide what happens to a pair: which datagrams
// arrive, altered or not, what is forged, how time passes and what the
// application calls. Both roles are driven through their public methods alone.
func FuzzEngine(f *testing.F) {
	deliver := bytes.Repeat([]byte{0, 0, 0}, 8)
	for flags := range byte(64) {
		f.Add(append([]byte{flags}, deliver...))
	}
	f.Add(append([]byte{0, 1, 3, 7, 0, 0, 0, 3, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, deliver...))
	f.Add(append([]byte{0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 2, 1, 9, 4, 8, 0}, deliver...))
	f.Add(append(append([]byte{fuzzLate}, deliver...), 4, 0, 0, 4, 1, 0, 4, 4, 0, 4, 5, 0, 0, 0, 0, 0, 0, 0))
	f.Add(append(append([]byte{0}, deliver...), 4, 2, 1, 4, 3, 2, 0, 0, 0, 2, 4, 0, 2, 5, 0, 5, 16, 200))
	f.Add(append(append([]byte{0}, deliver...), 4, 2, 0, 0, 0, 0, 2, 1, 4, 2, 0, 4, 4, 3, 0, 0, 0, 0, 2, 0, 5, 7, 254, 5))
	f.Add([]byte{fuzzCookies, 6, 0, 0, 3, 255, 0, 3, 255, 0, 7, 0, 9, 7, 1, 40})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 || len(program) > 600 {
			return
		}
		z := newFuzzed(t, program[0])
		z.start()
		for program = program[1:]; len(program) >= 3; program = program[3:] {
			z.do(program[0], program[1], program[2])
			z.check(z.client)
			z.check(z.server)
		}
	})
}

// fuzzed is a pair in the hands of a fuzzer.
type fuzzed struct {
	*pair
	flags byte
	seen  [][]byte // all datagrams so far, of both directions
	sent  map[string]bool
	errs  map[*end]error // the first error of each end
}

func newFuzzed(t *testing.T, flags byte) *fuzzed {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	if flags&fuzzCookies != 0 {
		server.Cookies = NewCookies()
	}
	if flags&fuzzWrongClient != 0 {
		client.RemoteFingerprints = strangers(t)
	}
	if flags&fuzzWrongServer != 0 {
		server.RemoteFingerprints = strangers(t)
	}
	if flags&fuzzLate != 0 {
		flags &^= fuzzWrongClient | fuzzWrongServer // until they are told so
		client.RemoteFingerprints, server.RemoteFingerprints = nil, nil
	}
	client.Conformance, server.Conformance = flags&fuzzConformance != 0, flags&fuzzConformance != 0
	if flags&fuzzSmall != 0 {
		client.MaxDatagramSize, server.MaxDatagramSize = 300, 300
	}
	z := &fuzzed{pair: newPair(t, client, server, netsim.Config{Delay: 10 * time.Millisecond}), flags: flags,
		sent: map[string]bool{}, errs: map[*end]error{}}
	z.tap = func(b []byte) { z.seen = append(z.seen, bytes.Clone(b)) }
	return z
}

// wrong reports whether e must never connect.
func (z *fuzzed) wrong(e *end) bool {
	if e == z.client {
		return z.flags&fuzzWrongClient != 0
	}
	return z.flags&fuzzWrongServer != 0
}

func (z *fuzzed) side(x byte) *end {
	if x&1 == 0 {
		return z.client
	}
	return z.server
}

// handle hands b to an end.
func (z *fuzzed) handle(to *end, b []byte) {
	to.note(to.HandleDatagram(z.now, b))
	z.flush(to)
}

func (z *fuzzed) do(op, x, y byte) {
	e := z.side(x)
	switch op % 8 {
	case 0: // What is next happens.
		z.step(z.now.Add(time.Hour))
	case 1: // The next datagram arrives with a byte changed.
		if d, b, ok := z.next(); ok {
			b[(int(x)<<8|int(y))%len(b)] ^= y | 1
			z.handle(z.to(d), b)
		}
	case 2: // A datagram from before comes again, to whomever.
		if len(z.seen) > 0 {
			z.handle(e, bytes.Clone(z.seen[int(y)%len(z.seen)]))
		}
	case 3: // Time passes, and nobody looks at the clock until its end.
		z.now = z.now.Add(time.Duration(x) * 20 * time.Millisecond)
		for _, e := range []*end{z.client, z.server} {
			z.timeout(e)
		}
	case 4:
		z.call(e, x>>1, y)
	case 5: // A record, forged.
		body := bytes.Repeat([]byte{y}, int(y)%90)
		z.handle(e, plainRecord(record.ContentType(20+x>>1%6), uint16(x>>4)%4, uint64(y)<<40, body))
	case 6: // The next datagram is lost.
		z.next()
	case 7: // A datagram from before, cut short or changed in a place of x's choice.
		if len(z.seen) > 0 {
			b := bytes.Clone(z.seen[int(y)%len(z.seen)])
			if x&2 == 0 {
				b = b[:int(x>>2)*len(b)/64]
			} else {
				b[int(x>>2)*len(b)/64] ^= y | 1
			}
			z.handle(e, b)
		}
	}
}

// next takes the next datagram off the link.
func (z *fuzzed) next() (netsim.Direction, []byte, bool) {
	at := z.link.NextArrival()
	if at.IsZero() {
		return 0, nil, false
	}
	if at.After(z.now) {
		z.now = at
	}
	return z.link.Receive(z.now, nil)
}

func (z *fuzzed) to(d netsim.Direction) *end {
	if d == netsim.AtoB {
		return z.server
	}
	return z.client
}

// timeout calls HandleTimeout until nothing is due, which is to be soon: an
// application that obeys Deadline must not spin (RTX-10).
func (z *fuzzed) timeout(e *end) {
	for range 4 {
		e.note(e.HandleTimeout(z.now))
		z.flush(e)
		if d := e.Deadline(); d.IsZero() || d.After(z.now) {
			return
		}
	}
	z.t.Fatalf("%s: deadline %v after four timeouts at %v", e.name, e.Deadline().Sub(epochZero), z.now.Sub(epochZero))
}

// call is what an application may do.
func (z *fuzzed) call(e *end, what, y byte) {
	switch what % 8 {
	case 0:
		set := fingerprint.Set{testCertificate(z.t, fingerprint.ECDSAP256).Fingerprint()}
		if y&1 != 0 {
			set = strangers(z.t)
			if len(e.remote) == 0 {
				z.flags |= map[*end]byte{z.client: fuzzWrongClient, z.server: fuzzWrongServer}[e]
			}
		}
		if err := e.SetRemote(z.now, set); err != nil && err != ErrRemoteSet {
			e.note(err)
		}
	case 1:
		message := fmt.Sprintf("%s %d", e.name, len(z.sent))
		if b, err := e.AppendApplicationData(nil, []byte(message)); err == nil {
			if !e.connected {
				z.t.Fatalf("%s: sends before it is connected", e.name)
			}
			z.sent[message] = true
			z.tap(b)
			z.link.Send(z.now, e.direction, b)
		}
	case 2:
		if y%4 == 0 {
			_ = e.Close(z.now)
		}
	case 3:
		e.SetMaxDatagramSize(int(y) * 8)
	case 4:
		if _, err := e.ExportKeyingMaterial("EXPORTER-fuzz", nil, int(y)); err == nil && !e.connected {
			z.t.Fatalf("%s: exports before it is connected", e.name)
		}
	case 5:
		e.SetInitialTimeout(time.Duration(y) * 10 * time.Millisecond)
	case 6:
		z.timeout(e)
	case 7:
		e.SetRTT(time.Duration(y) * time.Millisecond)
	}
	z.flush(e)
}

// check looks for what must never be.
func (z *fuzzed) check(e *end) {
	t := z.t
	if z.wrong(e) && (e.connected || e.ConnectionState().Connected) {
		t.Fatalf("%s: connected with a wrong certificate", e.name)
	}
	for _, b := range e.received {
		if !z.sent[string(b)] {
			t.Fatalf("%s: received %q, which nobody sent or which came twice", e.name, b)
		}
		delete(z.sent, string(b))
	}
	e.received = nil
	if e.largest > max(DefaultMaxDatagramSize, 255*8) {
		t.Fatalf("%s: a datagram of %d bytes", e.name, e.largest)
	}
	if err := z.errs[e]; err != nil {
		// The first error stays, nothing is awaited, and nothing is said any more.
		if e.Err() != err {
			t.Fatalf("%s: error %v after %v", e.name, e.Err(), err)
		}
		if !e.Deadline().IsZero() || e.ConnectionState().Connected {
			t.Fatalf("%s: lives on after %v", e.name, err)
		}
	}
	z.errs[e] = e.Err()
	if n := heldBy(e.Engine); n > maxHalfOpen {
		t.Fatalf("%s: holds %d bytes", e.name, n)
	}
}

// heldBy returns how much an engine holds of what others sent, in bytes.
func heldBy(e *Engine) int {
	n := 0
	for _, b := range e.early {
		n += len(b)
	}
	if h := e.hs; h != nil {
		n += h.inbox[0].Held() + h.inbox[1].Held() + cap(h.transcript.messages)
		for _, b := range h.early {
			n += len(b)
		}
	}
	return n
}
