package pionsrtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/pion/srtp/v2"

	"github.com/rtctransport/rtctransport/keying"
)

const benchPacketLen = 1200 // bytes, RTP header included

// benchFloor is what the cryptography of a packet costs and nothing else: one AEAD call, or one key stream and one HMAC.
func benchFloor(b *testing.B, p keying.SRTPProfile) func(packet []byte) {
	b.Helper()
	block, err := aes.NewCipher(make([]byte, p.KeyLen()))
	if err != nil {
		b.Fatal(err)
	}
	if p.SaltLen() == 12 {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			b.Fatal(err)
		}
		nonce := make([]byte, 12)
		return func(packet []byte) { aead.Seal(packet[12:12], nonce, packet[12:], packet[:12]) }
	}
	mac, iv, tag := hmac.New(sha1.New, make([]byte, 20)), make([]byte, 16), make([]byte, 0, 20)
	return func(packet []byte) {
		cipher.NewCTR(block, iv).XORKeyStream(packet[12:], packet[12:])
		mac.Reset()
		mac.Write(packet)
		mac.Sum(tag)
	}
}

// BenchmarkPacket has three lines for each thing done: the cryptography alone, a bare srtp.Context (when unprotecting, with a replay
// list as long as ours), and the Protector. All work in place.
func BenchmarkPacket(b *testing.B) {
	for _, p := range allProfiles {
		m := material(b, p)
		bare := func() *srtp.Context {
			c, err := srtp.CreateContext(m.ClientKey, m.ClientSalt, srtp.ProtectionProfile(p), srtp.SRTPReplayProtection(windowSize), srtp.SRTCPReplayProtection(windowSize))
			if err != nil {
				b.Fatal(err)
			}
			return c
		}
		start := func(b *testing.B) {
			b.Helper()
			b.SetBytes(benchPacketLen)
			b.ReportAllocs()
		}
		packet := rtpPacket(1, 0, string(make([]byte, benchPacketLen-12)))
		buffer := make([]byte, benchPacketLen, 2048)

		b.Run(fmt.Sprint(p, "/protect/floor"), func(b *testing.B) {
			start(b)
			floor := benchFloor(b, p)
			for b.Loop() {
				copy(buffer, packet)
				floor(buffer)
			}
		})
		b.Run(fmt.Sprint(p, "/protect/bare"), func(b *testing.B) {
			start(b)
			c := bare()
			for n := uint16(0); b.Loop(); n++ {
				copy(buffer, packet)
				binary.BigEndian.PutUint16(buffer[2:], n)
				if _, err := c.EncryptRTP(buffer[:0], buffer, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(p, "/protect/ours"), func(b *testing.B) {
			start(b)
			sender, _ := pair(b, p, defaultLimits)
			for n := uint16(0); b.Loop(); n++ {
				copy(buffer, packet)
				binary.BigEndian.PutUint16(buffer[2:], n)
				if _, err := sender.ProtectRTP(buffer[:0], buffer); err != nil {
					b.Fatal(err)
				}
			}
		})

		// A packet can be unprotected once, so there are many, and a new state for each round of them.
		sender, _ := pair(b, p, defaultLimits)
		protected := make([][]byte, 4096)
		for n := range protected {
			binary.BigEndian.PutUint16(packet[2:], uint16(n))
			var err error
			if protected[n], err = sender.ProtectRTP(nil, packet); err != nil {
				b.Fatal(err)
			}
		}
		buffer = make([]byte, len(protected[0]), 2048)
		b.Run(fmt.Sprint(p, "/unprotect/bare"), func(b *testing.B) {
			start(b)
			c := bare()
			for n := 0; b.Loop(); n++ {
				if n == len(protected) {
					n, c = 0, bare()
				}
				copy(buffer, protected[n])
				if _, err := c.DecryptRTP(buffer[:0], buffer, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(p, "/unprotect/ours"), func(b *testing.B) {
			start(b)
			_, receiver := pair(b, p, defaultLimits)
			for n := 0; b.Loop(); n++ {
				if n == len(protected) {
					n = 0
					_, receiver = pair(b, p, defaultLimits)
				}
				copy(buffer, protected[n])
				if _, err := receiver.UnprotectRTP(buffer[:0], buffer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a forger costs us for each packet: with an SSRC we know, and with ever new ones.
func BenchmarkForgedPacket(b *testing.B) {
	for _, p := range []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAES128CMHMACSHA1_80} {
		for _, kind := range []string{"known SSRC", "new SSRCs"} {
			b.Run(fmt.Sprint(p, "/", kind), func(b *testing.B) {
				sender, receiver := pair(b, p, defaultLimits)
				packet, err := sender.ProtectRTP(nil, rtpPacket(1, 1, string(make([]byte, benchPacketLen-12))))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := receiver.UnprotectRTP(nil, packet); err != nil {
					b.Fatal(err)
				}
				buffer := make([]byte, len(packet), 2048)
				b.SetBytes(benchPacketLen)
				b.ReportAllocs()
				for n := uint32(2); b.Loop(); n++ {
					copy(buffer, packet)
					binary.BigEndian.PutUint16(buffer[2:], 2)
					if kind == "new SSRCs" {
						binary.BigEndian.PutUint32(buffer[8:], n)
					}
					if _, err := receiver.UnprotectRTP(buffer[:0], buffer); err != keying.ErrAuthentication {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
