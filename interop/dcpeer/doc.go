// Command dcpeer speaks our data channels over DTLS over a bare UDP socket, with output that a program can compare:
//
//	go run ./interop/dcpeer server --addr 127.0.0.1:0 --cert c.pem --key k.pem
//	go run ./interop/dcpeer client --addr 127.0.0.1:PORT --cert c.pem --key k.pem --dc chat:1:0:0 --send Thello
//
// The flags are those of package contract and a few more. The side with --dc opens these channels, sends every payload of
// --send on each and awaits the echoes, resets the streams, and shuts SCTP and then DTLS down. The other side echoes.
//
//	main.go    the role, DTLS, SCTP, the end
//	flags.go   --dc, --idata, --sctp-port, and what --send means here
//	link.go    a UDP socket and one peer, as a link for DTLS
//	open.go    the side with --dc
//	echo.go    the side without, and both for the channels of the other
//	close.go   ends other than that: --close-after, --wait-close
//
// The tests run it against itself and against usrsctp (testdata/usrsctp.c); interop/webrtc puts it before browsers and the
// stacks in Node.js.
package main
