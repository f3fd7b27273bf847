package pionsrtp

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/pion/srtp/v2"

	"github.com/rtctransport/rtctransport/keying"
)

// SRTP-18: one index, one packet, also across rollovers, also when the payload is the same.
func TestSequenceNumberIsNotUsedTwice(t *testing.T) {
	for _, p := range allProfiles {
		sender, _ := pair(t, p, defaultLimits)
		for _, step := range []struct {
			sequence uint16
			want     error
		}{
			{65000, nil},
			{65000, keying.ErrIndexReused},
			{65010, nil},
			{65005, nil}, // A forwarder fills a gap.
			{65005, keying.ErrIndexReused},
			{5, nil}, // ROC 1
			{65535, nil},
			{65535, keying.ErrIndexReused},
			{65010, keying.ErrIndexReused},
			{5, keying.ErrIndexReused},
			{1500, nil},
			{400, keying.ErrIndexReused}, // Not used, but further back than is remembered.
			{34000, nil},
			{2000, keying.ErrIndexReused}, // ROC 1 still
			{65000, nil},                  // ROC 1: the same number as the first, another index.
		} {
			got, err := sender.ProtectRTP(nil, rtpPacket(1, step.sequence, "payload"))
			if err != step.want || (got == nil) != (err != nil) {
				t.Fatalf("%v: sequence number %d: %v, want %v", p, step.sequence, err, step.want)
			}
		}
		if _, err := sender.ProtectRTP(nil, rtpPacket(2, 65000, "payload")); err != nil {
			t.Errorf("%v: the number under another SSRC: %v", p, err)
		}
		if got := sender.Stats(); got.RTPProtected != 9 || got.ProtectRefused != 7 {
			t.Errorf("%v: %+v", p, got)
		}
	}
}

// The fault itself: a bare Context protects two packets with one key stream, and their payloads fall out of the difference.
func TestBareContextUsesAnIndexTwice(t *testing.T) {
	m := material(t, keying.SRTPAEADAES128GCM)
	bare, err := srtp.CreateContext(m.ClientKey, m.ClientSalt, srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		t.Fatal(err)
	}
	one, err := bare.EncryptRTP(nil, rtpPacket(1, 1, "secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := bare.EncryptRTP(nil, rtpPacket(1, 1, "banana"), nil)
	if err != nil {
		t.Fatal("a bare Context refuses a used index: is this shield still needed?")
	}
	leaked := make([]byte, 6)
	for i := range leaked {
		leaked[i] = one[12+i] ^ two[12+i] ^ "banana"[i]
	}
	if string(leaked) != "secret" {
		t.Fatalf("%q", leaked)
	}
}

// SRTP-18: an SSRC of ours that was evicted goes on above what it has used.
func TestEvictedSenderDoesNotReuseItsIndices(t *testing.T) {
	l := defaultLimits
	l.active, l.retired = 1, 1
	sender, _ := pair(t, keying.SRTPAEADAES128GCM, l)
	_, receiver := pair(t, keying.SRTPAEADAES128GCM, defaultLimits)
	for _, step := range []struct {
		ssrc     uint32
		sequence uint16
		want     error
	}{{1, 65535, nil}, {1, 10, nil}, {2, 5, nil}, {1, 10, keying.ErrIndexReused}, {1, 9, keying.ErrIndexReused}, {1, 11, nil}, {2, 6, nil}, {3, 1, keying.ErrTooManySources}, {2, 7, nil}} {
		packet, err := sender.ProtectRTP(nil, rtpPacket(step.ssrc, step.sequence, "payload"))
		if err != step.want {
			t.Fatalf("%+v: %v", step, err)
		}
		if err == nil {
			if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
				t.Fatalf("%+v: the receiver: %v", step, err)
			}
		}
	}
	// SRTCP indices go on as well: the receiver would call them replayed.
	for n := range 6 {
		report, err := sender.ProtectRTCP(nil, rtcpPacket(uint32(n%2), "four"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.UnprotectRTCP(nil, report); err != nil {
			t.Fatalf("report %d: %v", n, err)
		}
	}
}

// SRTP-09: the first of the two limits ends the key for both, for good.
func TestMasterKeyIsUsedUp(t *testing.T) {
	for _, test := range []struct{ rtp, rtcp uint64 }{{3, 1 << 31}, {1 << 48, 3}} {
		l := defaultLimits
		l.rtpPackets, l.rtcpPackets = test.rtp, test.rtcp
		sender, _ := pair(t, keying.SRTPAEADAES128GCM, l)
		limited := sender.ProtectRTP
		packet := func(n int) []byte { return rtpPacket(uint32(n), uint16(n), "payload") }
		if test.rtcp == 3 {
			limited, packet = sender.ProtectRTCP, func(n int) []byte { return rtcpPacket(uint32(n), "four") }
		}
		for n := range 3 {
			if _, err := limited(nil, packet(n)); err != nil {
				t.Fatalf("packet %d: %v", n, err)
			}
		}
		for range 2 {
			if _, err := sender.ProtectRTP(nil, rtpPacket(9, 9, "payload")); err != keying.ErrKeyLimit {
				t.Errorf("RTP after the limit: %v", err)
			}
			if _, err := sender.ProtectRTCP(nil, rtcpPacket(9, "four")); err != keying.ErrKeyLimit {
				t.Errorf("RTCP after the limit: %v", err)
			}
		}
	}
	if defaultLimits.rtpPackets != 1<<48 || defaultLimits.rtcpPackets > 1<<31 {
		t.Errorf("the limits of RFC 3711, Section 9.2: %+v", defaultLimits)
	}
}

// SRTP-09: one stream must not run out of indices either.
func TestIndicesOfOneStreamAreUsedUp(t *testing.T) {
	sender, receiver := pair(t, keying.SRTPAEADAES128GCM, defaultLimits)
	src, err := sender.outbound.rtp.add(1)
	if err != nil {
		t.Fatal(err)
	}
	src.used.startAfter(maxRTPIndex - 2)
	if src, err = receiver.inbound.rtp.add(1); err != nil {
		t.Fatal(err)
	}
	src.used.startAfter(maxRTPIndex - 2)
	for _, step := range []struct {
		sequence uint16
		want     error
	}{{0xfffe, nil}, {0xffff, nil}, {0, keying.ErrKeyLimit}, {1, keying.ErrKeyLimit}} {
		packet, err := sender.ProtectRTP(nil, rtpPacket(1, step.sequence, "payload"))
		if err != step.want {
			t.Errorf("sequence number %#x: %v", step.sequence, err)
		}
		if err == nil {
			if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
				t.Errorf("sequence number %#x: the receiver: %v", step.sequence, err)
			}
		}
	}
	if src, err = sender.outbound.rtcp.add(1); err != nil {
		t.Fatal(err)
	}
	src.used.startAfter(maxRTCPIndex - 1)
	for n, want := range []error{nil, keying.ErrKeyLimit, keying.ErrKeyLimit} {
		report, err := sender.ProtectRTCP(nil, rtcpPacket(1, "four"))
		if err != want {
			t.Errorf("report %d: %v", n, err)
		}
		if err == nil {
			if _, err := receiver.UnprotectRTCP(nil, report); err != nil {
				t.Errorf("report %d: the receiver: %v", n, err)
			}
		}
	}
}

// SRTP-14: what is not RTP or RTCP is not protected, and leaves no mark.
func TestMalformedPacketsAreNotProtected(t *testing.T) {
	for _, p := range allProfiles {
		sender, _ := pair(t, p, defaultLimits)
		whole := rtpPacket(1, 1, "")
		whole[0] |= 0x12
		whole = append(whole, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0)
		var bad [][]byte
		for n := range whole {
			bad = append(bad, whole[:n])
		}
		version := func(b []byte, v byte) []byte { b[0] = b[0]&0x3f | v<<6; return b }
		bad = append(bad, version(rtpPacket(1, 1, "payload"), 0), version(rtpPacket(1, 1, "payload"), 1), version(rtpPacket(1, 1, "payload"), 3),
			rtpPacket(1, 1, string(make([]byte, 1<<16))))
		for _, packet := range bad {
			if out, err := sender.ProtectRTP(nil, packet); !errors.Is(err, keying.ErrMalformed) {
				t.Errorf("%v: RTP of %d bytes: %d bytes, %v", p, len(packet), len(out), err)
			}
		}
		for _, packet := range [][]byte{nil, {0x80}, rtcpPacket(1, "")[:7], version(rtcpPacket(1, "four"), 1), rtcpPacket(1, string(make([]byte, 1<<16)))} {
			if out, err := sender.ProtectRTCP(nil, packet); !errors.Is(err, keying.ErrMalformed) {
				t.Errorf("%v: RTCP of %d bytes: %d bytes, %v", p, len(packet), len(out), err)
			}
		}
		if len(sender.outbound.rtp.active)+len(sender.outbound.rtcp.active) != 0 {
			t.Errorf("%v: a malformed packet made an SSRC known", p)
		}
		if _, err := sender.ProtectRTP(nil, whole); err != nil {
			t.Errorf("%v: a packet without payload: %v", p, err)
		}
	}
}

// What there is to allocate is in srtp.Context: the nonce with GCM, key stream and tag with HMAC.
func TestPacketsInPlaceAllocateNothingOfOurs(t *testing.T) {
	for _, p := range allProfiles {
		want := 1.0
		if p.SaltLen() == 14 {
			want = 4
		}
		sender, receiver := pair(t, p, defaultLimits)
		buffer := make([]byte, 1200, 2048)
		copy(buffer, rtpPacket(1, 0, ""))
		var sequence uint16
		var protected []byte
		next := func() {
			sequence++
			buffer[2], buffer[3] = byte(sequence>>8), byte(sequence)
			var err error
			if protected, err = sender.ProtectRTP(buffer[:0], buffer); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(100, next); got > want {
			t.Errorf("%v: protect: %v allocations, want %v", p, got, want)
		}
		both := testing.AllocsPerRun(100, func() {
			next()
			if _, err := receiver.UnprotectRTP(protected[:0], protected); err != nil {
				t.Fatal(err)
			}
		})
		if both > 2*want {
			t.Errorf("%v: protect and unprotect: %v allocations, want %v", p, both, 2*want)
		}
	}
}

// Both directions at once, from several goroutines each: for the race detector.
func TestProtectorServesManyGoroutines(t *testing.T) {
	client, server := pair(t, keying.SRTPAEADAES128GCM, defaultLimits)
	var wait sync.WaitGroup
	for worker := range uint32(4) {
		wait.Go(func() {
			for sequence := range uint16(200) {
				packet, err := client.ProtectRTP(nil, rtpPacket(worker, sequence, "payload"))
				if err != nil {
					t.Error(err)
				}
				if _, err := server.UnprotectRTP(packet[:0], packet); err != nil {
					t.Error(err)
				}
				report, err := server.ProtectRTCP(nil, rtcpPacket(worker, "four"))
				if err != nil {
					t.Error(err)
				}
				if _, err := client.UnprotectRTCP(report[:0], report); err != nil {
					t.Error(err)
				}
				server.Stats()
			}
		})
	}
	wait.Wait()
	if got := fmt.Sprint(client.Stats().RTPProtected, server.Stats().RTPUnprotected, server.Stats().RTCPProtected, client.Stats().RTCPUnprotected); got != "800 800 800 800" {
		t.Error(got)
	}
}

func TestNewRefusesWhatIsNoMaterial(t *testing.T) {
	good := material(t, keying.SRTPAEADAES128GCM)
	for name, m := range map[string]keying.Material{
		"unknown profile": {Profile: 3, ClientKey: good.ClientKey, ServerKey: good.ServerKey, ClientSalt: good.ClientSalt, ServerSalt: good.ServerSalt},
		"no keys":         {Profile: good.Profile},
		"short key":       {Profile: good.Profile, ClientKey: good.ClientKey[:15], ServerKey: good.ServerKey, ClientSalt: good.ClientSalt, ServerSalt: good.ServerSalt},
		"long salt":       {Profile: good.Profile, ClientKey: good.ClientKey, ServerKey: good.ServerKey, ClientSalt: good.ClientSalt, ServerSalt: bytes.Repeat([]byte{1}, 14)},
	} {
		if p, err := New(&m, keying.RoleClient); err == nil || p != nil {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	for _, role := range []keying.Role{0, 3} {
		if p, err := New(good, role); err == nil || p != nil {
			t.Errorf("%v: %v, %v", role, p, err)
		}
	}
}
