// Load connects many peers of ours to a conference server at once, lets them send and receive, and says how that went.
//
//	go run ./interop/load -idle 10000    10,000 peers at rest on a server of our own; half a minute
//	go run ./interop/load -storm 2000    2,000 peers come within 5 s, while media goes to 50 others; a quarter of a minute
//
//	cd examples/sfu && go run . -udp 127.0.0.1:0 &
//	go run ./interop/load -url http://127.0.0.1:8080 -publishers 1 -subscribers 50 -channels
//
//	cd interop/bench && go run ./sfu/pionsfu -addr 127.0.0.1:8081 &
//	go run ./interop/load -url http://127.0.0.1:8081 -subscribers 50 -channels
//
// Each peer has a UDP socket, one goroutine, ICE checks (package agent), DTLS, SRTP, and with -channels a data channel labelled
// "echo"; publishers send bursts, as video does. Without -idle and -storm it speaks WHIP and WHEP as examples/sfu has them, so it
// can load any server that does; interop/bench/sfu/pionsfu is one on pion/webrtc.
//
//	publisher --POST whip--> server <--POST whep-- subscriber
//	    burst of packets -->        --> counted: what came, what is missing
//	            message <-- data channel --> echo
//
// With -idle and -storm the server is this process itself, mux/icelite with DTLS and SRTP and no HTTP, and the peers are another
// process, so that memory, goroutines and CPU time are the server's alone. Beside a join's CPU time stands that of the
// public-key operations in it, measured in between. The report says which goals are missed. That for a join is for peers that
// come as fast as they can: those that come one by one find idle cores, which each of their packets has to wake, and what
// media costs more meanwhile is in their figure. With -profiles DIR it keeps what the heap holds and where the goroutines
// are, true to the byte, so that CPU times of such a run do not count: profiles has those of 10,000 peers.
//
// It only loads servers on this machine: the URL and the addresses in their answers have to be of the loopback
// interface. A run has at most 20,000 peers and takes at most ten minutes.
//
// Read client.go first (what a peer does), then main.go and bare.go (what is measured).
package main
