package dtlstransport

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
)

// mediaBuffer bounds what is kept of RTP, and of RTCP, for its reader, in bytes:
// 200 packets of 1,200 bytes, as in package mux.
const mediaBuffer = 256 << 10

// media is one direction of thought: the RTP, or the RTCP, of a Transport. What
// arrives goes through open and then to the handler, inline, or to the queue of
// Read.
type media struct {
	open func(p keying.Protector, dst, packet []byte) ([]byte, error)
	seal func(p keying.Protector, dst, packet []byte) ([]byte, error)

	protector atomic.Pointer[keying.Protector] // nil: not connected, or no SRTP
	handler   atomic.Pointer[func([]byte)]     // nil: packets go to the queue

	sent      atomic.Uint64
	bytesSent atomic.Uint64 // protected
	bytes     atomic.Uint64 // of all that came, protected
	received  atomic.Uint64 // authentic
	refused   atomic.Uint64 // forged, replayed, malformed
	dropped   atomic.Uint64 // authentic, beyond the queue

	mu       sync.Mutex
	changed  sync.Cond
	queue    receiveQueue
	deadline time.Time
	timer    *time.Timer
	err      error
}

func (m *media) init() {
	m.changed.L = &m.mu
	m.queue.limit = mediaBuffer
}

// receive takes a packet from the mux's read loop and opens it in place.
func (m *media) receive(packet []byte) {
	m.bytes.Add(uint64(len(packet)))
	plain, err := m.open(*m.protector.Load(), packet[:0], packet)
	if err != nil {
		m.refused.Add(1)
		return
	}
	m.received.Add(1)
	if h := m.handler.Load(); h != nil {
		(*h)(plain)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil && m.queue.push(plain) {
		m.changed.Signal()
	} else {
		m.dropped.Add(1)
	}
}

// handle gives what waits in the queue, and then all that comes, to h.
func (m *media) handle(h func([]byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b []byte
	for m.queue.len() > 0 {
		if b == nil {
			b = make([]byte, maxPacket)
		}
		n, _ := m.queue.pop(b)
		h(b[:n])
	}
	m.handler.Store(&h)
}

// maxPacket is the largest packet of media, in bytes: a UDP datagram.
const maxPacket = 65535

func (m *media) read(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		switch {
		case !m.deadline.IsZero() && !time.Now().Before(m.deadline):
			return 0, os.ErrDeadlineExceeded
		case m.queue.len() > 0:
			return m.queue.pop(b)
		case m.err != nil:
			return 0, m.err
		}
		m.changed.Wait()
	}
}

func (m *media) write(to *mux.Mux, packet []byte) (int, error) {
	p := m.protector.Load()
	if p == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.err != nil {
			return 0, m.err
		}
		return 0, ErrNotConnected
	}
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	sealed, err := m.seal(*p, (*buf)[:0], packet)
	if err != nil {
		return 0, err
	}
	*buf = sealed
	if _, err := to.Write(sealed); err != nil {
		return 0, err
	}
	m.sent.Add(1)
	m.bytesSent.Add(uint64(len(sealed)))
	return len(packet), nil
}

func (m *media) setDeadline(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deadline = t
	if m.timer != nil {
		m.timer.Stop()
	}
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		m.timer = time.AfterFunc(wait, m.wake)
	}
	m.changed.Broadcast()
}

func (m *media) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed.Broadcast()
}

// end makes err what read returns when the queue is empty. The first stays.
func (m *media) end(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
	}
	if m.timer != nil {
		m.timer.Stop()
	}
	m.changed.Broadcast()
}
