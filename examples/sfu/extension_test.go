package main

import (
	"bytes"
	"testing"
)

// extended is packet with a header extension of that profile and elements, padded to whole words.
func extended(profile [2]byte, elements []byte, b []byte) []byte {
	for len(elements)%4 != 0 {
		elements = append(elements, 0)
	}
	e := append([]byte{profile[0], profile[1], 0, byte(len(elements) / 4)}, elements...)
	head := append([]byte(nil), b[:rtpHeader]...)
	head[0] |= 0x10
	return append(append(head, e...), b[rtpHeader:]...)
}

var (
	oneByte = [2]byte{0xbe, 0xde}
	twoByte = [2]byte{0x10, 0x00}
)

func TestAnExtensionIsFoundByItsID(t *testing.T) {
	for _, test := range []struct {
		name     string
		profile  [2]byte
		elements []byte
		want     []byte
	}{
		{"alone", oneByte, []byte{0x31, 1, 2}, []byte{1, 2}},
		{"behind another and padding", oneByte, []byte{0x10, 9, 0, 0, 0x31, 1, 2}, []byte{1, 2}},
		{"in the long form", twoByte, []byte{1, 0, 3, 2, 1, 2}, []byte{1, 2}},
		{"of another id", oneByte, []byte{0x41, 1, 2}, nil},
		{"behind the end", oneByte, []byte{0xf0, 0, 0x31, 1, 2}, nil},
		{"cut off", oneByte, []byte{0, 0, 0, 0x31}, nil},
		{"of another profile", [2]byte{1, 2}, []byte{0x31, 1, 2}, nil},
	} {
		b := extended(test.profile, test.elements, packet(96, 7, 77, "video"))
		if got := extension(b, 3); !bytes.Equal(got, test.want) {
			t.Errorf("%s: %x, want %x", test.name, got, test.want)
		}
		if got := withoutExtensions(b); !bytes.Equal(got, packet(96, 7, 77, "video")) {
			t.Errorf("%s: without it %x", test.name, got)
		}
	}
	if b := packet(96, 7, 77, "video"); extension(b, 3) != nil || !bytes.Equal(withoutExtensions(b), packet(96, 7, 77, "video")) {
		t.Error("a packet without any")
	}
}

func FuzzExtensions(f *testing.F) {
	f.Add(extended(oneByte, []byte{0x31, 1, 2}, packet(96, 7, 77, "video")), uint8(3))
	f.Add(extended(twoByte, []byte{3, 2, 1, 2}, packet(96, 7, 77, "video")), uint8(3))
	f.Add([]byte{0x9f, 96, 0, 0}, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, id uint8) {
		n := len(extensions(b))
		if len(extension(b, id)) > n {
			t.Error("an element is larger than all of them")
		}
		head := append([]byte(nil), b[:min(len(b), rtpHeader)]...)
		if got := withoutExtensions(b); len(got) != len(b)-n || n > 0 && (extensions(got) != nil || !bytes.Equal(got[1:rtpHeader], head[1:])) {
			t.Errorf("%d bytes of %d, with extensions of %d", len(got), len(b), n)
		}
	})
}
