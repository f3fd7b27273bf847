package icelite

import (
	"context"
	"net"
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
	raw, err := udp.SyscallConn()
	if err != nil {
		udp.Close()
		return nil, err
	}
	c := &linuxConn{portableConn: portableConn{udp: udp}, raw: raw}
	if !c.options(config) {
		return newPortable(udp, config), nil
	}
	c.in.init(c.coalescing)
	c.out.init()
	return c, nil
}

// linuxConn is a packetConn by recvmmsg and sendmmsg, which move a batch in a call, and by the offloads of
// Linux 5.0: UDP_GRO coalesces what comes from one address, UDP_SEGMENT cuts what goes to one.
type linuxConn struct {
	portableConn
	raw syscall.RawConn
	in  inbox
	out outbox

	v6           bool
	coalescing   bool
	segmentation atomic.Bool // until the kernel refuses
}

// options sets what the socket has, as far as the kernel lets us: each is only for speed. It reports whether the kernel
// moves batches at all.
func (c *linuxConn) options(config *Config) (batches bool) {
	_ = c.raw.Control(func(raw uintptr) {
		fd := int(raw)
		if batches = knowsBatches(raw); !batches {
			return
		}
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
	return batches
}

// setBuffer asks for a buffer of n bytes, past the system's limit if we may. A smaller one is no failure: Stats tells.
func setBuffer(fd, force, option, n int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, n) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, n)
	}
}

func (c *linuxConn) offloads() (segmentation, coalescing bool) {
	return c.segmentation.Load(), c.coalescing
}

func (c *linuxConn) receive() ([]train, error) {
	if err := c.raw.Read(c.in.try); err != nil {
		return nil, err
	}
	if c.in.errno != 0 {
		return nil, os.NewSyscallError("recvmmsg", c.in.errno)
	}
	return c.in.trains(), nil
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
			if err := c.raw.Write(out.try); err != nil {
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
	return c.portableConn.send([]train{t})
}

func countDatagrams(trains []train) (n int) {
	for _, t := range trains {
		n += t.datagrams()
	}
	return n
}
