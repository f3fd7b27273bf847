package mux

import (
	"bytes"
	"net"
	"testing"
)

// A doorLink is a Pusher whose datagrams a test delivers.
type doorLink struct{ deliver func(b []byte) }

func (l *doorLink) Push(deliver func(b []byte), _ func(error)) { l.deliver = deliver }
func (l *doorLink) Read([]byte) (int, error)                   { return 0, net.ErrClosed }
func (l *doorLink) Write(b []byte) (int, error)                { return len(b), nil }
func (l *doorLink) Close() error                               { return nil }

// FuzzMux delivers any datagrams, some before anybody has attached. Each is given to its class's handler once, as
// it came, or counted as dropped.
func FuzzMux(f *testing.F) {
	f.Add([]byte("\x16\xfe\xfd dtls \x00"), []byte("\x80\x60 media"), []byte("\x00\x01\x00\x00\x21\x12\xa4\x42 stun 12345"), byte(1))
	f.Add([]byte{}, []byte{5}, []byte{200, 1}, byte(2))
	f.Add([]byte("\x81\xc8\x00\x01"), []byte("\x40\x00"), bytes.Repeat([]byte{0x14}, 3000), byte(0))
	f.Fuzz(func(t *testing.T, a, b, c []byte, early byte) {
		link := new(doorLink)
		m := New(link, nil)
		got := map[Class][][]byte{}
		attach := func() {
			for class := Class(1); class < numClasses; class++ {
				m.Handle(func(b []byte) { got[class] = append(got[class], bytes.Clone(b)) }, class)
			}
		}
		datagrams := [][]byte{a, b, c}
		for i, d := range datagrams {
			if i == int(early%4) {
				attach()
			}
			link.deliver(bytes.Clone(d))
		}
		if early%4 == 3 {
			attach()
		}
		delivered := uint64(0)
		for class, all := range got {
			for _, d := range all {
				delivered++
				if Classify(d) != class {
					t.Errorf("%x is %v, and was given to %v", d, Classify(d), class)
				}
				if !bytes.Equal(d, a) && !bytes.Equal(d, b) && !bytes.Equal(d, c) {
					t.Errorf("%x was never sent", d)
				}
			}
		}
		s := m.Stats()
		if delivered+s.Dropped() != uint64(len(datagrams)) {
			t.Errorf("%d delivered, %d dropped, of %d", delivered, s.Dropped(), len(datagrams))
		}
		_ = m.Close()
	})
}
