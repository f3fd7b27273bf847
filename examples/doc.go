// Package examples holds the programs that people start from. Each is a folder
// with a main package of its own:
//
//	quickstart   two peers in one process: ICE, DTLS, SRTP, a data channel, in four lines of output
//	browser      a peer for your browser: a page, video there and back, a chat, a live picture of the connection
//	filetransfer a file from one machine to another: codes to copy, resumed after a break, also from a page
//
// Read quickstart/main.go first; it is the shortest whole program.
package examples
