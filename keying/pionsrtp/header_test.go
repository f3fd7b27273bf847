package pionsrtp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pion/srtp/v2"

	"github.com/rtctransport/rtctransport/keying"
)

// withExtension returns an RTP packet with a header extension.
func withExtension(sequence uint16, extension []byte, payload string) []byte {
	b := rtpPacket(1, sequence, "")
	b[0] |= 0x10
	return append(append(b, extension...), payload...)
}

var extensions = []struct {
	name      string
	bytes     []byte
	sent      []byte // what arrives, if it is not bytes
	malformed bool
}{
	{name: "one byte, full", bytes: []byte{0xbe, 0xde, 0, 1, 0x12, 1, 2, 3}},
	{name: "one byte, filled up", bytes: []byte{0xbe, 0xde, 0, 2, 0x12, 1, 2, 3, 0x20, 4, 0, 0}},
	{name: "one byte, no element", bytes: []byte{0xbe, 0xde, 0, 0}},
	{name: "one byte, id 0 with a length", bytes: []byte{0xbe, 0xde, 0, 1, 0x02, 1, 2, 3}},
	{name: "two bytes", bytes: []byte{0x10, 0, 0, 1, 200, 2, 1, 2}},
	{name: "two bytes, empty element at the end", bytes: []byte{0x10, 0, 0, 1, 5, 0, 6, 0}},
	{name: "opaque", bytes: []byte{0x12, 0x34, 0, 1, 0, 9, 0, 9}},
	{name: "opaque, empty", bytes: []byte{0x12, 0x34, 0, 0}},
	{name: "two bytes with appbits, opaque", bytes: []byte{0x10, 1, 0, 1, 5, 200, 0, 0}},
	{name: "padding first", bytes: []byte{0xbe, 0xde, 0, 2, 0, 0, 0, 0, 0x12, 1, 2, 3}, sent: []byte{0xbe, 0xde, 0, 1, 0x12, 1, 2, 3}},
	{name: "padding between", bytes: []byte{0xbe, 0xde, 0, 2, 0x10, 1, 0, 0x20, 2, 0, 0, 0}, sent: []byte{0xbe, 0xde, 0, 1, 0x10, 1, 0x20, 2}},
	{name: "padding only", bytes: []byte{0xbe, 0xde, 0, 1, 0, 0, 0, 0}, sent: []byte{0xbe, 0xde, 0, 0}},
	{name: "a word of padding at the end", bytes: []byte{0x10, 0, 0, 2, 7, 1, 1, 0, 0, 0, 0, 0}, sent: []byte{0x10, 0, 0, 1, 7, 1, 1, 0}},
	{name: "reserved id 15", bytes: []byte{0xbe, 0xde, 0, 1, 0xf2, 1, 2, 3}, malformed: true},
	{name: "element leaves the extension", bytes: []byte{0xbe, 0xde, 0, 1, 0x15, 1, 2, 3}, malformed: true},
	{name: "two-byte element leaves the extension", bytes: []byte{0x10, 0, 0, 1, 5, 3, 1, 2}, malformed: true},
	{name: "two-byte element without length", bytes: []byte{0x10, 0, 0, 1, 5, 1, 1, 6}, malformed: true},
	{name: "longer than the packet", bytes: []byte{0xbe, 0xde, 0xff, 0xff, 0x10, 1, 0, 0}, malformed: true},
	{name: "cut", bytes: []byte{0xbe, 0xde}, malformed: true},
}

// SRTP-14: every kind of header extension comes out as it went in or tidied up, with payload and without, in place and not;
// what cannot be taken apart is refused by both sides, and neither panics.
func TestHeaderExtensions(t *testing.T) {
	for _, p := range allProfiles {
		sender, receiver := pair(t, p, defaultLimits)
		var sequence uint16
		for _, test := range extensions {
			for _, payload := range []string{"", "p", "payload"} {
				if test.malformed && test.name == "cut" {
					payload = ""
				}
				for _, inPlace := range []bool{false, true} {
					sequence++
					packet := withExtension(sequence, test.bytes, payload)
					want := packet
					if test.sent != nil {
						want = withExtension(sequence, test.sent, payload)
					}
					var dst []byte
					buffer := append(make([]byte, 0, 100), packet...)
					if inPlace {
						dst = buffer[:0]
					}
					protected, err := sender.ProtectRTP(dst, buffer)
					if test.malformed {
						if !errors.Is(err, keying.ErrMalformed) {
							t.Errorf("%v: %s: protect: %x, %v", p, test.name, protected, err)
						}
						if _, err := receiver.UnprotectRTP(nil, append(bytes.Clone(packet), make([]byte, 20)...)); err == nil {
							t.Errorf("%v: %s: unprotect", p, test.name)
						}
						continue
					}
					if err != nil {
						t.Errorf("%v: %s, payload %q, in place %t: protect: %v", p, test.name, payload, inPlace, err)
						continue
					}
					if len(protected) != len(want)+p.RTPOverhead() {
						t.Errorf("%v: %s: %d bytes became %d", p, test.name, len(want), len(protected))
					}
					if inPlace {
						dst = protected[:0]
					}
					got, err := receiver.UnprotectRTP(dst, protected)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%v: %s, payload %q, in place %t: %x, %v\nwant %x", p, test.name, payload, inPlace, got, err, want)
					}
				}
			}
		}
	}
}

// A foreign sender may put padding between elements; that arrives as it was sent. SRTP-14.
func TestForeignHeadersArriveByteForByte(t *testing.T) {
	for _, p := range allProfiles {
		_, receiver := pair(t, p, defaultLimits)
		m := material(t, p)
		ref := newReference(t, p, m.ClientKey, m.ClientSalt)
		for n, test := range extensions {
			if test.name == "longer than the packet" || test.name == "cut" {
				continue
			}
			packet := withExtension(uint16(n), test.bytes, "payload")
			got, err := receiver.UnprotectRTP(nil, ref.rtp(t, packet, 12+len(test.bytes), uint64(n)))
			if test.malformed {
				if err != keying.ErrMalformed {
					t.Errorf("%v: %s: %x, %v", p, test.name, got, err)
				}
			} else if err != nil || !bytes.Equal(got, packet) {
				t.Errorf("%v: %s: %x, %v", p, test.name, got, err)
			}
		}
	}
}

// The faults themselves: what a bare Context does with headers that pion/rtp does not put together as they were.
func TestBareContextAndHeaderExtensions(t *testing.T) {
	m := material(t, keying.SRTPAES128CMHMACSHA1_80)
	bare := func() *srtp.Context {
		c, err := srtp.CreateContext(m.ClientKey, m.ClientSalt, srtp.ProtectionProfileAes128CmHmacSha1_80)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("in place it panics", func(t *testing.T) {
		gcm := material(t, keying.SRTPAEADAES128GCM)
		c, err := srtp.CreateContext(gcm.ClientKey, gcm.ClientSalt, srtp.ProtectionProfileAeadAes128Gcm)
		if err != nil {
			t.Fatal(err)
		}
		packet := append(make([]byte, 0, 200), withExtension(1, []byte{0xbe, 0xde, 0, 2, 0, 0, 0, 0, 0x12, 1, 2, 3}, "a payload longer than one block")...)
		defer func() {
			if recover() == nil {
				t.Error("no panic: is this shield still needed?")
			}
		}()
		c.EncryptRTP(packet[:0], packet, nil)
	})
	t.Run("it refuses a packet without payload", func(t *testing.T) {
		if _, err := bare().EncryptRTP(nil, withExtension(1, []byte{0xbe, 0xde, 0, 1, 0x12, 1, 2, 3}, ""), nil); err == nil {
			t.Error("is this shield still needed?")
		}
	})
	t.Run("it spoils the cleartext behind id 15", func(t *testing.T) {
		packet := withExtension(1, []byte{0xbe, 0xde, 0, 1, 0xf2, 1, 2, 3}, "payload")
		protected := newReference(t, keying.SRTPAES128CMHMACSHA1_80, m.ClientKey, m.ClientSalt).rtp(t, packet, 20, 1)
		got, err := bare().DecryptRTP(nil, protected, nil)
		if err != nil || bytes.Equal(got, packet) {
			t.Errorf("%x, %v: is this shield still needed?", got, err)
		}
	})
}

// FuzzProtectRoundTrip: whatever is protected is unprotected to the same RTP, header in order, and in place is no different.
func FuzzProtectRoundTrip(f *testing.F) {
	for _, test := range extensions {
		f.Add(withExtension(1, test.bytes, "payload"))
		f.Add(withExtension(1, test.bytes, ""))
	}
	f.Add(rtcpPacket(1, "four"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range allProfiles {
			sender, receiver := pair(t, p, defaultLimits)
			inPlace, _ := pair(t, p, defaultLimits)
			protected, err := sender.ProtectRTP(nil, b)
			buffer := append(make([]byte, 0, len(b)+40), b...)
			same, sameErr := inPlace.ProtectRTP(buffer[:0], buffer)
			if !bytes.Equal(protected, same) || (err == nil) != (sameErr == nil) {
				t.Fatalf("%v: %x, %v\nin place %x, %v", p, protected, err, same, sameErr)
			}
			if err != nil {
				if !errors.Is(err, keying.ErrMalformed) {
					t.Fatalf("%v: %v", p, err)
				}
			} else {
				got, err := receiver.UnprotectRTP(nil, protected)
				if err != nil {
					t.Fatalf("%v: unprotect: %v", p, err)
				}
				h, err := parseRTPHeader(b)
				if err != nil || h.canonical && !bytes.Equal(got, b) || !bytes.HasSuffix(got, b[h.length:]) || len(got) > len(b) || !bytes.Equal(got[:12], b[:12]) {
					t.Fatalf("%v: %x became %x, %v", p, b, got, err)
				}
			}
			report, err := sender.ProtectRTCP(nil, b)
			if err != nil {
				if !errors.Is(err, keying.ErrMalformed) {
					t.Fatalf("%v: %v", p, err)
				}
				continue
			}
			if got, err := receiver.UnprotectRTCP(nil, report); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%v: %x became %x, %v", p, b, got, err)
			}
		}
	})
}
