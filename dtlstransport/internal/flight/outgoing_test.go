package flight

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// handshakeMessage makes a message with n bytes of body.
func handshakeMessage(s *record.Sealer, typ wire.HandshakeType, seq uint16, n int) Message {
	b := wire.AppendHeader(nil, wire.Header{Type: typ, Seq: seq, Length: uint32(n), FragmentLength: uint32(n)})
	for i := range n {
		b = append(b, byte(i*7+int(seq)))
	}
	return Message{Sealer: s, Version: record.Version12, Type: record.TypeHandshake, Bytes: b}
}

// outgoingTest is a flight with everything in it and what is needed to read it.
type outgoingTest struct {
	t        testing.TB
	out      Outgoing
	messages []Message
	opener   *record.Opener
	next     [2]uint64 // the lowest record number that may come, by epoch
}

// newOutgoingTest returns a flight of messages of sizes that matter in epoch 0,
// a ChangeCipherSpec, and two in epoch 1.
func newOutgoingTest(t testing.TB) *outgoingTest {
	c := record.AES128GCM
	key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen())
	sealed, err := record.NewSealer(1, c, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	x := &outgoingTest{t: t}
	if x.opener, err = record.NewOpener(1, c, key, iv); err != nil {
		t.Fatal(err)
	}
	plain := new(record.Sealer)
	x.messages = []Message{
		handshakeMessage(plain, wire.TypeServerHello, 0, 70),
		handshakeMessage(plain, wire.TypeCertificate, 1, 2900),
		handshakeMessage(plain, wire.TypeServerHelloDone, 2, 0),
		handshakeMessage(plain, wire.TypeClientKeyExchange, 3, 1),
		handshakeMessage(plain, wire.TypeCertificateVerify, 4, 300),
		{Sealer: plain, Version: record.Version12, Type: record.TypeChangeCipherSpec, Bytes: []byte{1}},
		handshakeMessage(sealed, wire.TypeNewSessionTicket, 5, 400),
		handshakeMessage(sealed, wire.TypeFinished, 6, 12),
	}
	x.out.Begin(x.messages...)
	return x
}

// A sentRecord is what one record of a flight carries.
type sentRecord struct {
	epoch   uint16
	typ     record.ContentType
	header  wire.Header // of a handshake fragment
	content []byte
}

// datagrams sends the flight to its end, or stop datagrams of it if that is not 0.
func (x *outgoingTest) datagrams(limit, stop int) (datagrams [][]byte) {
	x.t.Helper()
	for x.out.Pending() && (stop == 0 || len(datagrams) < stop) {
		b, err := x.out.AppendDatagram([]byte("in front"), limit)
		if err != nil || len(b) == len("in front") {
			x.t.Fatalf("limit %d: %d bytes, %v", limit, len(b), err)
		}
		b, ok := bytes.CutPrefix(b, []byte("in front"))
		if !ok {
			x.t.Fatal("what was in front is overwritten")
		}
		datagrams = append(datagrams, b)
	}
	if stop != 0 {
		return datagrams
	}
	if b, err := x.out.AppendDatagram(nil, limit); len(b) > 0 || err != nil {
		x.t.Fatalf("limit %d: %d bytes behind the end, %v", limit, len(b), err)
	}
	return datagrams
}

// parse reads a datagram and checks that no record number is used twice.
func (x *outgoingTest) parse(b []byte) (records []sentRecord) {
	x.t.Helper()
	for len(b) > 0 {
		r, rest, ok := record.Next(b)
		if !ok {
			x.t.Fatalf("not a record: %x", b)
		}
		b = rest
		epoch := r.Number.Epoch
		if r.Number.Seq != x.next[epoch] {
			x.t.Fatalf("record %v, want number %d", r.Number, x.next[epoch])
		}
		x.next[epoch]++
		content := r.Body()
		if epoch == 1 {
			var err error
			if content, err = x.opener.Open(&r); err != nil {
				x.t.Fatal(err)
			}
		}
		s := sentRecord{epoch: epoch, typ: r.Type, content: content}
		if r.Type == record.TypeHandshake {
			h, fragment, more, err := wire.ParseFragment(content)
			if err != nil || len(more) > 0 {
				x.t.Fatalf("%v, %d bytes more", err, len(more))
			}
			s.header, s.content = h, fragment
		}
		records = append(records, s)
	}
	return records
}

func (x *outgoingTest) parseAll(datagrams [][]byte) (records []sentRecord) {
	for _, b := range datagrams {
		records = append(records, x.parse(b)...)
	}
	return records
}

// check puts the flight together again.
func (x *outgoingTest) check(limit int, records []sentRecord) {
	x.t.Helper()
	var inbox [2]Reassembler
	ccs := 0
	for _, r := range records {
		if r.typ == record.TypeChangeCipherSpec {
			ccs++
			if r.epoch != 0 || !bytes.Equal(r.content, []byte{1}) {
				x.t.Errorf("limit %d: ChangeCipherSpec %x in epoch %d", limit, r.content, r.epoch)
			}
			continue
		}
		if got := inbox[r.epoch].Add(r.header, r.content); got != Kept {
			x.t.Errorf("limit %d: %+v is sent for nothing: %d", limit, r.header, got)
		}
	}
	if ccs != 1 {
		x.t.Errorf("limit %d: %d ChangeCipherSpec", limit, ccs)
	}
	for _, m := range x.messages {
		if m.Type == record.TypeHandshake {
			h, body, _, _ := wire.ParseFragment(m.Bytes)
			wantMessage(x.t, &inbox[m.Sealer.Epoch()], h.Seq, h.Type, body)
		}
	}
}

// cuts are what is the same when a flight is sent again.
func cuts(records []sentRecord) (headers []wire.Header) {
	for _, r := range records {
		headers = append(headers, r.header)
	}
	return headers
}

func TestDatagramsAreFilledExactlyAndNeverPassTheLimit(t *testing.T) { // REC-34, HS-11, RTX-02
	for limit := 100; limit <= 1500; limit++ {
		x := newOutgoingTest(t)
		datagrams := x.datagrams(limit, 0)
		var all []sentRecord
		var parsed [][]sentRecord
		for _, b := range datagrams {
			parsed = append(parsed, x.parse(b))
			all = append(all, parsed[len(parsed)-1]...)
		}
		x.check(limit, all)
		for i, b := range datagrams {
			if len(b) > limit {
				t.Fatalf("limit %d: datagram of %d bytes", limit, len(b))
			}
			if i == len(datagrams)-1 {
				continue
			}
			// Where a message is cut, the datagram is full to the last byte. Where it
			// is not, not even a byte of the next message fits.
			last := parsed[i][len(parsed[i])-1]
			whole := last.header.FragmentOffset+last.header.FragmentLength == last.header.Length
			if !whole && len(b) != limit {
				t.Fatalf("limit %d: cut after %d bytes", limit, len(b))
			}
			first := parsed[i+1][0]
			least := record.HeaderLen + 1 // ChangeCipherSpec
			if first.typ == record.TypeHandshake {
				least = record.HeaderLen + wire.HeaderLen + min(1, int(first.header.Length))
			}
			if first.epoch == 1 {
				least += record.AES128GCM.Overhead() - record.HeaderLen
			}
			if len(b)+least <= limit {
				t.Fatalf("limit %d: %d bytes, the next record needs %d", limit, len(b), least)
			}
		}
	}
}

func TestFlightSentAgainIsCutAlikeUnderNewRecordNumbers(t *testing.T) { // RTX-02, HS-02
	for limit := 100; limit <= 1500; limit += 13 {
		x := newOutgoingTest(t)
		first := x.parseAll(x.datagrams(limit, 0))
		for again := range 3 {
			x.out.Rewind()
			if x.out.Sends() != again+2 {
				t.Errorf("sent %d times, want %d", x.out.Sends(), again+2)
			}
			records := x.parseAll(x.datagrams(limit, 0)) // parse checks the numbers
			if !slices.Equal(cuts(records), cuts(first)) {
				t.Fatalf("limit %d: cut as %v, then as %v", limit, cuts(first), cuts(records))
			}
			for i, r := range records {
				if r.epoch != first[i].epoch || r.typ != first[i].typ || !bytes.Equal(r.content, first[i].content) {
					t.Fatalf("limit %d: record %d is another", limit, i)
				}
			}
		}
	}
}

func TestRewindInTheMiddleBeginsWithTheFirstMessage(t *testing.T) { // RTX-02
	const limit = 333
	x := newOutgoingTest(t)
	want := cuts(x.parseAll(x.datagrams(limit, 0)))
	n := len(want)
	for stop := 1; stop < 12; stop++ {
		x.out.Rewind()
		x.parseAll(x.datagrams(limit, stop))
		x.out.Rewind()
		if got := cuts(x.parseAll(x.datagrams(limit, 0))); len(got) != n || !slices.Equal(got, want) {
			t.Fatalf("after %d datagrams: %v, want %v", stop, got, want)
		}
	}
}

func TestFlightIsCutAnewForAnotherLimit(t *testing.T) { // REC-35
	x := newOutgoingTest(t)
	x.check(1200, x.parseAll(x.datagrams(1200, 0)))
	x.out.Rewind()
	// Even between two datagrams of one sending.
	records := x.parseAll(x.datagrams(1200, 1))
	for _, b := range x.datagrams(400, 0) {
		if len(b) > 400 {
			t.Errorf("datagram of %d bytes", len(b))
		}
		records = append(records, x.parse(b)...)
	}
	x.check(400, records)
}

func TestLimitTooSmallForAnythingStillMakesProgress(t *testing.T) {
	for _, limit := range []int{-5, 0, 1, 13, 25, 26, 40} {
		x := newOutgoingTest(t)
		x.check(limit, x.parseAll(x.datagrams(limit, 0)))
	}
}

func TestRecordsHaveAtMostSixteenKilobytes(t *testing.T) { // REC-05
	x := newOutgoingTest(t)
	m := handshakeMessage(new(record.Sealer), wire.TypeCertificate, 0, MaxMessage)
	x.out.Begin(m)
	for _, r := range x.parseAll(x.datagrams(60_000, 0)) {
		if n := wire.HeaderLen + len(r.content); n > record.MaxPlaintext {
			t.Errorf("record of %d bytes", n)
		}
	}
}

func TestOutgoingHasNothingToSendBeforeBeginAndAfterDrop(t *testing.T) {
	var o Outgoing
	check := func(what string, sends int) {
		t.Helper()
		b, err := o.AppendDatagram([]byte("kept"), 1200)
		if o.Pending() || string(b) != "kept" || err != nil || o.Sends() != sends {
			t.Errorf("%s: pending %v, %x, %v, %d sends", what, o.Pending(), b, err, o.Sends())
		}
	}
	check("zero value", 0)
	o.Begin(handshakeMessage(new(record.Sealer), wire.TypeFinished, 0, 12))
	if !o.Pending() || o.Sends() != 1 {
		t.Errorf("pending %v, %d sends", o.Pending(), o.Sends())
	}
	o.Drop()
	check("dropped", 0)
}

func TestRecordThatCannotBeSealedIsAnError(t *testing.T) {
	x := newOutgoingTest(t)
	x.out.Begin(Message{Sealer: new(record.Sealer), Type: record.TypeChangeCipherSpec, Bytes: make([]byte, record.MaxPlaintext+1)})
	if b, err := x.out.AppendDatagram([]byte("kept"), 100); !errors.Is(err, record.ErrTooLarge) || string(b) != "kept" {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
}

func TestSendingAgainAllocatesNothing(t *testing.T) {
	x := newOutgoingTest(t)
	b := make([]byte, 0, 1200)
	send := func() {
		x.out.Rewind()
		for x.out.Pending() {
			b, _ = x.out.AppendDatagram(b[:0], 1200)
		}
	}
	send()
	if n := testing.AllocsPerRun(50, send); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Growing a slice is two allocations under the race detector.
func TestADatagramIsMadeInOnePiece(t *testing.T) {
	x := newOutgoingTest(t)
	if n := testing.AllocsPerRun(50, func() {
		x.out.Rewind()
		x.out.AppendDatagram(nil, 1<<16)
	}); n > 2 || x.out.Pending() {
		t.Errorf("%v allocations, pending %v", n, x.out.Pending())
	}
}

func BenchmarkSendFlight(b *testing.B) {
	x := newOutgoingTest(b)
	datagram := make([]byte, 0, 1200)
	b.ReportAllocs()
	for b.Loop() {
		x.out.Rewind()
		for x.out.Pending() {
			datagram, _ = x.out.AppendDatagram(datagram[:0], 1200)
		}
	}
}
