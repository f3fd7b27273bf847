// Package native puts interop/peer, our DTLS over a bare UDP socket, before the native stacks that Debian has, in both
// roles. Each pair meets over a relay that does to their datagrams what the scene says, and that shows what went over the wire.
//
//	scenes.go         what is shown: one handshake and what follows, for every stack (scene.go)
//	suites.go         the same for suites, groups and keys that WebRTC does not have
//	refusal.go        the same for handshakes that fail, and with which alert
//	silence.go        the same for peers that say no more in the middle
//	renegotiation.go  the same for those that want a second handshake
//	   |
//	cells.go          the table's peers and cells; play
//	pair.go           a scene, with either side's client; fault.go: for one that has to fail
//	path.go           the network of a scene
//	check.go          what both sides say and what the wire shows, compared with the scene
//	   |
//	stack.go          what a stack has to say and to do
//	openssl.go        openssl s_client and s_server
//	shims.go          OpenSSL, GnuTLS, Mbed TLS, wolfSSL, through small programs of ours
//	nss.go            around the libraries; the same for NSS
//	botan.go          and Botan
//	shim.go           builds and drives those programs, which are in testdata
//	   |
//	ours.go           interop/peer, built here, and the certificates (chain.go)
//
// Read scenes.go first. A scene that a stack cannot do is listed with the
// reason; one that fails for a fault of the stack is run all the same and has to show
// the fault. Everything is on 127.0.0.1.
package native
