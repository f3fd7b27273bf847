// Package sctpdc gives WebRTC data channels over a net.Conn that carries one SCTP packet in each Read and Write, which
// is DTLS in WebRTC (RFC 8261). The association is that of github.com/pion/sctp; the channels, their opening protocol
// (DCEP, RFC 8832) and the rules of RFC 8831 are here.
//
//	 Open, Accept            Send                Receive
//	      |                   |                     ^
//	      v                   v                     |
//	Association -------->  Channel  ...  Channel: queue, filled by its own goroutine
//	 ids, limits,             |                     ^
//	 resets                   v                     |
//	      |            pion/sctp stream  ...  pion/sctp stream
//	      |                   |                     ^
//	      `-> pion/sctp association: windows, retransmission, fragments
//	                          |                     ^
//	                          v Write          Read |
//	                        gate: looks at every packet, and shields pion/sctp
//	                          |                     ^
//	                          v                     |
//	                         net.Conn, one SCTP packet each
//
// What to read first: [Association] and [New] in association.go, associationend.go for how it ends, then open.go for ids and DCEP, send.go and receive.go
// for messages, low.go for how much is queued, stream.go for a channel as a net.Conn, reset.go for closing, window.go
// for what happens when nobody receives. snap.go does without the handshake of SCTP, sdp.go, ports.go and snap.go
// have what SDP says about all this, scheduler.go shares the path by priority. events.go tells what happens, info.go what a
// message was, stats.go counts. gateinbound.go and gateoutbound.go, with wellformed.go, fragments.go, report.go,
// reconfig.go, sack.go, burst.go, probe.go and outbox.go, tell one by one what pion/sctp would do without them.
//
// An association may have [Config.MaxChannels] channels; each has one goroutine besides the four of the association.
package sctpdc
