package offload

import (
	"encoding/binary"
	"net"
	"syscall"
)

const solUDP, udpSegment, udpGRO = 17, 103, 104

// Segments is whether there is a control message for sending. The kernel may still refuse it: Linux knows it since 4.18, and
// not every device does.
const Segments = true

// ControlSize is the room for the control messages of one call, in bytes.
const ControlSize = 64

// Coalesce has a socket give the datagrams of a burst together, and reports whether it does: Linux since 5.0. Whoever reads
// it needs a buffer of 65,536 bytes from now on.
func Coalesce(socket *net.UDPConn) bool {
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var refused error
	err = raw.Control(func(fd uintptr) { refused = syscall.SetsockoptInt(int(fd), solUDP, udpGRO, 1) })
	return err == nil && refused == nil
}

// Size returns the size of the datagrams in bytes that the control messages of a read tell, 0 if they tell none: a cmsghdr
// of level SOL_UDP and type UDP_GRO, with an int.
func Size(control []byte) int {
	const header = syscall.SizeofCmsghdr
	if len(control) < syscall.CmsgLen(4) {
		return 0
	}
	level, typ := binary.NativeEndian.Uint32(control[header-8:]), binary.NativeEndian.Uint32(control[header-4:])
	if level != solUDP || typ != udpGRO {
		return 0
	}
	return int(binary.NativeEndian.Uint32(control[syscall.CmsgLen(0):]))
}

// AppendControl appends the control message that has the kernel cut what is written into datagrams of size bytes: a cmsghdr
// of level SOL_UDP and type UDP_SEGMENT with 16 bits.
func AppendControl(b []byte, size int) []byte {
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
