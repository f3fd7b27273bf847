package mux

import (
	"net"
	"sync"
)

// A reader is what the read loop reads: one datagram at a time, or as many of one size as the system has put together.
type reader interface {
	// next returns datagrams one behind the other, each of size bytes but the last, which may be shorter. They are
	// valid, and may be written to, until the next call.
	next() (b []byte, size int, err error)

	// close gives the memory back.
	close()
}

// newReader returns the reader for a link whose datagrams have at most limit bytes.
func newReader(link Link, limit int) reader {
	if socket, ok := link.(*net.UDPConn); ok {
		if r := newCoalescer(socket); r != nil {
			return r
		}
	}
	// One byte more than we accept: a datagram that reaches into it is too large, cut or not.
	return singleReader{link, make([]byte, limit+1)}
}

// A singleReader reads any link.
type singleReader struct {
	link Link
	buf  []byte
}

func (r singleReader) next() ([]byte, int, error) {
	n, err := r.link.Read(r.buf)
	return r.buf[:n], n, err
}

func (singleReader) close() {}

// maxCoalesced is what the system puts together at most, and the largest datagram, in bytes.
const maxCoalesced = 1 << 16

// coalesced holds memory for a coalescer that has something to read: those that wait have none.
var coalesced = sync.Pool{New: func() any { return new([maxCoalesced]byte) }}
