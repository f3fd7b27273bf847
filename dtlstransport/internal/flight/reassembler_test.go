package flight

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// cut returns the header of the n bytes from offset of a message.
func cut(seq uint16, typ wire.HandshakeType, length, offset, n int) wire.Header {
	return wire.Header{Type: typ, Seq: seq, Length: uint32(length), FragmentOffset: uint32(offset), FragmentLength: uint32(n)}
}

// addCut gives the n bytes from offset of a message to r.
func addCut(r *Reassembler, seq uint16, typ wire.HandshakeType, body []byte, offset, n int) Outcome {
	return r.Add(cut(seq, typ, len(body), offset, n), body[offset:offset+n])
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func wantMessage(t testing.TB, r *Reassembler, seq uint16, typ wire.HandshakeType, body []byte) {
	t.Helper()
	gotType, got, ok := r.Message(seq)
	if !ok || gotType != typ || !bytes.Equal(got, body) {
		t.Fatalf("message %d: %v, %v of %d bytes, want %v of %d bytes", seq, ok, gotType, len(got), typ, len(body))
	}
}

func wantNoMessage(t testing.TB, r *Reassembler, seq uint16) {
	t.Helper()
	if _, _, ok := r.Message(seq); ok {
		t.Fatalf("message %d is complete", seq)
	}
}

func wantOutcome(t testing.TB, what string, got, want Outcome) {
	t.Helper()
	if got != want {
		t.Errorf("%s: outcome %d, want %d", what, got, want)
	}
}

func TestAnyFragmentationInAnyOrderGivesTheMessage(t *testing.T) { // HS-05
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		body := randomBytes(r, 1+r.IntN(600))
		// Pieces of 1 to 64 bytes at random places, until every byte is covered;
		// then all of them in another order, some of them twice.
		type span struct{ offset, n int }
		var spans []span
		covered := make([]bool, len(body))
		for left := len(body); left > 0; {
			offset := r.IntN(len(body))
			n := min(1+r.IntN(64), len(body)-offset)
			spans = append(spans, span{offset, n})
			for i := offset; i < offset+n; i++ {
				if !covered[i] {
					covered[i] = true
					left--
				}
			}
		}
		spans = append(spans, spans[:len(spans)/4]...)
		r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })

		in := Reassembler{FirstWins: seed%2 == 0}
		have := make([]bool, len(body))
		for _, s := range spans {
			novel := false
			for i := s.offset; i < s.offset+s.n; i++ {
				novel = novel || !have[i]
				have[i] = true
			}
			got, want := addCut(&in, 0, wire.TypeCertificate, body, s.offset, s.n), Repeated
			if novel {
				want = Kept
			}
			if got != want {
				t.Fatalf("seed %d: outcome %d of %v, want %d", seed, got, s, want)
			}
			complete := !bytes.Contains(boolBytes(have), []byte{0})
			if _, _, ok := in.Message(0); ok != complete {
				t.Fatalf("seed %d: complete %v, want %v", seed, ok, complete)
			}
		}
		wantMessage(t, &in, 0, wire.TypeCertificate, body)
		if want := len(body) + pieceCost; in.Held() != want { // nothing is spare in the end
			t.Fatalf("seed %d: holds %d bytes for a message of %d", seed, in.Held(), len(body))
		}
	}
}

func boolBytes(have []bool) []byte {
	b := make([]byte, len(have))
	for i, h := range have {
		if h {
			b[i] = 1
		}
	}
	return b
}

func TestTwoCutsOfOneMessageFitTogether(t *testing.T) { // HS-05
	// Firefox 153 cuts a hello of 1461 bytes at 1383, and at 1163 when that is not
	// answered; a receiver may have any of the four parts.
	body := randomBytes(rand.New(rand.NewPCG(1, 1)), 1461)
	parts := [][2]int{{0, 1383}, {1383, 78}, {0, 1163}, {1163, 298}}
	for have := range 16 {
		var in Reassembler
		for i, p := range parts {
			if have&(1<<i) != 0 {
				addCut(&in, 0, wire.TypeClientHello, body, p[0], p[1])
			}
		}
		head, tail := have&5, have&10
		if whole := head != 0 && tail != 0 && have != 4|2; whole {
			wantMessage(t, &in, 0, wire.TypeClientHello, body)
		} else {
			wantNoMessage(t, &in, 0) // 1163 to 1383 is missing, or more
		}
	}
}

func TestMessagesAreToldApartByTheirNumber(t *testing.T) { // HS-07
	var in Reassembler
	a, b := bytes.Repeat([]byte{1}, 100), bytes.Repeat([]byte{2}, 100)
	for offset := 0; offset < 100; offset += 10 {
		wantOutcome(t, "first message", addCut(&in, 0, wire.TypeCertificate, a, offset, 10), Kept)
		wantOutcome(t, "second message", addCut(&in, 1, wire.TypeCertificate, b, 90-offset, 10), Kept)
	}
	wantMessage(t, &in, 0, wire.TypeCertificate, a)
	wantMessage(t, &in, 1, wire.TypeCertificate, b)
}

func TestContradictionsAreNeverMerged(t *testing.T) { // HS-06, HS-07
	genuine := bytes.Repeat([]byte{1}, 100)
	altered := bytes.Clone(genuine)
	altered[30] ^= 0x80
	for name, forged := range map[string]struct {
		typ  wire.HandshakeType
		body []byte
		n    int // bytes from offset 0
	}{
		"another type":               {wire.TypeCertificateVerify, genuine, 50},
		"a longer message":           {wire.TypeCertificate, bytes.Repeat([]byte{1}, 200), 50},
		"a shorter message":          {wire.TypeCertificate, bytes.Repeat([]byte{1}, 99), 50},
		"an empty message":           {wire.TypeCertificate, nil, 0},
		"an overlapping byte":        {wire.TypeCertificate, altered, 50},
		"the whole, altered":         {wire.TypeCertificate, altered, 100},
		"the last byte they overlap": {wire.TypeCertificate, altered, 31},
	} {
		for _, firstWins := range []bool{true, false} {
			in := Reassembler{FirstWins: firstWins}
			addCut(&in, 0, wire.TypeCertificate, genuine, 30, 70)
			held := in.Held()
			wantOutcome(t, name, addCut(&in, 0, forged.typ, forged.body, 0, forged.n), Contradicting)
			if firstWins {
				// What came first is as it was.
				if in.Held() != held {
					t.Errorf("%s: holds %d bytes, held %d", name, in.Held(), held)
				}
				wantNoMessage(t, &in, 0)
				wantOutcome(t, name, addCut(&in, 0, wire.TypeCertificate, genuine, 0, 30), Kept)
				wantMessage(t, &in, 0, wire.TypeCertificate, genuine)
				continue
			}
			// What came last is all there is, until it is contradicted in turn: no
			// forged fragment keeps the genuine message out.
			if typ, body, ok := in.Message(0); ok && (typ != forged.typ || !bytes.Equal(body, forged.body)) {
				t.Errorf("%s: merged into %x", name, body)
			}
			if want := forged.n + pieceCost; in.Held() != want {
				t.Errorf("%s: holds %d bytes of %d", name, in.Held(), want)
			}
			wantOutcome(t, name, addCut(&in, 0, wire.TypeCertificate, genuine, 0, 100), Contradicting)
			wantMessage(t, &in, 0, wire.TypeCertificate, genuine)
		}
	}
}

func TestFragmentsThatOnlyTouchDoNotContradict(t *testing.T) { // HS-06
	body := randomBytes(rand.New(rand.NewPCG(2, 2)), 90)
	var in Reassembler
	for _, offset := range []int{60, 0, 30} {
		wantOutcome(t, "fragment", addCut(&in, 0, wire.TypeFinished, body, offset, 30), Kept)
	}
	wantMessage(t, &in, 0, wire.TypeFinished, body)
}

func TestFragmentsOfZeroLengthDoNothing(t *testing.T) { // HS-08
	body := []byte("body")
	var in Reassembler
	for range 1000 {
		for _, offset := range []int{0, 2, 4} {
			wantOutcome(t, "before", addCut(&in, 3, wire.TypeCertificate, body, offset, 0), Repeated)
		}
	}
	if in.Held() != 0 || in.Holds(3) {
		t.Errorf("holds %d bytes", in.Held())
	}
	addCut(&in, 3, wire.TypeCertificate, body, 0, 4)
	wantOutcome(t, "of another type", in.Add(cut(3, wire.TypeFinished, 9, 1, 0), nil), Repeated)
	wantMessage(t, &in, 3, wire.TypeCertificate, body)
}

func TestMessagesOfZeroLengthAreMessages(t *testing.T) { // HS-08
	var in Reassembler
	wantNoMessage(t, &in, 0)
	wantOutcome(t, "done", in.Add(cut(0, wire.TypeServerHelloDone, 0, 0, 0), nil), Kept)
	wantMessage(t, &in, 0, wire.TypeServerHelloDone, nil)
	wantOutcome(t, "done again", in.Add(cut(0, wire.TypeServerHelloDone, 0, 0, 0), nil), Repeated)
	wantOutcome(t, "of another type", in.Add(cut(0, wire.TypeHelloRequest, 0, 0, 0), nil), Contradicting)
	wantMessage(t, &in, 0, wire.TypeHelloRequest, nil)
}

func TestWindowOfMessages(t *testing.T) { // HS-03, HS-04
	for _, next := range []uint16{0, 1, 5, 11, 12, 13, 1000, 65535 - Window, 65530, 65535} {
		var in Reassembler
		in.Consume(next)
		if in.Next() != next {
			t.Fatalf("Next is %d, want %d", in.Next(), next)
		}
		body := []byte("body")
		for seq := range 1 << 16 {
			got, want := addCut(&in, uint16(seq), wire.TypeFinished, body, 0, 4), Kept
			switch {
			case seq < int(next):
				want = Old
			case seq >= int(next)+Window:
				want = Ahead
			}
			_, _, ok := in.Message(uint16(seq))
			if got != want || ok != (want == Kept) || in.Holds(uint16(seq)) != ok {
				t.Fatalf("next %d, message %d: outcome %d, complete %v, want %d", next, seq, got, ok, want)
			}
		}
		if limit := Window * (pieceCost + len(body)); in.Held() > limit {
			t.Errorf("next %d: holds %d bytes, more than %d", next, in.Held(), limit)
		}
	}
}

func TestConsumeForgetsWhatIsBelow(t *testing.T) { // HS-10
	var in Reassembler
	for seq := range uint16(Window) {
		addCut(&in, seq, wire.TypeFinished, []byte{byte(seq)}, 0, 1)
	}
	in.Consume(5)
	in.Consume(3) // no way back
	wantOutcome(t, "old message", addCut(&in, 4, wire.TypeFinished, []byte{9}, 0, 1), Old)
	for seq := range uint16(2 * Window) {
		if want := seq >= 5 && seq < Window; in.Holds(seq) != want {
			t.Errorf("message %d: held %v, want %v", seq, !want, want)
		}
	}
	wantMessage(t, &in, 5, wire.TypeFinished, []byte{5})
	in.Forget(5)
	in.Forget(4)
	wantNoMessage(t, &in, 5)
	wantOutcome(t, "forgotten message", addCut(&in, 5, wire.TypeFinished, []byte("again"), 0, 5), Kept)
	wantMessage(t, &in, 5, wire.TypeFinished, []byte("again"))
	in.Consume(1000)
	if in.Held() != 0 {
		t.Errorf("holds %d bytes of nothing", in.Held())
	}
}

func TestFragmentsAreCopied(t *testing.T) {
	var in Reassembler
	b := []byte("fragment")
	addCut(&in, 0, wire.TypeFinished, b, 0, 8)
	clear(b)
	wantMessage(t, &in, 0, wire.TypeFinished, []byte("fragment"))
}

// The list of pieces and a copy of each message, for a flight that comes whole.
func TestWholeMessagesCostACopyEach(t *testing.T) {
	body := make([]byte, 300)
	if n := testing.AllocsPerRun(50, func() {
		var in Reassembler
		for seq := range uint16(firstPieces) {
			addCut(&in, seq, wire.TypeCertificate, body, 0, len(body))
		}
		in.Restart(0)
		addCut(&in, 0, wire.TypeCertificate, body, 0, len(body))
	}); n != 1+firstPieces+1 {
		t.Errorf("%v allocations", n)
	}
}

func TestClaimedLengthsCostNothing(t *testing.T) { // HS-09, HS-38
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const associations = 1000
	in := make([]Reassembler, associations)
	before := heap()
	for i := range in {
		for seq := range uint16(Window) {
			wantOutcome(t, "claim of 2^24-1 bytes", in[i].Add(cut(seq, wire.TypeCertificate, 1<<24-1, 0, 1), []byte{1}), Oversize)
			wantOutcome(t, "claim of a byte too much", in[i].Add(cut(seq, wire.TypeCertificate, MaxMessage+1, 0, 1), []byte{1}), Oversize)
			wantOutcome(t, "claim of the most", in[i].Add(cut(seq, wire.TypeCertificate, MaxMessage, int(seq), 1), []byte{1}), Kept)
		}
	}
	// 12 bytes came for each and their bookkeeping is paid for in Held.
	each := int(heap()-before) / associations
	if held := in[0].Held(); each > held || held > Window*(pieceCost+1) {
		t.Errorf("%d bytes for each association, which says %d", each, held)
	}
	runtime.KeepAlive(in)
}

func TestLimitMovesTheBoundsOfAReassembler(t *testing.T) {
	for _, limit := range []int{4 << 10, 100 << 10} {
		in := Reassembler{Limit: limit}
		in.Restart(7)
		body := randomBytes(rand.New(rand.NewPCG(3, 4)), limit+1)
		wantOutcome(t, "a byte too much", in.Add(cut(7, wire.TypeCertificate, limit+1, 0, 1), body[:1]), Oversize)
		for offset := 0; offset < limit; offset += 1024 {
			wantOutcome(t, "a fragment", in.Add(cut(7, wire.TypeCertificate, limit, offset, 1024), body[offset:offset+1024]), Kept)
		}
		if _, got, ok := in.Message(7); !ok || !bytes.Equal(got, body[:limit]) {
			t.Errorf("a message of %d bytes does not come through", limit)
		}
	}
}

func TestLargestMessageComesThroughInEveryOrder(t *testing.T) { // HS-05, HS-38
	body := randomBytes(rand.New(rand.NewPCG(3, 3)), MaxMessage)
	for _, size := range []int{100, 500, 1150, 1423, 16 << 10} {
		var offsets []int
		for offset := 0; offset < len(body); offset += size {
			offsets = append(offsets, offset)
		}
		every := func(step int) (order []int) {
			for start := range step {
				for i := start; i < len(offsets); i += step {
					order = append(order, offsets[i])
				}
			}
			return order
		}
		backwards := make([]int, len(offsets))
		for i, offset := range offsets {
			backwards[len(offsets)-1-i] = offset
		}
		orders := map[string][]int{"in order": offsets, "backwards": backwards}
		if size >= 1150 {
			orders["even ones first"], orders["every third first"] = every(2), every(3)
		}
		// Strands that all grow at their ends have something spare each.
		for _, strands := range []int{2, 5, 8} {
			var order []int
			each := (len(offsets) + strands - 1) / strands
			for i := range each {
				for at := i; at < len(offsets); at += each {
					order = append(order, offsets[at])
				}
			}
			orders[fmt.Sprint("in strands: ", strands)] = order
		}
		for name, order := range orders {
			var in Reassembler
			for _, offset := range order {
				n := min(size, len(body)-offset)
				if got := addCut(&in, 0, wire.TypeCertificate, body, offset, n); got != Kept {
					t.Fatalf("%d bytes each, %s: outcome %d at %d, holding %d", size, name, got, offset, in.Held())
				}
				if in.Held() > in.maxHeld() {
					t.Fatalf("%d bytes each, %s: holds %d bytes", size, name, in.Held())
				}
			}
			wantMessage(t, &in, 0, wire.TypeCertificate, body)
		}
	}
}

func TestRestartAwaitsConsumedMessagesAgain(t *testing.T) {
	for _, firstWins := range []bool{false, true} {
		r := Reassembler{FirstWins: firstWins}
		add := func(seq uint16, body string) Outcome {
			return r.Add(wire.Header{Type: wire.TypeCertificate, Seq: seq, Length: uint32(len(body)), FragmentLength: uint32(len(body))}, []byte(body))
		}
		add(2, "two")
		add(5, "five")
		r.Consume(4)
		if got := add(2, "two"); got != Old {
			t.Fatalf("a consumed message is %v", got)
		}
		r.Restart(2)
		if r.Held() != 0 || r.Next() != 2 || r.FirstWins != firstWins || r.Holds(5) {
			t.Errorf("after Restart: held %d, next %d", r.Held(), r.Next())
		}
		if got := add(2, "other"); got != Kept {
			t.Errorf("the message is %v when it comes again", got)
		}
		if _, body, ok := r.Message(2); !ok || string(body) != "other" {
			t.Errorf("Message = %q, %v", body, ok)
		}
	}
}
