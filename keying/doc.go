// Package keying turns the secrets of a TLS 1.2 or DTLS 1.2 handshake into keys.
// It holds pure functions over byte slices: no clock, no lock, no randomness, no I/O, and it imports nothing of this module.
//
//	ECDHE shared secret (pre_master_secret)
//	      |
//	      |  ExtendedMasterSecret  RFC 7627 4   (or MasterSecret, RFC 5246 8.1)
//	      v
//	master_secret, 48 bytes
//	      |
//	      +-- KeyBlock     RFC 5246 6.3     record protection keys of both sides
//	      +-- VerifyData   RFC 5246 7.4.9   the body of Finished
//	      +-- Export       RFC 5705 4       keying material for anything else
//	              |
//	              |  label "EXTRACTOR-dtls_srtp", no context   RFC 5764 4.2
//	              v
//	          Material: client and server SRTP master keys and salts
//	              |
//	              v
//	          Protector: RTP and RTCP in, SRTP and SRTCP out, and back (an interface; package keying/pionsrtp has one)
//
// Every arrow above except the last is the one function PRF (RFC 5246 5), so read prf.go first, then secret.go
// (what a handshake needs), exporter.go, and srtp.go with profile.go (what media needs).
//
// The hash is an argument everywhere because it is a property of the cipher suite: SHA-256 unless the suite says SHA-384.
// All functions may be called concurrently. None keeps a slice it was given; what they return belongs to the caller.
package keying
