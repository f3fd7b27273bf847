// Package udp measures what a packet of 1,200 bytes costs from socket to socket on the loopback interface: bursts go to a
// server and come back. Ours is that of mux/icelite; the others are bare sockets, used one packet at a time, which is what
// pion/webrtc does, with UDP_SEGMENT, and with UDP_SEGMENT and UDP_GRO, which is the floor.
//
// It measures on Linux.
package udp
