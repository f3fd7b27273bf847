// Package icelite serves any number of WebRTC peers on one UDP port, as an ICE-lite agent (RFC 8445,
// Section 2.5): media servers have a public address, so they answer connectivity checks and send none.
//
//	UDP port --recvmmsg, GRO--> one goroutine a socket
//	                              |  STUN: a check whose MESSAGE-INTEGRITY is that of a registered Peer
//	                              |        binds the source address to it, and is answered
//	                              |  all else: to the Peer that the source address is bound to, or dropped
//	                              v
//	                            Peer (a mux.Link that delivers by itself) --> mux, DTLS, SRTP, inline
//	                              |
//	UDP port <--sendmmsg, GSO-----+  what handlers write while a batch is delivered leaves at its end,
//	                                 what goes to one peer in one send
//
// There is no goroutine for a peer: a Server has one for each socket and one for its clock. Datagrams from
// addresses that no check has proved are dropped and counted, and leave nothing behind. A peer whose checks stop is
// ended after 30 s: that is its consent to receive (RFC 7675). A path follows the peer's address when it
// nominates a new one.
//
// A [Peer] is what dtlstransport.NewTransport takes as a link:
//
//	server, err := icelite.Listen("udp", ":3478", nil)
//	peer, err := server.AddPeer(nil)
//	// peer.Credentials() and server.Candidates() go into our SDP, with a=ice-lite
//	transport, err := dtlstransport.NewTransport(peer, dtlstransport.RoleServer, config)
//
// Read check.go first (what a check must be), then peer.go (which address a peer has), then server.go; on Linux
// conn_linux.go, and bell_linux.go for how a loop waits without being woken for each datagram.
package icelite
