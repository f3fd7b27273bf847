package pionsrtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/pion/srtp/v2"

	"github.com/rtctransport/rtctransport/keying"
)

func protectRTP(t testing.TB, sender *Protector, ssrc uint32, sequence uint16) []byte {
	t.Helper()
	packet, err := sender.ProtectRTP(nil, rtpPacket(ssrc, sequence, "payload"))
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

// heapGrowth returns by how many bytes the live heap grows while f runs and keep is alive.
func heapGrowth(keep any, f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// SRTP-10, SRTP-15, SRTP-16: forged packets, each with an SSRC of its own, leave nothing behind and stop nothing.
func TestForgedSSRCsLeaveNoState(t *testing.T) {
	const forged = 50_000
	for _, p := range []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAES128CMHMACSHA1_80} {
		sender, receiver := pair(t, p, defaultLimits)
		first, err := sender.ProtectRTP(nil, rtpPacket(1, 1, "first"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := receiver.UnprotectRTP(nil, first); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 0, 200)
		forge := func(n int, rtp, rtcp func(packet []byte)) {
			for ssrc := range uint32(n) {
				packet := append(buffer, first...)
				binary.BigEndian.PutUint32(packet[8:], 1000+ssrc)
				rtp(packet)
				packet = append(buffer, first...)
				binary.BigEndian.PutUint32(packet[4:], 1000+ssrc)
				rtcp(packet)
			}
		}
		ours := func() {
			forge(forged, func(packet []byte) {
				if _, err := receiver.UnprotectRTP(packet[:0], packet); err != keying.ErrAuthentication {
					t.Fatalf("forged RTP: %v", err)
				}
			}, func(packet []byte) {
				if _, err := receiver.UnprotectRTCP(packet[:0], packet); err != keying.ErrAuthentication {
					t.Fatalf("forged RTCP: %v", err)
				}
			})
		}
		forge(100, func(b []byte) { receiver.UnprotectRTP(nil, b) }, func(b []byte) { receiver.UnprotectRTCP(nil, b) }) // The throw-away Context exists from now on.
		growth := heapGrowth(receiver, ours)
		// At any time the throw-away Context holds up to 64 SSRCs, 25 KB.
		if growth > 64<<10 {
			t.Errorf("%v: %d forged packets: the heap grew by %d bytes", p, 2*forged, growth)
		}
		if got := receiver.Stats(); got.Sources != 1 || got.AuthenticationFailures != 2*forged+200 {
			t.Errorf("%v: %+v", p, got)
		}
		if _, err := receiver.UnprotectRTP(nil, protectRTP(t, sender, 2, 1)); err != nil || receiver.inbound.throwing.context != nil {
			t.Errorf("%v: after a genuine SSRC the throw-away Context is kept: %v", p, err)
		}
		next, err := sender.ProtectRTP(nil, rtpPacket(1, 2, "next"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := receiver.UnprotectRTP(nil, next); err != nil || string(got[12:]) != "next" {
			t.Errorf("%v: media after the forged packets: %q, %v", p, got, err)
		}

		// The fault itself: a bare Context keeps all of them.
		m := material(t, p)
		bare, err := srtp.CreateContext(m.ClientKey, m.ClientSalt, srtp.ProtectionProfile(p), srtp.SRTPReplayProtection(960), srtp.SRTCPReplayProtection(960))
		if err != nil {
			t.Fatal(err)
		}
		growth = heapGrowth(bare, func() {
			forge(forged, func(b []byte) { bare.DecryptRTP(b[:0], b, nil) }, func(b []byte) { bare.DecryptRTCP(b, b, nil) })
		})
		t.Logf("%v: a bare Context grows by %d bytes for a forged packet", p, growth/(2*forged))
		if growth < 100*2*forged {
			t.Errorf("%v: a bare Context grew by only %d bytes: is this shield still needed?", p, growth)
		}
	}
}

// SRTP-10, SRTP-11: only what is authenticated moves a window. A forged packet with a known SSRC and a far sequence number must not
// shut out what follows the genuine ones.
func TestForgedSequenceNumberMovesNoWindow(t *testing.T) {
	for _, p := range allProfiles {
		sender, receiver := pair(t, p, defaultLimits)
		exchange := func(sequence uint16) {
			t.Helper()
			packet, err := sender.ProtectRTP(nil, rtpPacket(1, sequence, "payload"))
			if err != nil {
				t.Fatal(err)
			}
			forged := bytes.Clone(packet)
			binary.BigEndian.PutUint16(forged[2:], sequence+20000)
			if _, err := receiver.UnprotectRTP(nil, forged); err != keying.ErrAuthentication {
				t.Fatalf("%v: forged: %v", p, err)
			}
			if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
				t.Fatalf("%v: genuine: %v", p, err)
			}

			report, err := sender.ProtectRTCP(nil, rtcpPacket(1, "four"))
			if err != nil {
				t.Fatal(err)
			}
			forged = bytes.Clone(report)
			at := len(report) - 2 // a high bit of the index: at the end with GCM
			if sender.profile.SaltLen() == 14 {
				at -= 10 // before the tag
			}
			forged[at] ^= 0x40
			if _, err := receiver.UnprotectRTCP(nil, forged); err != keying.ErrAuthentication {
				t.Fatalf("%v: forged report: %v", p, err)
			}
			if _, err := receiver.UnprotectRTCP(nil, report); err != nil {
				t.Fatalf("%v: genuine report: %v", p, err)
			}
		}
		for sequence := range uint16(10) {
			exchange(sequence)
		}
	}
}

// SRTP-11, SRTP-12: every packet once, in any order within the window; SRTCP has a list of its own for each SSRC.
func TestReplaysAreRefused(t *testing.T) {
	for _, p := range allProfiles {
		sender, receiver := pair(t, p, defaultLimits)
		var rtp, rtcp [][]byte
		for n := range 100 {
			for _, ssrc := range []uint32{1, 2} {
				packet, err := sender.ProtectRTP(nil, rtpPacket(ssrc, uint16(65500+n), fmt.Sprint(n)))
				if err != nil {
					t.Fatal(err)
				}
				report, err := sender.ProtectRTCP(nil, rtcpPacket(ssrc, "four"))
				if err != nil {
					t.Fatal(err)
				}
				rtp, rtcp = append(rtp, packet), append(rtcp, report)
			}
		}
		for round := range 3 {
			for i := range rtp {
				// The first pair opens the stream with the right rollover counter; the rest come backwards.
				i := (len(rtp) - i + 1) % len(rtp)
				for _, try := range []struct {
					unprotect func(dst, packet []byte) ([]byte, error)
					packet    []byte
				}{{receiver.UnprotectRTP, rtp[i]}, {receiver.UnprotectRTCP, rtcp[i]}} {
					_, err := try.unprotect(nil, try.packet)
					if round == 0 && err != nil || round > 0 && err != keying.ErrReplayed {
						t.Fatalf("%v: round %d, packet %d: %v", p, round, i, err)
					}
				}
			}
		}
		if got := receiver.Stats(); got.Replayed != 800 || got.RTPUnprotected != 200 || got.RTCPUnprotected != 200 {
			t.Errorf("%v: %+v", p, got)
		}
	}
}

// SRTP-13: reordering across the rollover, and gaps of just under half the number space, keep both sides together.
func TestRolloverCounterSurvivesReorderingAndGaps(t *testing.T) {
	for _, sequences := range [][]uint16{
		{65534, 0, 65535, 1},                   // late across the wrap
		{65535, 300, 65000, 301},               // later still
		{0, 32767, 65534, 32765, 65533, 32764}, // as far ahead as is read as ahead
		{100, 40000, 7000},                     // a jump in the first rollover, then over the wrap
	} {
		sender, receiver := pair(t, keying.SRTPAEADAES128GCM, defaultLimits)
		for _, sequence := range sequences {
			packet, err := sender.ProtectRTP(nil, rtpPacket(1, sequence, "payload"))
			if err != nil {
				t.Fatalf("%v: protect %d: %v", sequences, sequence, err)
			}
			if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
				t.Fatalf("%v: unprotect %d: %v", sequences, sequence, err)
			}
		}
	}
}

// An SSRC that falls out of the list of active ones comes back above its floor, and nothing it sent before can be replayed.
func TestEvictedSSRCDoesNotReopenItsReplayWindow(t *testing.T) {
	for _, p := range allProfiles {
		l := defaultLimits
		l.active, l.retired = 2, 2
		sender, _ := pair(t, p, defaultLimits)
		_, receiver := pair(t, p, l)
		protect := func(ssrc uint32, sequence uint16) [2][]byte {
			t.Helper()
			packet, err := sender.ProtectRTP(nil, rtpPacket(ssrc, sequence, "payload"))
			if err != nil {
				t.Fatal(err)
			}
			report, err := sender.ProtectRTCP(nil, rtcpPacket(ssrc, "four"))
			if err != nil {
				t.Fatal(err)
			}
			return [2][]byte{packet, report}
		}
		unprotect := func(packets [2][]byte, want error) {
			t.Helper()
			if _, err := receiver.UnprotectRTP(nil, packets[0]); err != want {
				t.Fatalf("%v: RTP: %v, want %v", p, err, want)
			}
			if _, err := receiver.UnprotectRTCP(nil, packets[1]); err != want {
				t.Fatalf("%v: RTCP: %v, want %v", p, err, want)
			}
		}

		first := protect(1, 65534)
		unprotect(first, nil)
		late := protect(1, 65535)
		second := protect(1, 5) // ROC 1
		unprotect(second, nil)
		other := protect(2, 1)
		unprotect(other, nil)
		unprotect(protect(3, 1), nil) // SSRC 1 retires.

		unprotect(first, keying.ErrReplayed)
		unprotect(second, keying.ErrReplayed)
		unprotect(late, keying.ErrReplayed) // Never received, and at or below the floor: lost, which is the price.
		if got := receiver.inbound.rtp.remembered(); got != 3 {
			t.Fatalf("%v: %d SSRCs remembered", p, got)
		}
		unprotect(protect(1, 6), nil) // Back, in ROC 1; SSRC 2 retires.
		unprotect(first, keying.ErrReplayed)
		unprotect(second, keying.ErrReplayed)
		unprotect(other, keying.ErrReplayed)

		unprotect(protect(4, 1), nil) // 1 and 4 active, 2 and 3 retired: full.
		stranger := protect(5, 1)
		unprotect(stranger, keying.ErrTooManySources)
		forged := [2][]byte{bytes.Clone(stranger[0]), bytes.Clone(stranger[1])}
		forged[0][13] ^= 1
		forged[1][9] ^= 1
		unprotect(forged, keying.ErrTooManySources) // No cryptography is spent on whom there is no place for.
		unprotect(protect(1, 7), nil)               // Those who are known live on, retired ones too.
		unprotect(protect(2, 2), nil)
		unprotect(protect(3, 2), nil)
		unprotect(protect(4, 2), nil)
		unprotect(stranger, keying.ErrTooManySources)
		if got := receiver.Stats(); got.Sources != 8 || got.TooManySources != 6 {
			t.Errorf("%v: %+v", p, got)
		}
	}
}

// The fault that the floors are for: whoever simply forgets an SSRC takes everything it ever sent once more.
func TestForgettingAnSSRCWouldReopenItsReplayWindow(t *testing.T) {
	sender, receiver := pair(t, keying.SRTPAEADAES128GCM, defaultLimits)
	packet, err := sender.ProtectRTP(nil, rtpPacket(1, 1, "payload"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
			t.Fatal(err)
		}
		receiver.inbound.rtp = sources{maxActive: maxActive, maxRetired: maxRetired}
	}
}

func TestLeastRecentlyUsedSSRCIsEvicted(t *testing.T) {
	s := &sources{maxActive: 3, maxRetired: 10}
	for ssrc := range uint32(3) {
		src, err := s.add(ssrc)
		if err != nil {
			t.Fatal(err)
		}
		s.use(src, 1)
	}
	s.use(s.find(0), 2)
	s.use(s.find(1), 2)
	for ssrc := uint32(3); ssrc < 5; ssrc++ {
		if _, err := s.add(ssrc); err != nil {
			t.Fatal(err)
		}
	}
	// In the order of their last use: 2, 0, 1, 3, 4.
	for ssrc, want := range []bool{false, true, false, true, true} {
		if got := s.find(uint32(ssrc)) != nil; got != want {
			t.Errorf("SSRC %d is active: %t", ssrc, got)
		}
	}
	if floor, retired := s.floor(0); floor != 2 || !retired {
		t.Errorf("SSRC 0 retired with floor %d, %t", floor, retired)
	}
}

// A forger who shows known SSRCs must not decide which of them is evicted.
func TestForgedPacketsDoNotChangeTheOrderOfEviction(t *testing.T) {
	l := defaultLimits
	l.active = 2
	sender, receiver := pair(t, keying.SRTPAEADAES128GCM, l)
	send := func(ssrc uint32, sequence uint16, spoil byte) error {
		packet, err := sender.ProtectRTP(nil, rtpPacket(ssrc, sequence, "payload"))
		if err != nil {
			t.Fatal(err)
		}
		packet[len(packet)-1] ^= spoil
		_, err = receiver.UnprotectRTP(nil, packet)
		return err
	}
	for _, step := range []struct {
		ssrc  uint32
		spoil byte
		want  error
	}{{1, 0, nil}, {2, 0, nil}, {1, 1, keying.ErrAuthentication}, {3, 0, nil}} {
		if err := send(step.ssrc, uint16(10*step.ssrc)+uint16(step.spoil), step.spoil); err != step.want {
			t.Fatalf("%+v: %v", step, err)
		}
	}
	if receiver.inbound.rtp.find(1) != nil || receiver.inbound.rtp.find(2) == nil {
		t.Error("a forged packet kept SSRC 1 active in the place of SSRC 2")
	}
}

// Contexts are rebuilt when they have been shown many SSRCs; nobody may notice.
func TestRebuildingAContextLosesNothing(t *testing.T) {
	l := defaultLimits
	l.active = 4
	for _, p := range allProfiles {
		sender, receiver := pair(t, p, l)
		contexts := map[*srtp.Context]bool{}
		for sequence := range uint16(20) {
			for ssrc := range uint32(40) {
				packet, err := sender.ProtectRTP(nil, rtpPacket(ssrc, 65530+sequence, "payload"))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := receiver.UnprotectRTP(nil, packet); err != nil || string(got[12:]) != "payload" {
					t.Fatalf("%v: SSRC %d, packet %d: %q, %v", p, ssrc, sequence, got, err)
				}
				if _, err := receiver.UnprotectRTP(nil, packet); err != keying.ErrReplayed {
					t.Fatalf("%v: SSRC %d, packet %d again: %v", p, ssrc, sequence, err)
				}
				contexts[sender.outbound.transform.context], contexts[receiver.inbound.lasting.context] = true, true
			}
		}
		if len(contexts) < 10 {
			t.Errorf("%v: only %d Contexts were used", p, len(contexts))
		}
	}
}

// SRTP-14: nothing shorter than a genuine packet is one, and nothing of any length panics.
func TestNoStrictPrefixOfAPacketIsAPacket(t *testing.T) {
	for _, p := range allProfiles {
		sender, receiver := pair(t, p, defaultLimits)
		packet := rtpPacket(1, 1, "payload")
		packet[0] |= 0x12 // two CSRCs and an extension of two words
		packet = append(packet[:12:12], append([]byte{0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 2, 0x11, 1, 2, 0x20, 3, 0, 0, 0}, "payload"...)...)
		protected, err := sender.ProtectRTP(nil, packet)
		if err != nil {
			t.Fatal(err)
		}
		report, err := sender.ProtectRTCP(nil, rtcpPacket(1, "four"))
		if err != nil {
			t.Fatal(err)
		}
		for n := range protected {
			if _, err := receiver.UnprotectRTP(nil, bytes.Clone(protected[:n])); err == nil {
				t.Errorf("%v: %d bytes of an SRTP packet of %d", p, n, len(protected))
			} else if n < 12+8+4+8+sender.profile.RTPOverhead() && err != keying.ErrMalformed {
				t.Errorf("%v: %d bytes of an SRTP packet: %v", p, n, err)
			}
		}
		for n := range report {
			if _, err := receiver.UnprotectRTCP(nil, bytes.Clone(report[:n])); err == nil {
				t.Errorf("%v: %d bytes of an SRTCP packet of %d", p, n, len(report))
			} else if n < 8+sender.profile.RTCPOverhead() && err != keying.ErrMalformed {
				t.Errorf("%v: %d bytes of an SRTCP packet: %v", p, n, err)
			}
		}
		if got, err := receiver.UnprotectRTP(nil, protected); err != nil || !bytes.Equal(got, packet) {
			t.Errorf("%v: %x, %v", p, got, err)
		}
		if _, err := receiver.UnprotectRTCP(nil, report); err != nil {
			t.Errorf("%v: %v", p, err)
		}
	}
}

// SRTP-14: random bytes of each length, with the first byte of RTP, and whatever a length field may claim.
func FuzzUnprotectTakesNothingThatWasNotProtected(f *testing.F) {
	type side struct{ receiver *Protector }
	sides := map[keying.SRTPProfile]side{}
	for _, p := range allProfiles {
		_, receiver := pair(f, p, defaultLimits)
		sides[p] = side{receiver}
	}
	for n := range 65 {
		b := bytes.Repeat([]byte{0x9f}, n)
		f.Add(b)
		f.Add(append([]byte{0x90, 96, 0, 1}, b...))
		f.Add(append([]byte{0x80, 201, 0, 1}, b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for p, s := range sides {
			for _, unprotect := range []func(dst, packet []byte) ([]byte, error){s.receiver.UnprotectRTP, s.receiver.UnprotectRTCP} {
				in := bytes.Clone(b)
				_, err := unprotect(nil, in)
				if !errors.Is(err, keying.ErrMalformed) && !errors.Is(err, keying.ErrAuthentication) {
					t.Fatalf("%v: %v", p, err)
				}
				if !bytes.Equal(in, b) {
					t.Fatalf("%v: the input changed", p)
				}
			}
			if got := s.receiver.Stats(); got.Sources != 0 {
				t.Fatalf("%v: %+v", p, got)
			}
		}
	})
}
