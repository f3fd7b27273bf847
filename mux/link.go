package mux

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"time"
)

// A Link carries datagrams between this host and one peer whose address somebody else has verified:
// ICE, or the caller who connected a socket. One Read returns one datagram, one Write sends one.
//
// Write may be called by several goroutines at once, and at the same time as Read. Close makes a
// blocked Read return. A *net.UDPConn that is connected, an end of an in-memory pipe that keeps
// datagrams apart, and *pionice.Link are links.
//
// A link may have more to tell. These methods are looked for, none is needed:
//
//	LocalAddr() net.Addr
//	RemoteAddr() net.Addr
//	RTT() time.Duration    // the round-trip time it knows, 0 when it knows none
//	MaxDatagramSize() int  // bytes, the largest datagram that it takes, 0 when it knows none
//	SetWriteDeadline(t time.Time) error  // releases a Write that waits; see dtlstransport.Conn
//
// Write should wait for nothing, as a socket does: who writes waits with it. That includes the read loop where a
// handler answers.
//
// A link may also deliver by itself instead of being read, see [Pusher].
type Link interface {
	io.Reader
	io.Writer
	io.Closer
}

// A Pusher is a link that is not read: it calls, as one peer of a server's socket does. A Mux over such
// a link has no goroutine, and what comes before somebody has attached to its class is kept from New on.
type Pusher interface {
	Link

	// Push has deliver called for each datagram, and end once when the link has failed. deliver is not
	// called by two goroutines at a time. b may be written to, and is the link's again when deliver
	// returns. Push is called once, before any Write; Read is never called.
	Push(deliver func(b []byte), end func(err error))
}

// A LinkError is the end of a Mux that nobody closed: its link failed. Unwrap gives the link's own error.
type LinkError struct {
	Op  string // "read" or "write"
	Err error  // what the link returned
}

// Error returns the operation and the link's own text.
func (e *LinkError) Error() string { return "mux: link " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the link's error.
func (e *LinkError) Unwrap() error { return e.Err }

// unknownAddr stands for an address that the link does not know. net.Conn promises an address, and
// callers print it.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "mux" }
func (unknownAddr) String() string  { return "unknown" }

func localAddr(link Link) net.Addr {
	if l, ok := link.(interface{ LocalAddr() net.Addr }); ok {
		if a := l.LocalAddr(); a != nil {
			return a
		}
	}
	return unknownAddr{}
}

func remoteAddr(link Link) net.Addr {
	if l, ok := link.(interface{ RemoteAddr() net.Addr }); ok {
		if a := l.RemoteAddr(); a != nil {
			return a
		}
	}
	return unknownAddr{}
}

func linkRTT(link Link) time.Duration {
	if l, ok := link.(interface{ RTT() time.Duration }); ok {
		return l.RTT()
	}
	return 0
}

func linkMaxDatagramSize(link Link) int {
	if l, ok := link.(interface{ MaxDatagramSize() int }); ok {
		return l.MaxDatagramSize()
	}
	return 0
}

// IsTransient reports whether err is what a UDP socket says about an ICMP message or a full queue. ICMP
// can be forged by anybody, and a peer that is not listening yet is no reason to give up: such a datagram
// is lost, nothing else.
func IsTransient(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN, syscall.ENOBUFS:
		return true
	case syscall.EPERM:
		return true // of a packet filter, on Linux; it may change its mind
	case wsaeConnReset, wsaeNetReset:
		return runtime.GOOS == "windows"
	}
	return false
}

// IsTooLarge reports whether err says that a datagram is larger than the link takes: EMSGSIZE of a socket
// that may not fragment, or that has learnt the path's MTU.
func IsTooLarge(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && (errno == syscall.EMSGSIZE || runtime.GOOS == "windows" && errno == wsaeMsgSize)
}

// isTruncation reports whether err says that a datagram did not fit into the buffer of a Read:
// io.ErrShortBuffer from in-memory links, WSAEMSGSIZE from a socket on Windows. Elsewhere a socket cuts
// a datagram in silence.
func isTruncation(err error) bool {
	if errors.Is(err, io.ErrShortBuffer) {
		return true
	}
	var errno syscall.Errno
	return runtime.GOOS == "windows" && errors.As(err, &errno) && errno == wsaeMsgSize
}

// Winsock error numbers; no other system uses them.
const (
	wsaeMsgSize   syscall.Errno = 10040
	wsaeNetReset  syscall.Errno = 10052
	wsaeConnReset syscall.Errno = 10054
)
