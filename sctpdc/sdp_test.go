package sctpdc

import (
	"errors"
	"math"
	"testing"
	"time"
)

// SCTP-33
func TestMaxMessageSizeAttributeIsReadAsRFC8841Says(t *testing.T) {
	for _, test := range []struct {
		attribute string
		want      int // 0: an error
	}{
		{"", 65536}, {"0", -1}, {"1", 1}, {"262144", 262144}, {"a=max-message-size:262144", 262144}, {"a=max-message-size:0", -1},
		{"1073741823", 1073741823}, {"4294967295", math.MaxInt32}, {"99999999999999999999999", math.MaxInt32}, {"000", -1},
		{"-1", 0}, {"+1", 0}, {"1k", 0}, {"a=max-message-size:", 0}, {"1 2", 0}, {"0x10", 0},
	} {
		got, err := ParseMaxMessageSize(test.attribute)
		if got != test.want || (err != nil) != (test.want == 0) {
			t.Errorf("%q: %d, %v; want %d", test.attribute, got, err, test.want)
		}
	}
	for _, n := range []int{0, 1, 1 << 20} {
		c := &Config{MaxMessageSize: n}
		want := max(n, defaultMaxMessageSize*(1-min(n, 1)))
		if got, err := ParseMaxMessageSize(c.MaxMessageSizeAttribute()); got != want || err != nil {
			t.Errorf("our own %q: %d, %v", c.MaxMessageSizeAttribute(), got, err)
		}
	}
}

// SCTP-33
func TestPeerMaxMessageSizeMayBecomeKnownLater(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		sends := func(size int) bool {
			t.Helper()
			err := c.SendBinary(within(t, time.Minute), make([]byte, size))
			var e *MessageSizeError
			if err != nil && !errors.As(err, &e) {
				t.Fatal(err)
			}
			if err == nil {
				if m, err := d.Receive(within(t, time.Minute)); err != nil || len(m.Data) != size {
					t.Fatalf("received %d bytes, %v", len(m.Data), err)
				}
			}
			return err == nil
		}
		for _, step := range []struct{ announced, largest int }{{0, 65536}, {100_000, 100_000}, {10, 10}, {0, 65536}} {
			p.client.SetPeerMaxMessageSize(step.announced)
			if !sends(step.largest) || sends(step.largest+1) {
				t.Errorf("announced %d: the limit is not %d", step.announced, step.largest)
			}
		}
		p.client.SetPeerMaxMessageSize(-1)
		if !sends(200_000) {
			t.Error("no limit announced, and one kept")
		}
	})
}

func FuzzParseMaxMessageSize(f *testing.F) {
	for _, s := range []string{"", "0", "65536", "a=max-message-size:262144", "99999999999999999999", "-1", "1 2", "a=max-message-size:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, attribute string) {
		n, err := ParseMaxMessageSize(attribute)
		switch {
		case err != nil && n != 0, err == nil && n == 0, n < -1, n > math.MaxInt32:
			t.Errorf("%q: %d, %v", attribute, n, err)
		case n > 0:
			c := Config{MaxMessageSize: n}
			if again, err := ParseMaxMessageSize(c.MaxMessageSizeAttribute()); again != n || err != nil {
				t.Errorf("%q is %d, which is written as %q", attribute, n, c.MaxMessageSizeAttribute())
			}
		}
	})
}
