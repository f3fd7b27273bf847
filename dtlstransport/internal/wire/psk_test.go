package wire

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// pskCodecs are the key exchange messages of the suites with pre-shared keys, which share
// their types with those of ECDHE.
var pskCodecs = map[string]codec{
	"ServerKeyExchange": {parserOf(func(b []byte) (*PSKServerKeyExchange, error) { return ParsePSKServerKeyExchange(b, false) }), []appender{
		&PSKServerKeyExchange{Hint: []byte{}}, &PSKServerKeyExchange{Hint: numbered(300)},
	}},
	"ServerKeyExchange, ephemeral": {parserOf(func(b []byte) (*PSKServerKeyExchange, error) { return ParsePSKServerKeyExchange(b, true) }), []appender{
		&PSKServerKeyExchange{Hint: []byte{}, Group: 29, PublicKey: numbered(32)}, &PSKServerKeyExchange{Hint: numbered(300), Group: 23, PublicKey: numbered(65)},
	}},
	"ClientKeyExchange": {parserOf(func(b []byte) (*PSKClientKeyExchange, error) { return ParsePSKClientKeyExchange(b, false) }), []appender{
		&PSKClientKeyExchange{Identity: []byte{}}, &PSKClientKeyExchange{Identity: numbered(300)},
	}},
	"ClientKeyExchange, ephemeral": {parserOf(func(b []byte) (*PSKClientKeyExchange, error) { return ParsePSKClientKeyExchange(b, true) }), []appender{
		&PSKClientKeyExchange{Identity: []byte{}, PublicKey: numbered(32)}, &PSKClientKeyExchange{Identity: numbered(300), PublicKey: numbered(65)},
	}},
}

func TestPSKMessagesHaveOneForm(t *testing.T) {
	for name, c := range pskCodecs {
		for _, m := range c.examples {
			body := m.Append(nil)
			if parsed, err := c.parse(body); err != nil || !bytes.Equal(parsed.Append(nil), body) {
				t.Errorf("%s %x: %v", name, body, err)
			}
			for n := range body {
				if _, err := c.parse(body[:n]); err == nil {
					t.Errorf("%s: %d of %d bytes parse", name, n, len(body))
				}
			}
			if _, err := c.parse(append(body, 0)); err == nil {
				t.Errorf("%s: parses with a byte behind it", name)
			}
		}
	}
}

func TestPSKMessagesAreThoseOfTheRFC(t *testing.T) {
	for want, m := range map[string]appender{
		"0002" + "6869":                     &PSKServerKeyExchange{Hint: []byte("hi")},
		"0002" + "6869" + "03001d" + "0109": &PSKServerKeyExchange{Hint: []byte("hi"), Group: 29, PublicKey: []byte{9}},
		"0002" + "6d65":                     &PSKClientKeyExchange{Identity: []byte("me")},
		"0002" + "6d65" + "0109":            &PSKClientKeyExchange{Identity: []byte("me"), PublicKey: []byte{9}},
	} {
		if got := hex.EncodeToString(m.Append(nil)); got != want {
			t.Errorf("%+v: %s, want %s", m, got, want)
		}
	}
	if _, err := ParsePSKServerKeyExchange([]byte{0, 0, 1, 0, 29, 1, 9}, true); err == nil {
		t.Error("another curve_type than named_curve is accepted")
	}
}

func FuzzParsePSKMessages(f *testing.F) {
	for _, c := range pskCodecs {
		for _, m := range c.examples {
			f.Add(m.Append(nil))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range pskCodecs {
			c.check(t, body)
		}
	})
}
