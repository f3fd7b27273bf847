package mux

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// wantClass is the table of RFC 7983, Section 7, as amended by RFC 9443, Section 3, and RFC 5761,
// Section 4, written down a second time, as conditions.
func wantClass(b []byte) Class {
	if len(b) == 0 {
		return Unknown
	}
	first := b[0]
	if first < 4 {
		return STUN
	}
	if first > 15 && first < 20 {
		return ZRTP
	}
	if first > 19 && first < 64 {
		return DTLS
	}
	if first > 63 && first < 80 {
		return TURNChannel
	}
	if first > 79 && first < 128 || first > 191 {
		return QUIC
	}
	if first>>6 == 2 { // version 2 of RTP and RTCP
		if len(b) > 1 && b[1]&0x7f >= 64 && b[1]&0x7f <= 95 && b[1]&0x80 != 0 {
			return RTCP
		}
		return RTP
	}
	return Unknown
}

// MUX-01, MUX-02
func TestFirstByteDecidesTheClass(t *testing.T) {
	counts := make(map[Class]int)
	for first := range 256 {
		b := []byte{byte(first), 0}
		got := Classify(b)
		if want := wantClass(b); got != want {
			t.Errorf("first byte %d: got %v, want %v", first, got, want)
		}
		if alone := Classify(b[:1]); alone != got {
			t.Errorf("first byte %d alone: got %v, want %v", first, alone, got)
		}
		counts[got]++
	}
	want := map[Class]int{STUN: 4, Unknown: 12, ZRTP: 4, DTLS: 44, TURNChannel: 16, QUIC: 48 + 64, RTP: 64}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("classes have %v first bytes, want %v", counts, want)
	}
}

// MUX-12
func TestSecondByteTellsRTCPFromRTP(t *testing.T) { // SRTP-17
	rtcp := 0
	for first := 128; first <= 191; first++ {
		for second := range 256 {
			b := []byte{byte(first), byte(second)}
			got := Classify(b)
			if want := wantClass(b); got != want {
				t.Errorf("bytes %d %d: got %v, want %v", first, second, got, want)
			}
			if got == RTCP {
				rtcp++
			}
		}
	}
	if rtcp != 64*32 {
		t.Errorf("%d pairs of bytes are RTCP, want %d", rtcp, 64*32)
	}
	for name, packet := range map[string][]byte{
		"sender report":             {0x80, 200},
		"receiver report":           {0x81, 201},
		"transport-wide feedback":   {0x8f, 205},
		"full intra request":        {0x84, 206},
		"extended report":           {0x80, 207},
		"FIR of RFC 2032":           {0x80, 192},
		"last of the reserved type": {0xbf, 223},
	} {
		if got := Classify(packet); got != RTCP {
			t.Errorf("%s: got %v, want RTCP", name, got)
		}
	}
	for name, packet := range map[string][]byte{
		"PCMU":                        {0x80, 0},
		"PCMU with marker":            {0x80, 0x80},
		"payload type 63 with marker": {0x90, 191},
		"payload type 96 with marker": {0x90, 224},
		"payload type 111":            {0x90, 111},
		"payload type 72, no marker":  {0x90, 72},
		"payload type 127 and marker": {0x90, 255},
	} {
		if got := Classify(packet); got != RTP {
			t.Errorf("%s: got %v, want RTP", name, got)
		}
	}
}

// MUX-04, API-01
func TestEmptyDatagramIsUnknown(t *testing.T) {
	for _, empty := range [][]byte{nil, {}} {
		if got := Classify(empty); got != Unknown {
			t.Errorf("got %v, want unknown", got)
		}
	}
}

func TestClassHasAName(t *testing.T) {
	seen := make(map[string]bool)
	for c := range Class(numClasses + 1) {
		if name := c.String(); name == "" || seen[name] {
			t.Errorf("class %d has the name %q, empty or used before", c, name)
		} else {
			seen[name] = true
		}
	}
}

func stunMessage(attributes ...byte) []byte {
	b := make([]byte, stunHeaderLen, stunHeaderLen+len(attributes))
	b[1] = 1 // Binding request
	binary.BigEndian.PutUint16(b[2:], uint16(len(attributes)))
	binary.BigEndian.PutUint32(b[4:], stunMagicCookie)
	return append(b, attributes...)
}

// MUX-06
func TestSTUNNeedsCookieAndLength(t *testing.T) {
	change := func(i int, v byte) []byte {
		b := stunMessage(0, 0x20, 0, 0)
		b[i] = v
		return b
	}
	for _, test := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"no attributes", stunMessage(), true},
		{"one attribute", stunMessage(0, 0x20, 0, 0), true},
		{"bytes behind the message", append(stunMessage(), 1, 2), true},
		{"other method", change(0, 3), true},
		{"cookie wrong", change(4, 0x20), false},
		{"cookie wrong in its last byte", change(7, 0x43), false},
		{"length too large", change(3, 8), false},
		{"length not a multiple of four", change(3, 2), false},
		{"first bits set", change(0, 0x40), false},
		{"first byte of DTLS", change(0, 22), false},
		{"DTLS", []byte{22, 0xfe, 0xfd, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false},
	} {
		if got := IsSTUN(test.b); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	whole := stunMessage(0, 0x20, 0, 4, 1, 2, 3, 4)
	for n := range whole {
		if IsSTUN(whole[:n]) {
			t.Errorf("the first %d of %d bytes are taken for STUN", n, len(whole))
		}
	}
}

func FuzzClassifyAgreesWithTheTable(f *testing.F) {
	f.Add([]byte{})
	f.Add(stunMessage(0, 0x20, 0, 0))
	f.Add([]byte{22, 0xfe, 0xfd})
	f.Add(append([]byte{48}, stunMessage()[1:]...)) // a DTLS first byte before a STUN header
	f.Add([]byte{0x80, 200, 0, 1})
	f.Add([]byte{0x80, 0x60, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := string(b)
		got := Classify(b)
		if want := wantClass(b); got != want {
			t.Errorf("% x: got %v, want %v", b[:min(len(b), 4)], got, want)
		}
		if len(b) > 2 && Classify(b[:2]) != got {
			t.Errorf("% x: more than two bytes matter", b[:4])
		}
		if IsSTUN(b) && got != STUN {
			t.Errorf("a STUN header of class %v", got)
		}
		if string(b) != kept {
			t.Error("Classify changed its argument")
		}
	})
}
