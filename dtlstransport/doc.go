// Package dtlstransport carries WebRTC's security layer: DTLS 1.2 (RFC 6347)
// with certificates that are trusted by their fingerprint (RFC 8122, RFC 8827),
// and the SRTP keys that follow from it (RFC 5764). The engine is our own.
//
//	Transport   one ICE link in: DTLS, SRTP keys, the datagram channel for SCTP
//	   |
//	Conn        net.Conn over one datagram link: one mutex, one timer, one reader;
//	   |        Listener accepts many of them on one UDP socket, behind cookies
//	   |
//	Engine      DTLS 1.2 with no I/O, no clock, no goroutine
//	   |
//	internal/flight   handshake messages made reliable
//	internal/record   records sealed and opened
//	internal/wire     bytes of handshake messages
//
// Most programs want a Transport; see the example of NewTransport. Programs with
// nothing but data channels want a Conn; bare UDP, without ICE, has Dial and Listen.
// Servers with an event loop of their own, simulations and test suites want an Engine.
//
// # Configuration
//
// One Config serves all of them, and its zero value with a certificate of package
// fingerprint is right for WebRTC. HardenedPolicy and FIPSPolicy return others to begin
// with, LoadPolicy reads one from a text that an administrator can write. What there is
// to choose from is in CipherSuites, Groups and SignatureSchemes.
//
// # Identity
//
// The peer is who has the certificate that Config.RemoteFingerprints name. They may come
// later, by SetRemoteFingerprints; Config.VerifyPeer takes their place where
// peers are known by other means, and Config.PSK that of certificates where both ends
// share a key. Names, dates and signatures of a certificate mean nothing. Of
// several certificates of ours the peer gets one that it can verify, and fingerprint.Rotation
// renews them.
//
// # Insight
//
// Config.Trace is told of every datagram, record, message, alert, drop and change of
// state, and NewSlogTrace logs that. ConnectionState has what was agreed on, Stats the
// counts, RTCStats both as W3C webrtc-stats has them. A handshake that fails does so with a
// *HandshakeError, which says what was awaited and what had been heard, and wraps the
// *AlertError of the verdict or ErrTimeout; a connected association fails with an
// *AlertError. Neither has secrets.
//
// # What holds
//
//   - One gate: application data, exported keys and EventConnected exist only
//     behind the handshake's end and the verdict on the peer's fingerprint.
//   - Flights are judged whole, by functions that change nothing: what is not
//     acceptable leaves the handshake as it was, and the genuine flight can still
//     come.
//   - Before the peer is authenticated, what anybody could have forged is a hint
//     and not a verdict: it starts Config.FailureGrace, and progress clears it. So
//     does silence, where a peer that meant it would have repeated its flight.
//   - A flight that was tampered with on its way, and verifies all the same, gives
//     way to the genuine one when the other side cannot accept what it led to.
//   - What makes no sense on the wire is dropped and counted (Stats). It is never
//     an error and never a panic.
//
// # What a forger cannot do
//
//	datagram --> newest of each message --> judge the whole flight --> accept --> answer
//	                     ^                         |                                 |
//	                     |                         v refuse: a hint                  v silence
//	                     '---- the peer sends it again ----------------------- the next choice
//
// Until the keys prove themselves nobody can tell the genuine datagram from a forged
// one, so nothing is decided by one that cannot be taken back:
//
//   - A fragment that contradicts another of its message replaces it, and a flight is judged
//     as a whole: the peer repeats the genuine one, nobody the forged one.
//   - What flight 4 leaves unsigned may have been changed. A client whose answer stays
//     unanswered takes a rival of it too, and sends the answers to all that it has
//     taken in turn, until a record opens under the keys of one (client12choice.go).
//   - The hello that came first may have been changed. A server whose client signs
//     another one, or repeats it although it was answered, answers that one, in full
//     (server12rival.go). A hello with another random must return a cookie.
//   - A choice is one whole transcript; nothing is mixed, and no record number is used
//     twice under one key.
//
// go run ./interop/hostile tries, and SECURITY.md says to whom what is promised.
//
// # The code
//
// Begin with engine.go (the surface), receive.go (a datagram's way in), send.go (the way
// out), gate.go (when an association is connected) and end.go (when it is not any more).
// Then handshake.go (what both sides share), hint.go (what anybody can say against it),
// client12.go and server12.go (the two state machines; their flights are in files of that name),
// grammar.go (which messages make up a flight), helloclient.go and helloserver.go
// (negotiation), certificatechoice.go (what we present), session.go (resumption),
// connectionid.go (RFC 9146) and limits.go (what a hostile peer can cost).
//
// Around the engine: conn.go (the life of a Conn), connengine.go (how it drives the
// engine), connio.go and conndeadline.go (Read, Write and how long they wait), listener.go
// and listenerloop.go (many of them on a socket), transport.go and media.go (with SRTP beside
// it), restart.go (another association over the same link).
package dtlstransport
