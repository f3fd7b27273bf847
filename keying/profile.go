package keying

import "fmt"

// An SRTPProfile is a DTLS-SRTP protection profile, by its number in the IANA registry (RFC 5764, Section 4.1.2).
type SRTPProfile uint16

// The profiles this package knows.
//
//	profile                          key  salt  RTP tag  RTCP tag   bytes added: RTP  RTCP
//	SRTP_AES128_CM_HMAC_SHA1_80       16    14       10        10                 10    14   RFC 5764 4.1.2
//	SRTP_AES128_CM_HMAC_SHA1_32       16    14        4        10                  4    14   RFC 5764 4.1.2
//	SRTP_AEAD_AES_128_GCM             16    12       16        16                 16    20   RFC 7714 14.2
//	SRTP_AEAD_AES_256_GCM             32    12       16        16                 16    20   RFC 7714 14.2
const (
	SRTPAES128CMHMACSHA1_80 SRTPProfile = 0x0001 // what every WebRTC endpoint has (RFC 8827, Section 6.5)
	SRTPAES128CMHMACSHA1_32 SRTPProfile = 0x0002 // a 4-byte tag on RTP; not among the defaults
	SRTPAEADAES128GCM       SRTPProfile = 0x0007
	SRTPAEADAES256GCM       SRTPProfile = 0x0008
)

// DefaultSRTPProfiles returns the profiles offered and accepted unless told otherwise, most preferred first. The slice is the caller's.
//
// AEAD_AES_128_GCM comes first: it costs a fifth of the CPU time of AES-CM with HMAC-SHA1 per packet on machines with AES
// instructions, and its tag is longer. AES-256 follows for peers that insist. SRTP_AES128_CM_HMAC_SHA1_80 is there because
// it is the one profile every WebRTC endpoint must support (RFC 8827, Section 6.5).
// SRTP_AES128_CM_HMAC_SHA1_32 is left out for the same reason: whoever has it has the other, so it could only weaken.
func DefaultSRTPProfiles() []SRTPProfile {
	return []SRTPProfile{SRTPAEADAES128GCM, SRTPAEADAES256GCM, SRTPAES128CMHMACSHA1_80}
}

// Known reports whether this package can derive keys for p.
func (p SRTPProfile) Known() bool { return p.KeyLen() != 0 }

// KeyLen returns the length of one side's master key in bytes, 0 for an unknown profile.
func (p SRTPProfile) KeyLen() int {
	switch p {
	case SRTPAES128CMHMACSHA1_80, SRTPAES128CMHMACSHA1_32, SRTPAEADAES128GCM:
		return 16
	case SRTPAEADAES256GCM:
		return 32
	}
	return 0
}

// SaltLen returns the length of one side's master salt in bytes, 0 for an unknown profile.
func (p SRTPProfile) SaltLen() int {
	switch p {
	case SRTPAES128CMHMACSHA1_80, SRTPAES128CMHMACSHA1_32:
		return 14 // 112 bits, RFC 5764, Section 4.1.2.
	case SRTPAEADAES128GCM, SRTPAEADAES256GCM:
		return 12 // 96 bits, RFC 7714, Section 14.2.
	}
	return 0
}

// MaterialLen returns how many bytes to export for p: a key and a salt for each side. It is 0 for an unknown profile.
//
// These are the 2 * (SRTPSecurityParams.master_key_len + SRTPSecurityParams.master_salt_len) bytes of RFC 5764, Section 4.2.
func (p SRTPProfile) MaterialLen() int { return 2 * (p.KeyLen() + p.SaltLen()) }

// RTPOverhead returns how many bytes protection adds to an RTP packet, 0 for an unknown profile.
func (p SRTPProfile) RTPOverhead() int {
	switch p {
	case SRTPAES128CMHMACSHA1_80:
		return 10
	case SRTPAES128CMHMACSHA1_32:
		return 4
	case SRTPAEADAES128GCM, SRTPAEADAES256GCM:
		return 16
	}
	return 0
}

// RTCPOverhead returns how many bytes protection adds to a compound RTCP packet: a tag, and 4 for E flag and index.
// It is 0 for an unknown profile.
func (p SRTPProfile) RTCPOverhead() int {
	switch p {
	case SRTPAES128CMHMACSHA1_80, SRTPAES128CMHMACSHA1_32:
		return 10 + 4 // "_32" shortens the tag of RTP alone (RFC 5764, Section 4.1.2).
	case SRTPAEADAES128GCM, SRTPAEADAES256GCM:
		return 16 + 4
	}
	return 0
}

// String returns the name in the IANA registry, "SRTP_AEAD_AES_128_GCM".
func (p SRTPProfile) String() string {
	switch p {
	case SRTPAES128CMHMACSHA1_80:
		return "SRTP_AES128_CM_HMAC_SHA1_80"
	case SRTPAES128CMHMACSHA1_32:
		return "SRTP_AES128_CM_HMAC_SHA1_32"
	case SRTPAEADAES128GCM:
		return "SRTP_AEAD_AES_128_GCM"
	case SRTPAEADAES256GCM:
		return "SRTP_AEAD_AES_256_GCM"
	}
	return fmt.Sprintf("SRTPProfile(0x%04x)", uint16(p))
}
