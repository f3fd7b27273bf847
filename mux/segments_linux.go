package mux

import (
	"encoding/binary"
	"net"
	"syscall"
)

// newSegmenter returns nil if the link is not a UDP socket.
func newSegmenter(link Link) *segmenter {
	socket, ok := link.(*net.UDPConn)
	if !ok {
		return nil
	}
	return &segmenter{send: func(b []byte, size int) error {
		var room [64]byte
		_, _, err := socket.WriteMsgUDP(b, segmentControl(room[:0], size), nil)
		return err
	}}
}

// segmentControl appends the control message that has the kernel cut a datagram into pieces of size bytes: a cmsghdr of
// level SOL_UDP and type UDP_SEGMENT with 16 bits. See udp(7).
func segmentControl(b []byte, size int) []byte {
	const solUDP, udpSegment = 17, 103
	length, space := syscall.CmsgLen(2), syscall.CmsgSpace(2)
	if syscall.SizeofCmsghdr == 16 { // cmsg_len is as wide as a pointer
		b = binary.NativeEndian.AppendUint64(b, uint64(length))
	} else {
		b = binary.NativeEndian.AppendUint32(b, uint32(length))
	}
	b = binary.NativeEndian.AppendUint32(b, solUDP)
	b = binary.NativeEndian.AppendUint32(b, udpSegment)
	b = binary.NativeEndian.AppendUint16(b, uint16(size))
	for len(b) < space {
		b = append(b, 0)
	}
	return b
}
