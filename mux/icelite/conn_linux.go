package icelite

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// listen opens a socket that shares its port if config asks for several.
func listen(network, address string, config *Config) (packetConn, error) {
	if config.Portable && config.Sockets == 1 {
		return listenPortable(network, address, config)
	}
	control := func(_, _ string, raw syscall.RawConn) (err error) {
		if config.Sockets > 1 {
			controlErr := raw.Control(func(fd uintptr) {
				err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			})
			if controlErr != nil {
				return controlErr
			}
		}
		return err
	}
	pc, err := (&net.ListenConfig{Control: control}).ListenPacket(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	udp := pc.(*net.UDPConn)
	c := &linuxConn{local: localAddr(udp)}
	if c.takeOver(udp) != nil {
		return newPortable(udp, config), nil
	}
	c.options(config)
	c.in.init(c.coalescing)
	c.out.init()
	c.single.init()
	return c, nil
}

// linuxConn is a packetConn by recvmmsg and sendmmsg, which move a batch in a call, and by the offloads of
// Linux 5.0: UDP_GRO coalesces what comes from one address, UDP_SEGMENT cuts what goes to one.
type linuxConn struct {
	file   *os.File // the socket, in no poller
	socket syscall.RawConn
	bell   *bell
	local  netip.AddrPort

	in     inbox
	out    outbox
	single outbox // for what is sent singly

	v6           bool
	coalescing   bool
	segmentation atomic.Bool // until the kernel refuses
}

// takeOver takes the socket of udp from Go's poller, and closes udp. It fails if the kernel does not let us do with a
// socket what is to be done; udp then is as it was.
func (c *linuxConn) takeOver(udp *net.UDPConn) error {
	raw, err := udp.SyscallConn()
	if err != nil {
		return err
	}
	var socket int
	controlErr := raw.Control(func(fd uintptr) {
		if err = errors.ErrUnsupported; knowsBatches(fd) {
			socket, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		}
	})
	if err = errors.Join(err, controlErr); err != nil {
		return err
	}
	if c.bell, err = newBell(socket); err != nil {
		unix.Close(socket)
		return err
	}
	_ = unix.SetNonblock(socket, false) // or else NewFile has it polled; each call says that it does not wait
	c.file = os.NewFile(uintptr(socket), "udp")
	c.socket, _ = c.file.SyscallConn() // of a file that is open
	udp.Close()
	return nil
}

// options sets what the socket has, as far as the kernel lets us: each is only for speed.
func (c *linuxConn) options(config *Config) {
	_ = c.socket.Control(func(raw uintptr) {
		fd := int(raw)
		domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		c.v6 = domain == unix.AF_INET6
		setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, config.ReceiveBuffer)
		setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, config.SendBuffer)
		if config.Portable {
			return
		}
		c.coalescing = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1) == nil
		_, err := unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		c.segmentation.Store(err == nil)
	})
}

// setBuffer asks for a buffer of n bytes, past the system's limit if we may. A smaller one is no failure: Stats tells.
func setBuffer(fd, force, option, n int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, n) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, n)
	}
}

func (c *linuxConn) localAddr() netip.AddrPort { return c.local }

func (c *linuxConn) buffers() (receive, send int) { return bufferSizes(c.file) }

func (c *linuxConn) offloads() (segmentation, coalescing bool) {
	return c.segmentation.Load(), c.coalescing
}

func (c *linuxConn) close() error { return errors.Join(c.bell.close(), c.file.Close()) }

func (c *linuxConn) receive() ([]train, error) {
	for {
		if c.socket.Control(c.in.try) != nil {
			return nil, net.ErrClosed
		}
		switch c.in.errno {
		case 0:
			return c.in.trains(), nil
		case unix.EAGAIN:
			if err := c.bell.wait(); err != nil {
				return nil, err
			}
		default:
			return nil, os.NewSyscallError("recvmmsg", c.in.errno)
		}
	}
}

func (c *linuxConn) send(trains []train) (calls, failed int) {
	out := &c.out
	for {
		trains = out.load(trains, c.v6, c.segmentation.Load())
		if out.n == 0 {
			return calls, failed
		}
		for out.sent < out.n {
			calls++
			if c.push(out) != nil {
				return calls, failed + out.left() + countDatagrams(trains)
			}
			if out.errno != 0 {
				n, f := c.sendSingly(out.trains[out.sent], out.errno)
				calls, failed = calls+n, failed+f
				out.sent++
			}
		}
	}
}

// sendSingly sends a train that the kernel has refused, datagram by datagram: segments larger than the device's
// MTU are refused where a single datagram would be fragmented, and some devices cannot at all.
func (c *linuxConn) sendSingly(t train, errno unix.Errno) (calls, failed int) {
	if t.datagrams() == 1 {
		return 0, 1
	}
	if errno == unix.EIO || errno == unix.EOPNOTSUPP {
		c.segmentation.Store(false)
	}
	return t.singly(c.sendOne)
}

func (c *linuxConn) sendOne(b []byte, to netip.AddrPort) error {
	c.single.load([]train{{to, b, len(b)}}, c.v6, false)
	if err := c.push(&c.single); err != nil {
		return err
	}
	if errno := c.single.errno; errno != 0 {
		return os.NewSyscallError("sendmmsg", errno)
	}
	return nil
}

// push has the kernel take some of what out has, or refuse it, and waits while it does neither. It fails if the socket
// is closed.
func (c *linuxConn) push(out *outbox) error {
	for {
		if c.socket.Control(out.try) != nil {
			return net.ErrClosed
		}
		if out.errno != unix.EAGAIN {
			return nil
		}
		_ = c.socket.Control(awaitSpace)
	}
}

// awaitSpace waits for the kernel to take more: seldom and not for long. After 100 ms it is time to see whether the socket
// is still open.
func awaitSpace(fd uintptr) {
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 100)
}

func countDatagrams(trains []train) (n int) {
	for _, t := range trains {
		n += t.datagrams()
	}
	return n
}
