// Command peer speaks our DTLS over a bare UDP socket, the way openssl's s_client
// and s_server are used, with output that a program can compare:
//
//	go run ./interop/peer server --addr 127.0.0.1:0 --cert c.pem --key k.pem
//	go run ./interop/peer client --addr 127.0.0.1:PORT --cert c.pem --key k.pem --send 6869
//
// The flags, the lines and the exit codes are those of package contract.
//
//	main.go          the role
//	association.go   one Engine and its socket, in one goroutine with deadlines
//	client.go        connect, export, send and await echoes, close
//	server.go        one client after the other on one socket, echoes
//	contract         flags, output and what --resume keeps, shared with dcpeer
//
// A client waits for at most one thing at a time and so does a server, so nothing here
// needs a second goroutine.
package main
