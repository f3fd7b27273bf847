// Sfu is a small conference server: everyone who opens the page of a room sees and hears everyone in it, and reads what everyone
// writes. Media and chat of all people go through one UDP port.
//
//	cd examples/sfu && go run .
//
// It speaks WHIP (RFC 9725) to who sends, and WHEP to who receives, so other programs can join as well:
//
//	POST   /rooms/{room}/whip          an SDP offer with sendonly sections, ?name=Ada; 201 with the answer and a Location
//	POST   /rooms/{room}/whep/{stream} an SDP offer with recvonly sections; likewise
//	DELETE /sessions/{key}/{stream}    the Location: ends that session; of a publisher, its last part is the stream's id
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
// Either offer may have data channels as well (m=application, RFC 8841), bundled; one to whip may have nothing else, and is then of
// somebody who chats and does not send. Two labels are served, any other channel is closed:
//
//	"chat" a text message is a line of UTF-8, of 2,000 bytes at most, 5 a second. Everyone in the room who has such a channel
//	       gets it, who wrote it too: {"from": id, "name": "Ada", "text": "hello"}. {"refused": why} comes to him alone.
//	"echo" what comes goes back, so that a page knows how long its way is
//
// Nobody waits for a slow reader: what he has no room for he misses, and it is counted. Who sends more than 200 messages a second
// loses his channels. When the channels end, for whatever reason, media goes on. datachannel.go has the bounds, chat.go the chat.
//
// There is no goroutine for a peer; one with data channels costs those of the association, one of ours, and two for each channel,
// which the status page counts apart. Opus and VP8 are forwarded as they are: nothing is decoded. What feedback does is in
// feedback.go: a new subscriber asks for a key frame, lost packets are asked for and sent again, and the publisher is told
// a rate that suits its receivers: that of the slowest, for there is no simulcast. transportcc.go tells it when each packet
// came, from which it learns what its path carries.
//
// Rooms may span several processes, through NATS (cluster.go): -nats-listen on one, -nats on the others. Who can reach that NATS
// server is one of them: keep it among yourselves.
//
// There are no users and no passwords: whoever reaches the HTTP port may use it, and call himself what he likes. Put it behind
// something that knows who is who. What one address can have is bounded (clients.go). SCALING.md tells how to go beyond one machine.
//
// Read room.go first (who is there), then stream.go (how packets go), then server.go and session.go (how people come).
package main
