package dtlstransport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestABadRecordDoesNotHideThoseBehindIt(t *testing.T) { // REC-02, REC-03
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		forged := other.seal(t, record.TypeApplicationData, []byte("forged"))
		forged[len(forged)-1] ^= 1
		replayed := other.seal(t, record.TypeApplicationData, []byte("first"))
		s.inject(e, replayed)
		bad := [][]byte{forged, replayed, plainRecord(record.TypeApplicationData, 0, 9, []byte("plain")), plainRecord(99, 1, 9, []byte("type")),
			plainRecord(record.TypeApplicationData, 7, 9, []byte("epoch")), append([]byte{23, 3, 3}, plainRecord(23, 1, 9, []byte("version"))[3:]...)}
		for i, b := range bad {
			text := fmt.Sprintf("behind %d", i)
			s.inject(e, append(bytes.Clone(b), other.seal(t, record.TypeApplicationData, []byte(text))...))
			if n := len(e.received); n != i+2 || string(e.received[n-1]) != text {
				t.Errorf("behind bad record %d: received %q", i, e.received)
			}
		}
	})
}

// "Implementations MUST NOT send zero-length fragments of Handshake, Alert, or
// ChangeCipherSpec content types. Zero-length fragments of Application data MAY be
// sent". RFC 5246, Section 6.2.1.
func TestEmptyRecordsAreDroppedButForData(t *testing.T) { // REC-06
	s := newQuickScene(t)
	s.start()
	for _, e := range []*end{s.client, s.server} {
		for _, typ := range []record.ContentType{record.TypeChangeCipherSpec, record.TypeAlert, record.TypeHandshake, record.TypeApplicationData} {
			before := e.Stats()
			s.inject(e, plainRecord(typ, 0, 1000, nil))
			after := e.Stats()
			if e.hs.ccsSeen || e.hs.hints != nil || e.err != nil || before.Dropped == after.Dropped {
				t.Errorf("%s: %v of no bytes counts: %v", e.name, typ, e.err)
			}
		}
	}
	s.connect()
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		for _, typ := range []record.ContentType{record.TypeChangeCipherSpec, record.TypeAlert, record.TypeHandshake} {
			sent := e.datagrams
			s.inject(e, other.seal(t, typ, nil))
			if e.err != nil || e.datagrams != sent {
				t.Errorf("%v of no bytes: error %v, %d answers", typ, e.err, e.datagrams-sent)
			}
		}
		s.inject(e, other.seal(t, record.TypeApplicationData, nil))
		if len(e.received) > 0 || e.Stats().RecordsDelivered > 0 {
			t.Errorf("empty data is delivered: %q", e.received)
		}
		s.checkTraffic(t)
	})
}

// A first hello may come in a record of version 1.0 (RFC 6347, Section 4.2.1),
// nothing else in any other version than 1.2.
func TestRecordsOfOtherVersionsAreDropped(t *testing.T) { // REC-08
	withVersion := func(b []byte, version uint16) []byte {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint16(b[1:], version)
		return b
	}
	for _, test := range []struct {
		version uint16
		taken   bool
	}{{record.Version10, true}, {record.Version12, true}, {0, false}, {0x0303, false}, {0xfefc, false}, {0xfefe, false}, {0xffff, false}} {
		s := newQuickScene(t)
		s.instead = func(to *end, n int, b []byte) [][]byte {
			if to == s.server && n == 0 {
				b = withVersion(b, test.version)
			}
			return [][]byte{b}
		}
		s.start()
		s.rest(sceneDelay)
		if answered := s.server.datagrams > 0; answered != test.taken || s.server.err != nil {
			t.Errorf("hello in a record of version %#04x: answered %v, error %v", test.version, answered, s.server.err)
		}
		if n := s.server.Stats().Dropped[DropVersion]; (n == 0) != test.taken {
			t.Errorf("version %#04x: %d counted", test.version, n)
		}
		if !s.run(time.Second, s.bothConnected) {
			t.Errorf("version %#04x: client %v, server %v", test.version, s.client.err, s.server.err)
		}
	}
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		for _, version := range []uint16{record.Version10, 0x0303, 0xfefc} {
			sealed, err := other.write[1].Append(nil, record.TypeApplicationData, version, []byte("of another version"))
			if err != nil {
				t.Fatal(err)
			}
			s.inject(e, sealed)
		}
		if n := e.Stats().Dropped[DropVersion]; n != 3 || len(e.received) > 0 {
			t.Errorf("%d counted, received %q", n, e.received)
		}
	})
}

// There are two epochs and never more; the second is read as soon as it has keys,
// and waits for them within bounds before.
func TestEpochsBeyondTheFirstAreDropped(t *testing.T) { // REC-11, REC-17
	far := func(s *scene, e *end) {
		t.Helper()
		dropped := e.Stats().Dropped[DropEpoch]
		for _, epoch := range []uint16{2, 3, 0x100, 0xffff} {
			b := make([]byte, 1000)
			for seq := range uint64(100) {
				s.inject(e, plainRecord(record.TypeHandshake, epoch, seq, b))
			}
		}
		if n := e.Stats().Dropped[DropEpoch] - dropped; n != 400 || e.hs != nil && len(e.hs.early) > 0 || len(e.early) > 0 {
			t.Errorf("%s: %d of 400 counted", e.name, n)
		}
	}
	s := newQuickScene(t)
	s.start()
	for !s.bothConnected() {
		far(s, s.client)
		far(s, s.server)
		if !s.step(s.now.Add(time.Second)) {
			t.Fatalf("client %v, server %v", s.client.err, s.server.err)
		}
	}
	far(s, s.client)
	far(s, s.server)
	s.checkTraffic(t)
	if s.client.epoch != 1 || s.server.epoch != 1 || len(s.client.write) != 2 {
		t.Errorf("epochs %d and %d", s.client.epoch, s.server.epoch)
	}
	// Nor does a record that says another epoch than that of its keys open.
	for _, epoch := range []uint16{0, 2, 3} {
		b := s.client.seal(t, record.TypeApplicationData, []byte("moved"))
		binary.BigEndian.PutUint16(b[3:], epoch)
		s.inject(s.server, b)
	}
	if len(s.server.received) != 1 {
		t.Errorf("received %q", s.server.received)
	}
}

// "[...] implementations MUST accept packets from the old epoch until the
// handshake has completed" (after RFC 6347, Section 4.1): here the first part of the
// client's flight arrives once more, and the rest of it for the first time, when the
// server has keys.
func TestTheOldEpochIsOpenUntilTheHandshakeIsOver(t *testing.T) { // REC-12
	s := newQuickScene(t)
	var flight5 []byte
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to == s.server && n == 1 {
			flight5 = bytes.Clone(b)
			// Without ChangeCipherSpec, which is in epoch 0 too.
			var clear []byte
			for rest := b; len(rest) > 0; {
				r, more, _ := record.Next(rest)
				if r.Type == record.TypeHandshake && r.Number.Epoch == 0 {
					clear = append(clear, r.Raw...)
				}
				rest = more
			}
			return [][]byte{clear}
		}
		return [][]byte{b}
	}
	s.start()
	if !s.run(time.Second, func() bool { return flight5 != nil }) || s.server.read == nil || s.server.connected {
		t.Fatalf("the server has no keys: %v", s.server.err)
	}
	s.inject(s.server, flight5)
	if !s.server.connected {
		t.Errorf("the rest of the flight does not count: %v", s.server.err)
	}
}

// Types that mean something only where an extension was negotiated, or in DTLS 1.3,
// mean nothing, also from the genuine peer.
func TestProtectedRecordsOfUnknownTypesAreDropped(t *testing.T) { // REC-07, REC-36, REC-39
	testEnds(t, func(t *testing.T, s *scene, e, other *end) {
		sent := e.datagrams
		for i, typ := range []record.ContentType{0, 19, 24, 26, 64, 255} {
			s.inject(e, other.seal(t, typ, []byte{1, 0xff, 0xff, 'x'}))
			if n := e.Stats().Dropped[DropContentType]; n != uint64(i+1) {
				t.Errorf("type %d: %d counted", typ, n)
			}
		}
		if e.err != nil || len(e.received) > 0 || e.datagrams != sent {
			t.Errorf("error %v, received %q, %d answers", e.err, e.received, e.datagrams-sent)
		}
		s.checkTraffic(t)
	})
}

// "The length MUST NOT exceed 2^14." RFC 6347, Section 4.1, of records in the clear.
func TestLargePlaintextIsDropped(t *testing.T) { // REC-05
	s := newQuickScene(t)
	s.start()
	for _, e := range []*end{s.client, s.server} {
		for i, n := range []int{record.MaxPlaintext, record.MaxPlaintext + 1, record.MaxCiphertext} {
			s.inject(e, plainRecord(record.TypeHandshake, 0, 1000, make([]byte, n)))
			if got := e.Stats().Dropped[DropOversize]; got != uint64(i) || e.err != nil {
				t.Errorf("%s: %d counted after a record of %d bytes, error %v", e.name, got, n, e.err)
			}
		}
	}
	s.connect()
}

// A record is read in one place of one datagram: its halves are nothing.
func TestARecordIsInOneDatagram(t *testing.T) { // REC-01, REC-04
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	for _, at := range []int{5, record.HeaderLen, record.HeaderLen + wire.HeaderLen, 60} {
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.instead = func(to *end, n int, b []byte) [][]byte {
			if to == s.server && n == 0 {
				return [][]byte{b[:at], b[at:]}
			}
			return [][]byte{b}
		}
		s.start()
		s.rest(sceneDelay)
		if s.server.datagrams > 0 || s.server.err != nil || s.server.Stats().Dropped[DropFraming] == 0 {
			t.Errorf("a hello cut at %d: %d answers, error %v", at, s.server.datagrams, s.server.err)
		}
		if !s.run(time.Second, s.bothConnected) {
			t.Errorf("a hello cut at %d: client %v, server %v", at, s.client.err, s.server.err)
		}
	}
}

// "[...] sequence numbers [...] are maintained separately for each epoch" (after
// RFC 6347, Section 4.1): whatever numbers the first had, the second begins with 0.
func TestEachEpochCountsForItself(t *testing.T) { // REC-09, REC-22
	s := newQuickScene(t)
	first := map[*end]uint64{}
	s.before = func(to *end, _ int, b []byte) [][]byte {
		for len(b) > 0 {
			r, rest, _ := record.Next(b)
			if _, ok := first[to]; r.Number.Epoch == 1 && !ok {
				first[to] = r.Number.Seq
			}
			b = rest
		}
		return [][]byte{plainRecord(record.TypeAlert, 0, 500, []byte{alertWarning, 90}), plainRecord(record.TypeAlert, 0, 1<<48-1, []byte{alertWarning, 90})}
	}
	s.connect()
	if len(first) != 2 || first[s.client] != 0 || first[s.server] != 0 {
		t.Errorf("first record numbers in epoch 1: %v and %v", first[s.client], first[s.server])
	}
	if n := s.client.Stats().Dropped[DropReplayed] + s.server.Stats().Dropped[DropReplayed]; n > 0 {
		t.Errorf("%d records are taken for replays", n)
	}
	s.checkTraffic(t)
}

// A hello outlives its reassembly, in the transcript, and so has a bound of its own.
func TestAClientHelloHasABound(t *testing.T) { // HS-38
	for length, kept := range map[uint32]bool{maxClientHello: true, maxClientHello + 1: false, 32 << 10: false} {
		s := newQuickScene(t)
		s.server.note(s.server.Start(s.now))
		h := wire.Header{Type: wire.TypeClientHello, Length: length, FragmentLength: 200}
		s.inject(s.server, plainFragment(h, make([]byte, 200)))
		if holds := s.server.hs.inbox[0].Held() > 0; holds != kept || s.server.err != nil {
			t.Errorf("a hello of %d bytes: kept %v, error %v", length, holds, s.server.err)
		}
		if n := s.server.Stats().Dropped[DropOversize]; (n == 0) != kept {
			t.Errorf("a hello of %d bytes: %d counted", length, n)
		}
	}
}
