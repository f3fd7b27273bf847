package icelite

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32 // bytes received, or sent
}

// The calls are raw: they do not wait, and Go's scheduler, told of one after the process was idle, wakes its monitor
// thread, which looks around for a millisecond. But while a raw call runs, its thread is neither stopped for a
// garbage collection nor its processor given to another: what one call moves is bounded, to take some 100 us,
// by inboxMessages and inboxBuffer, outboxMessages and outboxBytes.

// recvmmsg calls the kernel. It fills n headers at most and does not wait.
func recvmmsg(fd uintptr, headers *mmsghdr, n int) (int, unix.Errno) {
	got, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(headers)), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	return int(got), errno
}

// sendmmsg calls the kernel. It sends n headers at most and does not wait.
func sendmmsg(fd uintptr, headers *mmsghdr, n int) (int, unix.Errno) {
	sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(headers)), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	return int(sent), errno
}

// knowsBatches reports whether the kernel has both calls, and lets us make them: some sandboxes do not.
func knowsBatches(fd uintptr) bool {
	var h mmsghdr
	_, received := recvmmsg(fd, &h, 0)
	_, sent := sendmmsg(fd, &h, 0)
	return received == 0 && sent == 0
}

// cmsgSpace is what one control message with an int takes.
var cmsgSpace = unix.CmsgSpace(4)

// inbox is the memory that recvmmsg fills.
type inbox struct {
	try   func(fd uintptr) // receive, as a value
	n     int              // messages of the last call
	errno unix.Errno

	headers []mmsghdr
	names   []sockaddr
	control []byte
	buffers []unix.Iovec
	memory  []byte
	result  []train
}

const (
	inboxMessages = 16
	inboxBuffer   = 1 << 16 // bytes; coalesced datagrams are that many at most
)

func (in *inbox) init(coalescing bool) {
	in.try = in.receive // once, not a closure for each call
	in.headers = make([]mmsghdr, inboxMessages)
	in.names = make([]sockaddr, inboxMessages)
	in.buffers = make([]unix.Iovec, inboxMessages)
	in.memory = make([]byte, inboxMessages*inboxBuffer)
	in.result = make([]train, 0, inboxMessages)
	if coalescing {
		in.control = make([]byte, inboxMessages*cmsgSpace)
	}
	for i := range in.headers {
		h := &in.headers[i]
		in.buffers[i].Base = &in.memory[i*inboxBuffer]
		in.buffers[i].SetLen(inboxBuffer)
		h.Iov = &in.buffers[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&in.names[i]))
		in.rearm(i)
	}
}

// rearm makes a header ready again: the kernel writes the lengths.
func (in *inbox) rearm(i int) {
	h := &in.headers[i]
	h.Namelen = uint32(unsafe.Sizeof(sockaddr{}))
	h.Flags = 0
	if in.control != nil {
		h.Control = &in.control[i*cmsgSpace]
		h.SetControllen(cmsgSpace)
	}
}

// receive takes what the socket has. errno tells how that went.
func (in *inbox) receive(fd uintptr) {
	for i := range in.n {
		in.rearm(i)
	}
	in.errno = unix.EINTR
	for in.errno == unix.EINTR {
		in.n, in.errno = recvmmsg(fd, &in.headers[0], inboxMessages)
	}
	if in.errno != 0 {
		in.n = 0
	}
}

// trains returns what the last call received.
func (in *inbox) trains() []train {
	in.result = in.result[:0]
	for i := range in.n {
		h := &in.headers[i]
		addr, ok := in.names[i].addrPort()
		if n := int(h.n); n > 0 && ok && h.Flags&unix.MSG_TRUNC == 0 {
			in.result = append(in.result, train{addr, in.memory[i*inboxBuffer:][:n], in.segmentSize(i, n)})
		}
	}
	return in.result
}

// segmentSize returns the size of each datagram in message i of n bytes.
func (in *inbox) segmentSize(i, n int) int {
	h := &in.headers[i]
	for control := in.control[min(i*cmsgSpace, len(in.control)):][:min(int(h.Controllen), len(in.control))]; len(control) > 0; {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_GRO && len(data) >= 4 {
			if size := int(binary.NativeEndian.Uint32(data)); size > 0 {
				return size
			}
		}
		control = rest
	}
	return n
}

// outbox is the memory that sendmmsg reads.
type outbox struct {
	try     func(fd uintptr)                                            // send, as a value
	call    func(fd uintptr, headers *mmsghdr, n int) (int, unix.Errno) // sendmmsg
	n, sent int                                                         // messages loaded, and of them sent or given up
	errno   unix.Errno
	trains  []train // of each message

	headers []mmsghdr
	names   []sockaddr
	buffers []unix.Iovec
	control []byte
}

const (
	outboxMessages = 32
	outboxBytes    = 1 << 16 // of one call; no more messages are loaded when there are as many
)

func (out *outbox) init() {
	out.try, out.call = out.send, sendmmsg
	out.trains = make([]train, outboxMessages)
	out.headers = make([]mmsghdr, outboxMessages)
	out.names = make([]sockaddr, outboxMessages)
	out.buffers = make([]unix.Iovec, outboxMessages)
	out.control = make([]byte, outboxMessages*cmsgSpace)
	for i := range out.headers {
		h := &out.headers[i]
		h.Iov = &out.buffers[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&out.names[i]))
		c := (*unix.Cmsghdr)(unsafe.Pointer(&out.control[i*cmsgSpace]))
		c.Level, c.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		c.SetLen(unix.CmsgLen(2))
	}
}

// load takes trains while there is room, and returns the rest.
func (out *outbox) load(trains []train, v6, segmentation bool) []train {
	out.n, out.sent = 0, 0
	for bytes := 0; len(trains) > 0 && out.n < outboxMessages && bytes < outboxBytes; {
		t := &trains[0]
		whole := *t
		if segmentation || len(t.b) <= t.size {
			trains = trains[1:]
		} else {
			whole.b = t.next()
		}
		out.put(whole, v6)
		bytes += len(whole.b)
	}
	return trains
}

func (out *outbox) put(t train, v6 bool) {
	i := out.n
	out.n++
	out.trains[i] = t
	h := &out.headers[i]
	h.Namelen = out.names[i].set(t.addr, v6)
	out.buffers[i].Base = &t.b[0]
	out.buffers[i].SetLen(len(t.b))
	h.Control = nil
	h.SetControllen(0)
	if len(t.b) > t.size {
		control := out.control[i*cmsgSpace:][:cmsgSpace]
		binary.NativeEndian.PutUint16(control[unix.CmsgLen(0):], uint16(t.size))
		h.Control = &control[0]
		h.SetControllen(unix.CmsgSpace(2))
	}
}

// send has the socket take some of what is left. errno tells how that went.
func (out *outbox) send(fd uintptr) {
	var n int
	out.errno = unix.EINTR
	for out.errno == unix.EINTR {
		n, out.errno = out.call(fd, &out.headers[out.sent], out.n-out.sent)
	}
	if out.errno == 0 {
		out.sent += n
	}
}

// left returns how many datagrams are loaded and not sent.
func (out *outbox) left() int { return countDatagrams(out.trains[out.sent:out.n]) }
