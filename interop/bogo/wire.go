package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// An opcode says what travels over the connection to the runner.
type opcode byte

const (
	opDatagram    opcode = 'P' // both ways: length uint32, one datagram
	opAdvance     opcode = 'T' // nanoseconds uint64: the clock goes on by that
	opAdvanced    opcode = 't' // from us: yes; nothing may lie between the two
	opExpectTimer opcode = 'E' // nanoseconds uint64: until the timer; all ones: it does not run
	opMTU         opcode = 'M' // uint32: the largest datagram is that from now on
	opTimeout     opcode = 'U' // milliseconds uint32: the initial timeout is that from now on
)

// maxDatagram bounds the datagrams of the runner, in bytes.
const maxDatagram = 1 << 16

// wire is the connection to the runner.
type wire struct {
	conn *net.TCPConn
	in   *bufio.Reader
}

// dial connects to the runner: always as the TCP client, also as a DTLS server.
func dial(o *options) (*wire, error) {
	host := "127.0.0.1"
	if o.ipv6 {
		host = "::1"
	}
	c, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(o.port)), 10*time.Second)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(binary.LittleEndian.AppendUint64(nil, o.shimID)); err != nil {
		return nil, err
	}
	return &wire{conn: c.(*net.TCPConn), in: bufio.NewReader(c)}, nil
}

// close ends the connection so that the runner can read all of it.
func (w *wire) close() {
	w.conn.CloseWrite()
	w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	io.Copy(io.Discard, w.in)
	w.conn.Close()
}

// next reads one command. value is its number, datagram is for opDatagram. The
// error is io.EOF when the runner is through.
func (w *wire) next() (op opcode, value uint64, datagram []byte, err error) {
	b, err := w.in.ReadByte()
	if err != nil {
		return 0, 0, nil, err
	}
	switch op = opcode(b); op {
	case opDatagram:
		if value, err = w.number(4); err == nil && value > maxDatagram {
			return op, value, nil, fmt.Errorf("%w: datagram of %d bytes", errMustFail, value)
		}
		if err == nil {
			datagram = make([]byte, value)
			_, err = io.ReadFull(w.in, datagram)
		}
	case opAdvance, opExpectTimer:
		value, err = w.number(8)
	case opMTU, opTimeout:
		value, err = w.number(4)
	default:
		err = fmt.Errorf("%w: opcode %q", errMustFail, b)
	}
	return op, value, datagram, err
}

// number reads a number of n bytes, at most 8, the highest first.
func (w *wire) number(n int) (uint64, error) {
	var b [8]byte
	_, err := io.ReadFull(w.in, b[8-n:])
	return binary.BigEndian.Uint64(b[:]), err
}

// send sends a datagram.
func (w *wire) send(datagram []byte) error {
	b := binary.BigEndian.AppendUint32([]byte{byte(opDatagram)}, uint32(len(datagram)))
	_, err := w.conn.Write(append(b, datagram...))
	return err
}

// advanced tells the runner that its command has come.
func (w *wire) advanced() error {
	_, err := w.conn.Write([]byte{byte(opAdvanced)})
	return err
}
