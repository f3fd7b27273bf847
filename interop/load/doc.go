// Load joins a conference server with many peers of ours at once, lets them send and receive, and says how that went.
//
//	cd examples/sfu && go run . -udp 127.0.0.1:0 &
//	go run ./interop/load -url http://127.0.0.1:8080 -publishers 1 -subscribers 50
//
// It speaks WHIP and WHEP as examples/sfu has them, so it can load any server that does. Each peer has a UDP socket,
// one goroutine, ICE checks (package agent), DTLS and SRTP; publishers send bursts, as video does.
//
//	publisher --POST whip--> server <--POST whep-- subscriber
//	    burst of packets -->        --> counted: what came, what is missing
//
// It only loads servers on this machine: the URL and the addresses in their answers have to be of the loopback
// interface.
package main
