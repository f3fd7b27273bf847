package icelite

import (
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A bell rings once when a socket has something to be read, and not again until somebody waits for it again.
//
// The sockets of package net have Go's poller told of each datagram, also of those that come while the loop is busy with
// others: then the thread of an idle processor wakes up for each, and finds nobody waiting. While thousands of peers
// came, that was a tenth of the server's CPU time. So a bell is an epoll(7) set with the socket alone in it, and the set
// is what Go's poller has: for waiting, and for ending that by close.
type bell struct {
	set    *os.File
	raw    syscall.RawConn
	socket int
	rung   func(set uintptr) bool // ring, as a value
	armed  bool
}

// newBell returns the bell of a socket that is in no poller itself.
func newBell(socket int) (*bell, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	_ = unix.SetNonblock(set, true) // it would not be polled otherwise; SetDeadline tells
	b := &bell{set: os.NewFile(uintptr(set), "epoll"), socket: socket}
	b.rung = b.ring
	if err = os.NewSyscallError("epoll_ctl", unix.EpollCtl(set, unix.EPOLL_CTL_ADD, socket, new(unix.EpollEvent))); err == nil {
		err = b.set.SetDeadline(time.Time{})
	}
	if err == nil {
		b.raw, err = b.set.SyscallConn()
	}
	if err != nil {
		b.set.Close()
		return nil, err
	}
	return b, nil
}

// wait returns when the socket has something, or with net.ErrClosed. One goroutine calls it.
func (b *bell) wait() error {
	b.armed = false
	if b.raw.Read(b.rung) != nil {
		return net.ErrClosed
	}
	return nil
}

// ring is called to begin to wait, and again when that is over. It reports true when there may be something.
func (b *bell) ring(set uintptr) bool {
	if !b.armed {
		b.arm(set, true)
		// What comes from now on rings. What came before may have been in the set's list since the bell rang last, and
		// the kernel tells nobody of what is in there already.
		if !ready(set) {
			return false
		}
	}
	b.arm(set, false)
	return true
}

func (b *bell) arm(set uintptr, armed bool) {
	var event unix.EpollEvent
	if armed {
		event.Events = unix.EPOLLIN
	}
	// If it fails, the socket has been closed, and close follows.
	_ = unix.EpollCtl(int(set), unix.EPOLL_CTL_MOD, b.socket, &event)
	b.armed = armed
}

// ready reports whether the socket in set has something, if the bell is armed. It does not wait.
func ready(set uintptr) bool {
	var event unix.EpollEvent
	n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, set, uintptr(unsafe.Pointer(&event)), 1, 0, 0, 0)
	return int(n) == 1
}

func (b *bell) close() error { return b.set.Close() }
