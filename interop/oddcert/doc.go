// Package oddcert makes X.509 certificates that are odd, or plainly wrong, and all the same have a key and a fingerprint:
// what a WebRTC endpoint has to accept, since it trusts the fingerprint and nothing else (RFC 8122, Section 5; RFC 5763,
// Section 5). Package crypto/x509 refuses a good part of them.
//
// It writes them by hand and imports nothing of this module, so that the tests of every package may use it.
package oddcert
