// Package watch reads what anybody on the path can read of a DTLS 1.2 handshake: which datagrams went, how large they were,
// what was in them in the clear, and what became of them. It has a codec of its own and imports nothing of the library, so that
// what it says is not what one of the two ends believes.
//
//	relay.Config.Observe ---> Watch.See ---> Handshakes: datagrams in order (a ladder)
//	                                         and Facts (suite, group, extensions, alerts, sizes)
//
// Read handshake.go first, then facts.go; hello.go and message.go have the formats, pcap.go writes a file for other
// people's tools.
package watch
