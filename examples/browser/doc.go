// Command browser is a WebRTC peer that a web page can talk to: it echoes audio, video and data channels.
//
//	go run ./examples/browser [-addr 127.0.0.1:0] [-ip IP] [-trace FILE]
//
// It prints one line, "LISTENING http://127.0.0.1:PORT". Open that address in a browser, or drive the
// requests below from a program.
//
//	 browser or any WebRTC peer                       this program
//	┌──────────────────────────┐   POST /offer       ┌───────────────────────────────────────────┐
//	│ createOffer ─────────────┼────────────────────▶│ sdp.go      what the offer says           │
//	│ setRemoteDescription ◀───┼─────────────────────┤ answer.go   what we answer                │
//	│                          │   {answer, id}      │                                           │
//	│ ICE            ◀─────────┼──── UDP ───────────▶│ agent.go    pion/ice                      │
//	│ DTLS 1.2       ◀─────────┼────────────────────▶│ peer.go     dtlstransport.Transport       │
//	│ SRTP, SRTCP    ◀─────────┼────────────────────▶│ media.go    each packet goes back         │
//	│ SCTP, DCEP     ◀─────────┼────────────────────▶│ channels.go sctpdc, each message back     │
//	└──────────────────────────┘   GET /stats?id=    │ stats.go    what the page shows           │
//	                                                 └───────────────────────────────────────────┘
//
// Read peer.go first: it is the whole life of a connection, from the ICE agent to the echo. server.go has the
// requests, table.go the limits, and page/ the page for a person.
//
// # Requests
//
//	POST /offer?setup=passive|active  {type:"offer",sdp} -> {type:"answer",sdp,id}; passive: we are the DTLS server
//	POST /call                        -> {type:"offer",sdp,id}, with one channel "from-server"
//	POST /answer?id=                  {type:"answer",sdp} -> {}
//	GET  /stats?id=                   state of the peer, dtlsState, rtpIn and more; see the type Stats
//	POST /close?id=                   -> {} when the association is closed and close_notify is sent
//	GET  /info                        {name,version}
//
// Bad input is answered with a 4xx and a reason of one line. All candidates are in the descriptions: no trickle.
//
// # Data channels
//
//	any label  each message comes back, same kind, same channel
//	mirror:X   opens also a channel X back, of the same reliability and protocol, which echoes
//	sink       counts; answers the text "end" with "<messages> <bytes>"
//	source     on the text "N SIZE" sends N binary messages of SIZE bytes, each starting with its number (32 bits)
//	close-me   closes the channel on its first message
package main
