// Package offload has Linux send and receive the UDP datagrams of a burst in one call: UDP_SEGMENT and UDP_GRO, see udp(7).
//
// The bytes of a burst are one datagram behind the other, all of one size but the last, which may be shorter. What says
// that size is a control message, as net.UDPConn's WriteMsgUDP and ReadMsgUDP take and give them. On other systems nothing is
// coalesced, and there is no control message.
package offload
