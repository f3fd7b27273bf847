//go:build linux && !386 && !s390x

package mux

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"github.com/rtctransport/rtctransport/mux/offload"
)

// A coalescer reads a UDP socket that gives the datagrams of one burst in one call (UDP_GRO, see udp(7)): over loopback and
// within a host they are never taken apart, and what a network card receives is put together by the kernel.
type coalescer struct {
	raw syscall.RawConn
	try func(fd uintptr) bool // receive, as a value: no closure for each call

	memory  *[maxCoalesced]byte // nil while nothing is there to be read
	header  syscall.Msghdr
	vector  syscall.Iovec
	control [offload.ControlSize]byte
	n       int // bytes received
	errno   syscall.Errno
}

// newCoalescer returns nil if the system does not coalesce.
func newCoalescer(socket *net.UDPConn) reader {
	raw, err := socket.SyscallConn()
	if err != nil || !offload.Coalesce(socket) {
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
	if s := offload.Size(c.control[:c.header.Controllen]); s > 0 {
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
