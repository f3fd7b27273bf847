package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// What a message on the link is. Numbers are big-endian.
const (
	opDatagram       = 'P' // both ways: 4 bytes of length, the datagram
	opTimeout        = 'T' // to us: 8 bytes of nanoseconds by which the clock goes on
	opTimeoutTaken   = 't' // from us: the answer, before anything that follows from it
	opExpectTimeout  = 'E' // to us: 8 bytes of nanoseconds until our next timeout, all ones: none
	opMTU            = 'M' // to us: 4 bytes, the new bound of our datagrams
	opInitialTimeout = 'U' // to us: 4 bytes of milliseconds
)

// A link is the connection to the runner.
type link struct{ conn *net.TCPConn }

// dial connects, and says who we are.
func dial(o *options) (*link, error) {
	ip := net.IPv4(127, 0, 0, 1)
	if o.ipv6 {
		ip = net.IPv6loopback
	}
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: ip, Port: o.port})
	if err != nil {
		return nil, err
	}
	_, err = conn.Write(binary.LittleEndian.AppendUint64(nil, o.shimID))
	return &link{conn}, err
}

// message is what the runner says.
type message struct {
	op       byte
	datagram []byte
	number   uint64
}

// receive waits for the next message. It returns io.EOF when the runner is done.
func (l *link) receive() (m message, err error) {
	var b [9]byte
	if _, err = io.ReadFull(l.conn, b[:1]); err != nil {
		return m, err
	}
	m.op = b[0]
	n := 4
	if m.op == opTimeout || m.op == opExpectTimeout {
		n = 8
	}
	if _, err = io.ReadFull(l.conn, b[9-n:]); err != nil {
		return m, err
	}
	m.number = binary.BigEndian.Uint64(b[1:])
	switch m.op {
	case opDatagram:
		m.datagram = make([]byte, m.number)
		_, err = io.ReadFull(l.conn, m.datagram)
	case opTimeout, opExpectTimeout, opMTU, opInitialTimeout:
	default:
		err = fmt.Errorf("%w: opcode %q", errUnimplemented, m.op)
	}
	return m, err
}

// send sends a datagram.
func (l *link) send(datagram []byte) error {
	b := binary.BigEndian.AppendUint32([]byte{opDatagram}, uint32(len(datagram)))
	_, err := l.conn.Write(append(b, datagram...))
	return err
}

// timeoutTaken tells that the clock goes on.
func (l *link) timeoutTaken() error {
	_, err := l.conn.Write([]byte{opTimeoutTaken})
	return err
}

// close ends the connection so that everything sent arrives: a reset would
// overtake it.
func (l *link) close() {
	l.conn.CloseWrite()
	l.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	io.Copy(io.Discard, l.conn)
	l.conn.Close()
}
