//go:build unix

package main

// A kind is what is measured.
type kind string

// The kinds. Their values are what openssl.c is told.
const (
	full     kind = "full"    // a handshake with certificates on both sides
	resumed  kind = "id"      // one that resumes a session by its session_id, with client certificates
	ticketed kind = "ticket"  // likewise by a ticket
	records  kind = "records" // a record of 1,200 bytes sealed and opened
)

// A task is a kind with a name, and how often it is done in a round.
type task struct {
	kind  kind
	name  string
	times int
}

// tasks has rounds of some 50 ms. All handshakes are ECDSA P-256 on both sides,
// X25519, AES-128-GCM with SHA-256, extended master secret, use_srtp, no cookie;
// peers are known by the SHA-256 of their certificates.
var tasks = []task{
	{full, "full mutual handshake", 120},
	{resumed, "resumed handshake, session_id", 800},
	{ticketed, "resumed handshake, ticket", 800},
	{records, "record of 1,200 bytes", 40000},
}
