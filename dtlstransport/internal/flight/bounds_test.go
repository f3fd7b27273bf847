package flight

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// realMemory is what a Reassembler keeps alive, counted by hand.
func realMemory(r *Reassembler) int {
	n := int(unsafe.Sizeof(piece{})) * cap(r.pieces)
	for _, p := range r.pieces {
		n += cap(p.bytes)
	}
	return n
}

func checkHeld(t *testing.T, what string, r *Reassembler) {
	t.Helper()
	if r.Held() > r.maxHeld() || r.Held() < 0 {
		t.Fatalf("%s: holds %d bytes, bound %d", what, r.Held(), r.maxHeld())
	}
	cost := 0
	for i := range r.pieces {
		cost += r.pieces[i].cost()
	}
	if cost != r.Held() {
		t.Fatalf("%s: says %d bytes, holds %d", what, r.Held(), cost)
	}
	if real := realMemory(r); real > r.maxHeld()+4096 {
		t.Fatalf("%s: keeps %d bytes alive, says %d", what, real, r.Held())
	}
}

func TestHeldStaysBelowItsBoundUnderAttack(t *testing.T) { // HS-09
	chunk := bytes.Repeat([]byte{7}, 16<<10)
	attacks := map[string]func(r *rand.Rand, i int) (wire.Header, []byte){
		"single bytes with gaps": func(r *rand.Rand, i int) (wire.Header, []byte) {
			return cut(uint16(i%Window), wire.TypeCertificate, MaxMessage, i/Window*2%MaxMessage, 1), chunk[:1]
		},
		"the largest messages": func(r *rand.Rand, i int) (wire.Header, []byte) {
			return cut(uint16(i%Window), wire.TypeCertificate, MaxMessage, i/Window%2*len(chunk), len(chunk)), chunk
		},
		"one message, byte by byte": func(r *rand.Rand, i int) (wire.Header, []byte) {
			return cut(0, wire.TypeCertificate, MaxMessage, i%MaxMessage, 1), chunk[:1]
		},
		"pairs that make pieces grow": func(r *rand.Rand, i int) (wire.Header, []byte) {
			return cut(uint16(i/2%Window), wire.TypeCertificate, MaxMessage, i/2/Window*3%(MaxMessage-2)+i%2, 1), chunk[:1]
		},
		"pieces that one more joins": func(r *rand.Rand, i int) (wire.Header, []byte) {
			seq, k := uint16(i/401%Window), i%401
			if k == 400 {
				return cut(seq, wire.TypeCertificate, MaxMessage, 0, 800), chunk[:800]
			}
			return cut(seq, wire.TypeCertificate, MaxMessage, 2*k, 1), chunk[:1]
		},
		"contradictions": func(r *rand.Rand, i int) (wire.Header, []byte) {
			n := 1 + r.IntN(4000)
			return cut(uint16(i%Window), wire.HandshakeType(i), 20000+i%7, r.IntN(16000), n), chunk[:n]
		},
		"anything": func(r *rand.Rand, i int) (wire.Header, []byte) {
			length := 1 + r.IntN(MaxMessage)
			offset := r.IntN(length)
			n := min(r.IntN(1<<r.IntN(14)), length-offset)
			return cut(uint16(r.IntN(Window+2)), wire.TypeCertificate, length, offset, n), chunk[:n]
		},
		"anything of one length": func(r *rand.Rand, i int) (wire.Header, []byte) {
			offset := r.IntN(MaxMessage)
			n := min(r.IntN(1<<r.IntN(14)), MaxMessage-offset)
			return cut(uint16(r.IntN(Window)), wire.TypeCertificate, MaxMessage, offset, n), chunk[:n]
		},
	}
	for name, attack := range attacks {
		for _, firstWins := range []bool{false, true} {
			r := rand.New(rand.NewPCG(4, 4))
			in := Reassembler{FirstWins: firstWins}
			most := 0
			for i := range 20_000 {
				in.Add(attack(r, i))
				most = max(most, in.Held())
				if i%64 == 0 || i > 19_900 {
					checkHeld(t, name, &in)
				}
			}
			if most > MaxMessage+overMessage {
				t.Errorf("%s: held %d bytes at times", name, most)
			}
			if name != "contradictions" && most < 10_000 {
				t.Errorf("%s: held %d bytes at most, which is no attack", name, most)
			}
			// The genuine message gets in all the same, if the newest wins.
			if genuine := bytes.Repeat([]byte("genuine"), 400); !firstWins {
				for offset := 0; offset < len(genuine); offset += 1000 {
					addCut(&in, 1, wire.TypeCertificate, genuine, offset, min(1000, len(genuine)-offset))
				}
				wantMessage(t, &in, 1, wire.TypeCertificate, genuine)
			}
		}
	}
}

// A flight cut into pieces of two bytes, each overlapping the next, in any order:
// memory to spare for pieces that grow must not cost a message of the others.
func TestFlightInTheSmallestPiecesComesThroughInAnyOrder(t *testing.T) { // HS-05, HS-09
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		bodies := [][]byte{randomBytes(rnd, 80), randomBytes(rnd, 1000), randomBytes(rnd, 330), randomBytes(rnd, 60)}
		type at struct{ seq, offset int }
		var pieces []at
		for seq, body := range bodies {
			for offset := range len(body) - 1 {
				pieces = append(pieces, at{seq, offset}, at{seq, offset})
			}
		}
		rnd.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		r := new(Reassembler)
		for _, p := range pieces {
			addCut(r, uint16(p.seq), wire.TypeCertificate, bodies[p.seq], p.offset, 2)
			checkHeld(t, "small pieces", r)
		}
		for seq, body := range bodies {
			wantMessage(t, r, uint16(seq), wire.TypeCertificate, body)
		}
	}
}

func TestRoomIsMadeByTheLargestOtherMessage(t *testing.T) {
	var in Reassembler
	body := bytes.Repeat([]byte{1}, 20<<10)
	addCut(&in, 0, wire.TypeCertificate, body, 0, 16<<10)
	addCut(&in, 1, wire.TypeServerKeyExchange, body[:10<<10], 0, 10<<10)
	wantOutcome(t, "done", in.Add(cut(2, wire.TypeServerHelloDone, 0, 0, 0), nil), Kept)
	wantOutcome(t, "one more", addCut(&in, 3, wire.TypeCertificate, body, 0, 12<<10), Kept)
	want := func(want ...bool) {
		t.Helper()
		for seq, want := range want {
			if in.Holds(uint16(seq)) != want {
				t.Errorf("message %d: held %v, want %v", seq, !want, want)
			}
		}
	}
	want(false, true, true, true)
	// The message that grows is not the one that goes, although it is the largest.
	wantOutcome(t, "a little more", addCut(&in, 4, wire.TypeFinished, body[:12<<10], 0, 12<<10), Kept)
	wantOutcome(t, "the rest", addCut(&in, 3, wire.TypeCertificate, body, 12<<10, 8<<10), Kept)
	want(false, true, true, true, false)
	wantMessage(t, &in, 3, wire.TypeCertificate, body)
}

// naiveMessage is a message in the model of a Reassembler: every byte by itself.
type naiveMessage struct {
	typ    wire.HandshakeType
	length uint32
	bytes  map[int]byte
}

// FuzzReassembler compares with a model (HS-03 to HS-08). Its messages are small
// enough for the bound never to be reached; that is tested above.
func FuzzReassembler(f *testing.F) {
	f.Add(false, []byte{0, 1, 20, 0, 10, 0, 0, 1, 20, 10, 10, 0})
	f.Add(true, []byte{0, 1, 20, 0, 10, 0, 0, 1, 20, 5, 15, 1, 0, 2, 20, 10, 10, 0})
	f.Add(false, []byte{1, 1, 4, 0, 4, 0, 0xff, 2, 0, 0, 0, 0, 1, 1, 4, 0, 4, 0})
	f.Fuzz(func(t *testing.T, firstWins bool, steps []byte) {
		in := Reassembler{FirstWins: firstWins}
		model := map[uint16]*naiveMessage{}
		next := uint16(0)
		for range 100 {
			if len(steps) < 6 {
				break
			}
			s := steps[:6]
			steps = steps[6:]
			if s[0] == 0xff {
				if to := uint16(s[1]); to > next {
					next = to
				}
				in.Consume(uint16(s[1]))
				for seq := range model {
					if seq < next {
						delete(model, seq)
					}
				}
				continue
			}
			h := wire.Header{Seq: uint16(s[0]), Type: wire.HandshakeType(s[1] % 3), Length: uint32(s[2]), FragmentOffset: uint32(s[3])}
			h.FragmentLength = uint32(s[4])
			if h.FragmentOffset+h.FragmentLength > h.Length {
				continue // wire.ParseFragment refuses it
			}
			// Few values, so that fragments agree often enough.
			fragment := bytes.Repeat([]byte{s[5] & 1}, int(h.FragmentLength))

			want := Kept
			m := model[h.Seq]
			contradicts := m != nil && (m.typ != h.Type || m.length != h.Length)
			novel := m == nil
			for i, b := range fragment {
				if m == nil {
					break
				}
				had, ok := m.bytes[int(h.FragmentOffset)+i]
				contradicts = contradicts || ok && had != b
				novel = novel || !ok
			}
			switch {
			case h.Seq < next:
				want = Old
			case h.Seq-next >= Window:
				want = Ahead
			case len(fragment) == 0 && h.Length > 0:
				want = Repeated
			case contradicts:
				want = Contradicting
			case !novel:
				want = Repeated
			}
			if got := in.Add(h, fragment); got != want {
				t.Fatalf("%+v: outcome %d, want %d", h, got, want)
			}
			if want == Contradicting && !firstWins || want == Kept && m == nil {
				m = &naiveMessage{h.Type, h.Length, map[int]byte{}}
				model[h.Seq] = m
				want = Kept
			}
			if want == Kept {
				for i, b := range fragment {
					m.bytes[int(h.FragmentOffset)+i] = b
				}
			}
			for seq := range uint16(300) {
				m := model[seq]
				typ, body, ok := in.Message(seq)
				if in.Holds(seq) != (m != nil) || ok != (m != nil && len(m.bytes) == int(m.length)) {
					t.Fatalf("message %d: held %v, complete %v, model %+v", seq, in.Holds(seq), ok, m)
				}
				if !ok {
					continue
				}
				if typ != m.typ || len(body) != int(m.length) {
					t.Fatalf("message %d: %v of %d bytes, model %+v", seq, typ, len(body), m)
				}
				for i, b := range body {
					if m.bytes[i] != b {
						t.Fatalf("message %d differs at %d", seq, i)
					}
				}
			}
			if in.Held() > in.maxHeld() {
				t.Fatalf("holds %d bytes", in.Held())
			}
		}
		in.Consume(65535)
		if in.Held() != 0 {
			t.Errorf("holds %d bytes of nothing", in.Held())
		}
	})
}
