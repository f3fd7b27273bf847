package pionsrtp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rtctransport/rtctransport/keying"
)

var allProfiles = []keying.SRTPProfile{
	keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAES128CMHMACSHA1_32, keying.SRTPAEADAES128GCM, keying.SRTPAEADAES256GCM,
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// material returns keys that are all different.
func material(t testing.TB, p keying.SRTPProfile) *keying.Material {
	t.Helper()
	exported := make([]byte, p.MaterialLen())
	for i := range exported {
		exported[i] = byte(7*i + 1)
	}
	m, err := keying.NewMaterial(p, exported)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pair returns the Protectors of both sides of an association.
func pair(t testing.TB, p keying.SRTPProfile, l limits) (client, server *Protector) {
	t.Helper()
	m := material(t, p)
	client, err := newProtector(m, keying.RoleClient, l)
	if err != nil {
		t.Fatal(err)
	}
	server, err = newProtector(m, keying.RoleServer, l)
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

// rtpPacket returns an RTP packet without extension.
func rtpPacket(ssrc uint32, sequence uint16, payload string) []byte {
	return append([]byte{
		0x80, 96, byte(sequence >> 8), byte(sequence), 0, 0, 0, 1,
		byte(ssrc >> 24), byte(ssrc >> 16), byte(ssrc >> 8), byte(ssrc),
	}, payload...)
}

// rtcpPacket returns a receiver report without blocks and something after it.
func rtcpPacket(ssrc uint32, rest string) []byte {
	return append([]byte{0x80, 201, 0, byte(1 + len(rest)/4), byte(ssrc >> 24), byte(ssrc >> 16), byte(ssrc >> 8), byte(ssrc)}, rest...)
}

// libsrtp's self-test has these packets. Their client keys are known; nothing is sent the other way.
// SRTP-01, SRTP-06, SRTP-19.
func TestPacketsOfLibsrtpsSelfTest(t *testing.T) {
	const (
		rtp  = "800f1234decafbadcafebabe" + "abababababababababababababababab"
		rtcp = "81c8000bcafebabe" + "abababababababababababababababab"
	)
	for _, test := range []struct {
		profile             keying.SRTPProfile
		key, salt           string
		wantSRTP, wantSRTCP string
	}{
		{
			keying.SRTPAES128CMHMACSHA1_80, "e1f97a0d3e018be0d64fa32c06de4139", "0ec675ad498afeebb6960b3aabe6",
			"800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
			"81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
		},
		{
			keying.SRTPAEADAES128GCM, "000102030405060708090a0b0c0d0e0f", "a0a1a2a3a4a5a6a7a8a9aaab",
			"800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392",
			"81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001",
		},
	} {
		key, salt := unhex(t, test.key), unhex(t, test.salt)
		m := &keying.Material{
			Profile: test.profile, ClientKey: key, ClientSalt: salt,
			ServerKey: make([]byte, len(key)), ServerSalt: make([]byte, len(salt)),
		}
		client, err := New(m, keying.RoleClient)
		if err != nil {
			t.Fatal(err)
		}
		server, err := New(m, keying.RoleServer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.ProtectRTP(nil, unhex(t, rtp))
		if err != nil || hex.EncodeToString(got) != test.wantSRTP {
			t.Errorf("%v: SRTP %x, %v\nwant %s", test.profile, got, err, test.wantSRTP)
		}
		got, err = server.UnprotectRTP(nil, got)
		if err != nil || hex.EncodeToString(got) != rtp {
			t.Errorf("%v: RTP %x, %v", test.profile, got, err)
		}
		got, err = client.ProtectRTCP(nil, unhex(t, rtcp))
		if err != nil || hex.EncodeToString(got) != test.wantSRTCP {
			t.Errorf("%v: SRTCP %x, %v\nwant %s", test.profile, got, err, test.wantSRTCP)
		}
		got, err = server.UnprotectRTCP(nil, got)
		if err != nil || hex.EncodeToString(got) != rtcp {
			t.Errorf("%v: RTCP %x, %v", test.profile, got, err)
		}
	}
}

// SRTP-02, SRTP-06, SRTP-13, SRTP-19: every profile, both roles, across rollovers, against an independent implementation, in place and not.
func TestEveryProfileAndRoleAgreesWithTheReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, p := range allProfiles {
		m := material(t, p)
		for _, writer := range []keying.Role{keying.RoleClient, keying.RoleServer} {
			t.Run(fmt.Sprint(p, "/", writer), func(t *testing.T) {
				sender, receiver := pair(t, p, defaultLimits)
				if writer == keying.RoleServer {
					sender, receiver = receiver, sender
				}
				key, salt := m.Keys(writer)
				ref := newReference(t, p, key, salt)
				index := uint64(60000)
				for n := range 200 {
					index += 1 + uint64(random.IntN(3000)) // about five rollovers
					packet := rtpPacket(0xdecafbad, uint16(index), string(make([]byte, random.IntN(300))))
					headerLen := 12
					if n%2 == 0 { // one CSRC, an extension of two elements and filling
						packet[0] |= 0x11
						packet = append(append(bytes.Clone(packet[:12]), 9, 9, 9, 9, 0xbe, 0xde, 0, 2, 0x10, 0xff, 0x32, 1, 2, 3, 0, 0), packet[12:]...)
						packet = append(packet, 1)
						headerLen += 4 + 4 + 8
					}
					want := ref.rtp(t, packet, headerLen, index)
					checkBothWays(t, packet, want, n, sender.ProtectRTP, receiver.UnprotectRTP)

					report := rtcpPacket(0xcafe, string(make([]byte, 4*random.IntN(50))))
					checkBothWays(t, report, ref.rtcp(t, report, uint32(n+1), true), n, sender.ProtectRTCP, receiver.UnprotectRTCP)
				}
				if got := receiver.Stats(); got != (Stats{RTPUnprotected: 200, RTCPUnprotected: 200, Sources: 2}) {
					t.Errorf("stats of the receiver: %+v", got)
				}
				if got := sender.Stats(); got != (Stats{RTPProtected: 200, RTCPProtected: 200}) {
					t.Errorf("stats of the sender: %+v", got)
				}
			})
		}
	}
}

// checkBothWays protects a packet to want and unprotects it again: by turns to a new slice, behind a prefix, and in place.
func checkBothWays(t *testing.T, packet, want []byte, n int, protect, unprotect func(dst, packet []byte) ([]byte, error)) {
	t.Helper()
	run := func(step string, f func(dst, packet []byte) ([]byte, error), in, want []byte) {
		t.Helper()
		switch n % 3 {
		case 0:
			got, err := f(nil, in)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s %d: %x, %v\nwant %x", step, n, got, err, want)
			}
		case 1:
			got, err := f([]byte("prefix"), in)
			if err != nil || !bytes.Equal(got, append([]byte("prefix"), want...)) {
				t.Fatalf("%s %d behind a prefix: %x, %v\nwant %x", step, n, got, err, want)
			}
		case 2:
			buffer := append(make([]byte, 0, len(in)+40), in...)
			got, err := f(buffer[:0], buffer)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s %d in place: %x, %v\nwant %x", step, n, got, err, want)
			}
			if &got[0] != &buffer[0] {
				t.Fatalf("%s %d in place: moved", step, n)
			}
		}
	}
	before := bytes.Clone(packet)
	run("protect", protect, packet, want)
	if !bytes.Equal(packet, before) {
		t.Fatalf("protect %d changed its input", n)
	}
	run("unprotect", unprotect, want, packet)
}

// RFC 3711, Section 3.4, lets a sender leave SRTCP in the clear, but not without its tag. SRTP-12: the E flag is under the tag.
func TestUnencryptedSRTCPIsTakenOnlyWithItsTag(t *testing.T) {
	for _, p := range allProfiles {
		_, receiver := pair(t, p, defaultLimits)
		m := material(t, p)
		ref := newReference(t, p, m.ClientKey, m.ClientSalt)
		report := rtcpPacket(5, "four")
		got, err := receiver.UnprotectRTCP(nil, ref.rtcp(t, report, 1, false))
		if err != nil || !bytes.Equal(got, report) {
			t.Errorf("%v: %x, %v", p, got, err)
		}
		flagAt := -4
		if !ref.gcm() {
			flagAt = -14
		}
		for _, encrypted := range []bool{false, true} {
			packet := ref.rtcp(t, report, 2, encrypted)
			packet[len(packet)+flagAt] ^= 0x80
			if got, err := receiver.UnprotectRTCP(nil, packet); err == nil {
				t.Errorf("%v: E flag turned from %t: %x", p, encrypted, got)
			}
		}
	}
}
