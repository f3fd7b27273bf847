// Filetransfer sends a file from one machine to another, peer to peer, over one data channel. There is no server: each side
// prints a code, and people carry it to the other side, by chat or by mail.
//
//	go run ./examples/filetransfer send FILE      prints a code; then paste the receiver's
//	go run ./examples/filetransfer receive        paste the sender's code; prints one
//	go run ./examples/filetransfer page           the same as a page for a browser, which understands the same codes
//
// With -qr each code is drawn as well, for a phone with the page; it takes a terminal of about 90 columns and 45 lines.
//
// Codes go to standard output, all else to standard error: what to do, a bar with rate and remaining time. When the
// connection breaks, or either program was stopped and is started again, new codes are exchanged and the transfer goes on where it was;
// what has come is kept in a file whose name ends with ".part". In the end the receiver checks the SHA-256 of the whole.
//
//	sender                                              receiver
//	code.go, sdp.go   offer  ---------- people ------>
//	                         <--------- people -------  answer
//	connect.go        ICE, DTLS, SCTP, channel "file"
//	messages.go       {"id","name","size"}  --------->
//	                                        <---------  {"offset"}      what it has already
//	                  16 KiB, 16 KiB, ...   --------->
//	                  {"sha256"}            --------->
//	                                        <---------  {"ok"} or {"error"}
//
// Read main.go first, then send.go and receive.go.
package main
