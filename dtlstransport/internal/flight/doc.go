// Package flight makes handshake messages reliable over datagrams: the flight
// that is being sent, fragmented when a datagram is asked for; the reassembly
// of the peer's messages; and the retransmission timer (RFC 6347, Section 4.2).
//
//	messages -> Outgoing -> AppendDatagram -> link
//	                 ^  Rewind (timer expired, peer repeats itself)
//	                Timer
//	link -> fragments -> Reassembler -> messages, by message_seq
//
// Messages are kept as plaintext and sealed, packed and cut only when a
// datagram is asked for, so that a retransmission has new record numbers and
// fits whatever the link carries by then. Nothing here knows what a message
// means. Read outgoing.go, reassembler.go, piece.go, timer.go.
package flight
