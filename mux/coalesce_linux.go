//go:build linux && !386 && !s390x

package mux

import (
	"encoding/binary"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A coalescer reads a UDP socket that gives the datagrams of one burst in one call (UDP_GRO, see udp(7)): over loopback and
// within a host they are never taken apart, and what a network card receives is put together by the kernel.
type coalescer struct {
	raw syscall.RawConn
	try func(fd uintptr) bool // receive, as a value: no closure for each call

	memory  *[maxCoalesced]byte // nil while nothing is there to be read
	header  syscall.Msghdr
	vector  syscall.Iovec
	control [64]byte // room for one control message
	n       int      // bytes received
	errno   syscall.Errno
}

const solUDP, udpGRO = 17, 104

// newCoalescer returns nil if the system does not coalesce: Linux does from 5.0 on.
func newCoalescer(socket *net.UDPConn) reader {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	var refused error
	err = raw.Control(func(fd uintptr) { refused = syscall.SetsockoptInt(int(fd), solUDP, udpGRO, 1) })
	if err != nil || refused != nil {
		return nil
	}
	c := &coalescer{raw: raw}
	c.try = c.receive
	return c
}

func (c *coalescer) next() ([]byte, int, error) {
	if err := c.raw.Read(c.try); err != nil {
		return nil, 0, err
	}
	if c.errno != 0 {
		return nil, 0, os.NewSyscallError("recvmsg", c.errno)
	}
	size := c.n
	if s := coalescedSize(c.control[:c.header.Controllen]); s > 0 {
		size = min(s, c.n)
	}
	return c.memory[:c.n], size, nil
}

// receive is called when the socket may have something. It reports false if it has not.
func (c *coalescer) receive(fd uintptr) bool {
	if c.memory == nil {
		c.memory = coalesced.Get().(*[maxCoalesced]byte)
	}
	c.vector.Base = &c.memory[0]
	c.vector.SetLen(maxCoalesced)
	c.header = syscall.Msghdr{Iov: &c.vector, Iovlen: 1, Control: &c.control[0]}
	c.header.SetControllen(len(c.control))
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&c.header)), syscall.MSG_DONTWAIT)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			c.close()
			return false
		}
		c.n, c.errno = int(n), errno
		return true
	}
}

func (c *coalescer) close() {
	if c.memory != nil {
		c.vector.Base = nil
		coalesced.Put(c.memory)
		c.memory = nil
	}
}

// coalescedSize returns the size of the datagrams in bytes that the control messages tell, 0 if they do not: a cmsghdr of
// level SOL_UDP and type UDP_GRO, with an int.
func coalescedSize(control []byte) int {
	const size = syscall.SizeofCmsghdr
	if len(control) < syscall.CmsgLen(4) {
		return 0
	}
	level, typ := binary.NativeEndian.Uint32(control[size-8:]), binary.NativeEndian.Uint32(control[size-4:])
	if level != solUDP || typ != udpGRO {
		return 0
	}
	return int(binary.NativeEndian.Uint32(control[syscall.CmsgLen(0):]))
}
