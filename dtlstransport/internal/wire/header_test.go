package wire

import (
	"bytes"
	"errors"
	"testing"
)

func TestFragmentsAreInsideTheirMessageAndTheirRecord(t *testing.T) { // HS-01
	const max = MaxMessageLen
	for _, test := range []struct {
		name                    string
		length, offset, fragLen uint32
		present                 int // bytes behind the header
		ok                      bool
	}{
		{"whole message", 5, 0, 5, 5, true},
		{"first part", 5, 0, 3, 3, true},
		{"last part", 5, 3, 2, 2, true},
		{"followed by another", 5, 3, 2, 40, true},
		{"nothing of nothing", 0, 0, 0, 0, true},
		{"nothing at the start", 5, 0, 0, 0, true},
		{"nothing at the end", 5, 5, 0, 0, true},
		{"end of the largest message", max, max - 1, 1, 1, true},
		{"one byte behind the end", 5, 3, 3, 3, false},
		{"offset behind the end", 5, 6, 0, 0, false},
		{"fragment of an empty message", 0, 0, 1, 1, false},
		{"sum of 2^24", max, max, 1, 1, false},
		{"sum that would wrap 24 bits", 5, max, max, 5, false},
		{"one byte missing", 5, 0, 5, 4, false},
		{"all bytes missing", max, 0, max, 0, false},
	} {
		b := AppendHeader(nil, Header{TypeCertificate, test.length, 7, test.offset, test.fragLen})
		if len(b) != HeaderLen {
			t.Fatalf("header of %d bytes", len(b))
		}
		b = append(b, numbered(test.present)...)
		h, fragment, rest, err := ParseFragment(b)
		if !test.ok {
			if !errors.Is(err, ErrDecode) || fragment != nil || rest != nil || h != (Header{}) {
				t.Errorf("%s: %v, %d and %d bytes, %v; want ErrDecode and nothing else", test.name, h, len(fragment), len(rest), err)
			}
			continue
		}
		if want := (Header{TypeCertificate, test.length, 7, test.offset, test.fragLen}); err != nil || h != want {
			t.Errorf("%s: %v, %v; want %v", test.name, h, err, want)
		}
		if !bytes.Equal(fragment, b[HeaderLen:HeaderLen+int(test.fragLen)]) || !bytes.Equal(rest, b[HeaderLen+int(test.fragLen):]) {
			t.Errorf("%s: fragment %x, rest %x", test.name, fragment, rest)
		}
	}
}

func TestShortHandshakeHeadersAreErrors(t *testing.T) { // HS-01
	for n := range HeaderLen {
		if _, _, _, err := ParseFragment(make([]byte, n)); !errors.Is(err, ErrDecode) {
			t.Errorf("%d bytes: %v, want ErrDecode", n, err)
		}
	}
}

func TestHeaderIsLaidOutAsInTheRFC(t *testing.T) { // HS-01
	got := AppendHeader([]byte{0xee}, Header{TypeClientKeyExchange, 0x010203, 0x0405, 0x000708, 0x00090a})
	want := []byte{0xee, 16, 1, 2, 3, 4, 5, 0, 7, 8, 0, 9, 10}
	if !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestARecordOfManyZeroLengthFragmentsParsesInOrderWithoutAllocating(t *testing.T) { // HS-08
	var b []byte
	const count = 1000
	for i := range uint32(count) {
		b = AppendHeader(b, Header{TypeServerKeyExchange, count, uint16(i), i, 0})
	}
	allocs := testing.AllocsPerRun(10, func() {
		rest := b
		for i := range uint32(count) {
			h, fragment, next, err := ParseFragment(rest)
			if err != nil || len(fragment) != 0 || h.FragmentOffset != i || h.Seq != uint16(i) {
				t.Fatalf("fragment %d: %v, %d bytes, %v", i, h, len(fragment), err)
			}
			rest = next
		}
		if len(rest) != 0 {
			t.Fatalf("%d bytes left", len(rest))
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func FuzzParseFragment(f *testing.F) {
	f.Add(AppendHeader(nil, Header{Type: TypeServerHelloDone}))
	f.Add(append(AppendHeader(nil, Header{TypeFinished, 12, 4, 3, 5}), "some bytes"...))
	f.Add(AppendHeader(nil, Header{TypeCertificate, MaxMessageLen, 0xffff, MaxMessageLen, 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, fragment, rest, err := ParseFragment(b)
		if err != nil {
			checkError(t, err)
			return
		}
		if h.FragmentOffset+h.FragmentLength > h.Length || int(h.FragmentLength) != len(fragment) {
			t.Errorf("%+v with %d bytes", h, len(fragment))
		}
		again := append(append(AppendHeader(nil, h), fragment...), rest...)
		if !bytes.Equal(again, b) {
			t.Errorf("%x came back as %x", b, again)
		}
	})
}
