// Package fingerprint has the certificates of WebRTC endpoints, their fingerprints (RFC 8122), and the verdict whether a
// certificate is the one that was signalled.
//
// A WebRTC certificate is self-signed and vouches for nothing. What authenticates the peer is the hash of its
// certificate, which came over signalling:
//
//	our side                  signalling (SDP)             the peer's side
//
//	Generate, New, ParsePEM                                  Certificate
//	      |                                                      |
//	 Certificate --Fingerprints--> a=fingerprint:sha-256 ... --ParseSet--> Set
//	      |                                                                 |
//	    Chain ------------ DTLS Certificate message -- leaf, DER --> Set.Verify --> nil or *MismatchError
//
// Names, dates, issuers, versions and extensions of a peer's certificate are not looked at: an expired one with the
// right hash is right. The certificate to verify is the leaf, the one whose key signed the handshake.
//
// Read set.go first: it holds the rule of RFC 8122, Section 5.1, and is the reason for this package. Then fingerprint.go
// (one value and its text), hash.go (which hash functions count), and for certificates certificate.go, generate.go and
// pem.go.
//
// All values are immutable once made and may be used concurrently. The package imports nothing of this module.
package fingerprint
