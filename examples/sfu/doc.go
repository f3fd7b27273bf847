// Sfu is a small conference server: everyone who opens the page of a room sees and hears everyone in it. All media of
// all people go through one UDP port.
//
//	cd examples/sfu && go run .
//
// It speaks WHIP (RFC 9725) to who sends, and WHEP to who receives, so other programs can join as well:
//
//	POST   /rooms/{room}/whip          an SDP offer with sendonly sections; 201 with the answer and a Location
//	POST   /rooms/{room}/whep/{stream} an SDP offer with recvonly sections; likewise
//	DELETE /sessions/{id}              the Location: ends that session
//	GET    /rooms/{room}/streams       server-sent events: who is in the room, anew with each change
//	GET    /                           the page of a room, ?room=name
//	GET    /status                     a page with live plots; its figures are at /status.json
//	GET    /metrics                    the same for Prometheus
//
// How a packet goes:
//
//	publisher --UDP--> icelite.Server --> Transport.OnRTP --> Stream --+--> Subscriber: payload type, WriteRTP
//	                   (one goroutine)    (decrypted in place)         +--> Subscriber        |
//	                          ^                                        +--> cache, for NACK   |
//	                          +------------ one GSO send per subscriber and burst <-----------+
//
// There is no goroutine for a peer. Opus and VP8 are forwarded as they are: nothing is decoded. What feedback does is in
// feedback.go: a new subscriber asks for a key frame, lost packets are asked for and sent again, and the publisher is told
// a rate that suits its receivers. transportcc.go tells it when each packet came, from which it learns what its path carries.
//
// Rooms may span several processes, through NATS (cluster.go): -nats-listen on one, -nats on the others.
//
// There are no users and no passwords: whoever reaches the HTTP port may use it. Put it behind something that knows
// who is who. SCALING.md tells how to go beyond one machine.
//
// Read room.go first (who is there), then stream.go (how packets go), then server.go (how people come).
package main
