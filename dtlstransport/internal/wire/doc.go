// Package wire is the bytes of DTLS 1.2 handshake messages, their extensions and alerts, and nothing else: it holds no
// state, knows no order of messages and negotiates nothing.
//
//	record payload          ParseFragment           (reassembly)            ParseX
//	+--------+----------+   +--------+----------+   +-----------------+     +--------------------+
//	| header | fragment |-->| Header | fragment |-->| body of message |---->| *X, aliases body   |
//	| header | fragment |   +--------+----------+   +-----------------+     +--------------------+
//	+--------+----------+            ^ AppendHeader          ^ (*X).Append            |
//	                                 +-----------------------+------------------------+
//
// Read header.go first, then clienthello.go and extensions.go. There is one message a file, with the struct of the RFC above it.
//
// # Parsing
//
// Every ParseX takes a whole message body, without the 12 bytes of the handshake header. It fails on a short vector, on a
// trailing byte and on every value that the RFC forbids, with an error that wraps one of [ErrDecode], [ErrIllegalParameter]
// and [ErrDuplicateExtension]. It never panics. What it allocates does not depend on a length that the bytes merely claim: the
// hello of a browser takes half a kilobyte, and the worst that can be made up, thousands of names of one byte, ten times its size. Each []byte in the result aliases the body: the body must stay unchanged
// for as long as the result is in use. Numbers, arrays and strings are copies.
//
// Unknown extensions, cipher suites, groups, signature schemes, SRTP profiles and certificate types, GREASE values (RFC 8701)
// included, are not errors: choosing among them is the caller's business.
//
// # Appending
//
// Every Append appends a body to a slice that the caller owns, and does not allocate when the capacity is large enough. It
// trusts its receiver: a field that does not fit its vector is a mistake of ours and panics. What a user configures (names of
// protocols, lists of groups) has to be checked before it gets here.
//
// All functions may be called concurrently on different values.
package wire
