package udp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	buffers  = 4 << 20 // bytes; as ours has
	patience = 10 * time.Second
)

// A socket sends and receives bursts.
type socket struct {
	*net.UDPConn
	segment []byte // the control message of UDP_SEGMENT; nil: a call for each packet
}

func listen(segmentation, coalescing bool) (*socket, error) {
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: udp}
	if segmentation {
		s.segment = make([]byte, unix.CmsgSpace(2))
		binary.NativeEndian.PutUint64(s.segment, uint64(unix.CmsgLen(2)))
		binary.NativeEndian.PutUint32(s.segment[8:], unix.IPPROTO_UDP)
		binary.NativeEndian.PutUint32(s.segment[12:], unix.UDP_SEGMENT)
		binary.NativeEndian.PutUint16(s.segment[16:], size)
	}
	raw, err := udp.SyscallConn()
	if err == nil && coalescing {
		var failed error
		err = raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		})
		err = errors.Join(err, failed)
	}
	if err = errors.Join(err, udp.SetReadBuffer(buffers), udp.SetWriteBuffer(buffers)); err != nil {
		udp.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) addr() netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }

// send sends packets that stand in a row.
func (s *socket) send(packets []byte, to netip.AddrPort) error {
	if s.segment != nil {
		_, _, err := s.WriteMsgUDPAddrPort(packets, s.segment, to)
		return err
	}
	for len(packets) > 0 {
		if _, err := s.WriteToUDPAddrPort(packets[:size], to); err != nil {
			return err
		}
		packets = packets[size:]
	}
	return nil
}

// receive receives so many bytes; what the kernel has put together stays so.
func (s *socket) receive(buf []byte, bytes int) (from netip.AddrPort, err error) {
	if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return from, err
	}
	for got := 0; got < bytes; {
		n, addr, err := s.ReadFromUDPAddrPort(buf[got:])
		if err != nil {
			return from, err
		}
		from, got = addr, got+n
	}
	return from, nil
}
