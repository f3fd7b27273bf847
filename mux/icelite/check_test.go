package icelite

import (
	"bytes"
	"testing"

	"github.com/pion/stun"
)

var someone = Credentials{"abcd", "0123456789012345678901"}

func TestACheckIsReadUpToItsIntegrity(t *testing.T) {
	behind := build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:them"), priority,
		stun.NewShortTermIntegrity(someone.Password), useCandidate,
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}, stun.Fingerprint)
	twice := build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:them"), stun.NewUsername("other:them"),
		priority, stun.NewShortTermIntegrity(someone.Password), stun.Fingerprint)
	for _, test := range []struct {
		name       string
		b          []byte
		authentic  bool
		nominating bool
		controlled bool
	}{
		{"plain", binding(someone), true, false, false},
		{"nominating", binding(someone, useCandidate), true, true, false},
		{"of a controlled agent", binding(someone, stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}), true, false, true},
		{"with attributes that anybody has added", behind, true, false, false},
		{"with two user names", twice, true, false, false},
		{"with another password", binding(Credentials{"abcd", "x123456789012345678901"}), false, false, false},
		{"without integrity", build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:them"), priority, stun.Fingerprint), false, false, false},
		{"without fingerprint", build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:them"), priority, stun.NewShortTermIntegrity(someone.Password)), false, false, false},
	} {
		var c check
		if !c.decode(test.b) {
			t.Errorf("%s: not decoded", test.name)
			continue
		}
		local, remote, ok := c.ufrags()
		if !ok || string(local) != "abcd" || string(remote) != "them" {
			t.Errorf("%s: for %q by %q", test.name, local, remote)
		}
		if got := c.authentic(someone.Password); got != test.authentic {
			t.Errorf("%s: authentic %v", test.name, got)
		}
		if c.useCandidate != test.nominating || c.controlled != test.controlled {
			t.Errorf("%s: nominating %v, controlled %v", test.name, c.useCandidate, c.controlled)
		}
	}
}

func TestAFlippedBitIsNotAuthentic(t *testing.T) {
	b := binding(someone, useCandidate)
	for i := range 8 * len(b) {
		flipped := bytes.Clone(b)
		flipped[i/8] ^= 1 << (i % 8)
		var c check
		if c.decode(flipped) && c.authentic(someone.Password) {
			t.Errorf("bit %d", i)
		}
	}
}

func TestAnAuthenticCheckIsAnsweredAsTheRFCsSay(t *testing.T) {
	for _, test := range []struct {
		name string
		b    []byte
		code stun.ErrorCode
	}{
		{"good", binding(someone), 0},
		{"unknown attribute", binding(someone, stun.RawAttribute{Type: 0x7777, Value: []byte{1}}), stun.CodeUnknownAttribute},
		{"unknown attribute that may be ignored", binding(someone, stun.RawAttribute{Type: 0xc057, Value: []byte{1, 2, 3, 4}}), 0},
		{"no priority", build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:them"),
			stun.NewShortTermIntegrity(someone.Password), stun.Fingerprint), stun.CodeBadRequest},
		{"controlled", binding(someone, stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}), stun.CodeRoleConflict},
	} {
		var c check
		if !c.decode(test.b) || !c.authentic(someone.Password) {
			t.Fatalf("%s: not authentic", test.name)
		}
		b, ok := c.answer(bob)
		m := &stun.Message{Raw: b}
		if err := m.Decode(); err != nil {
			t.Fatal(err)
		}
		if ok != (test.code == 0) || code(m) != test.code {
			t.Errorf("%s: %v, code %d, want %d", test.name, ok, code(m), test.code)
		}
		if m.TransactionID != c.message.TransactionID || stun.NewShortTermIntegrity(someone.Password).Check(m) != nil || stun.Fingerprint.Check(m) != nil {
			t.Errorf("%s: the response is not authentic", test.name)
		}
		if ok {
			var x stun.XORMappedAddress
			if err := x.GetFrom(m); err != nil || x.Port != 2000 || !x.IP.Equal(bob.Addr().AsSlice()) {
				t.Errorf("%s: mapped %v, %v", test.name, x, err)
			}
		}
	}
}

// Most checks are those that renew the consent: thousands a second on a large server.
func TestAnsweringACheckAllocatesNothing(t *testing.T) {
	const n = 40
	least := func(f func()) float64 { // pools are emptied at times
		least := testing.AllocsPerRun(1, f)
		for range n - 1 {
			least = min(least, testing.AllocsPerRun(1, f))
		}
		return least
	}
	inBubble(t, nil, func(h *harness) {
		p := h.peer()
		b := binding(p.Credentials(), useCandidate)
		h.conn.mute = true // it would copy
		got := least(func() {
			now := h.now()
			h.hold(now)
			h.sockets[0].take(now, train{alice, b, len(b)})
			h.release()
		})
		// The race detector has pion/stun allocate for each of its two sums.
		m, key := &stun.Message{Raw: append(make([]byte, 0, 1000), b...)}, stun.NewShortTermIntegrity(p.Credentials().Password)
		if err := m.Decode(); err != nil {
			t.Fatal(err)
		}
		sums := least(func() {
			key.Check(m)
			key.Check(m)
		})
		if s := h.Stats(); got > sums || s.Checks != 2*n || s.Sends != 2*n {
			t.Errorf("%v allocations, of which %v are the sums'; %+v", got, sums, s)
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add(binding(someone))
	f.Add(binding(someone, useCandidate, stun.RawAttribute{Type: 0x7777, Value: []byte{1}}))
	f.Add([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 8, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		var c check
		if !c.decode(b) {
			return
		}
		c.ufrags()
		if c.authentic("a password that is in no seed") {
			t.Error("authentic")
		}
		if r := c.refusal(stunUnauthorized); len(r) == 0 || len(r) > 60 {
			t.Errorf("a refusal of %d bytes", len(r))
		}
		if !bytes.Equal(b, before) {
			t.Error("the datagram was changed")
		}
	})
}
