package dtlstransport

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/ring"
)

// mediaBuffer bounds what is kept of RTP, and of RTCP, for its reader, in bytes:
// 200 packets of 1,200 bytes, as in package mux.
const mediaBuffer = 256 << 10

// media is the RTP, or the RTCP, of a Transport, both ways. What arrives goes through open
// and then to the handler, inline, or to the queue of Read.
type media struct {
	open func(p keying.Protector, dst, packet []byte) ([]byte, error)
	seal func(p keying.Protector, dst, packet []byte) ([]byte, error)

	keys    atomic.Pointer[mediaKeys]    // nil: not connected, or no SRTP
	handler atomic.Pointer[func([]byte)] // nil: packets go to the queue
	renewed func()                       // called when a packet was the newest's, while there are two
	spare   []byte                       // for the loop that reads: a copy of a packet

	sent      atomic.Uint64
	bytesSent atomic.Uint64 // protected
	bytes     atomic.Uint64 // of all that came, protected
	received  atomic.Uint64 // authentic
	refused   atomic.Uint64 // forged, replayed, malformed
	dropped   atomic.Uint64 // authentic, beyond the queue

	mu       sync.Mutex
	changed  sync.Cond
	queue    ring.Queue
	deadline time.Time
	timer    *time.Timer
	err      error
}

// mediaKeys are what media is under; see Transport.Restart. They are not changed, but replaced, by one goroutine at a time.
type mediaKeys struct {
	send   keying.Protector // nil: no SRTP, or not yet
	newest keying.Protector // of what we receive; nil: no SRTP
	old    keying.Protector // likewise, of the association before; nil: there is none, or it had no SRTP
}

func (m *media) init(renewed func()) {
	m.renewed = renewed
	m.changed.L = &m.mu
	m.queue = ring.New(mediaBuffer)
}

// receive takes a packet from the mux's read loop and opens it in place.
func (m *media) receive(packet []byte) {
	m.bytes.Add(uint64(len(packet)))
	plain, err := m.unprotect(m.keys.Load(), packet)
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
	if h := m.handler.Load(); h != nil { // since a moment ago
		m.mu.Unlock()
		(*h)(plain)
		return
	}
	defer m.mu.Unlock()
	if m.err == nil && m.queue.Push(plain) {
		m.changed.Signal()
	} else {
		m.dropped.Add(1)
	}
}

// unprotect opens a packet in place if there is one set of keys; with two, the
// packet may be under either.
func (m *media) unprotect(k *mediaKeys, packet []byte) ([]byte, error) {
	switch {
	case k.newest != nil && k.old != nil:
	case k.newest != nil:
		return m.open(k.newest, packet[:0], packet)
	case k.old != nil:
		return m.open(k.old, packet[:0], packet)
	default:
		return nil, ErrNoSRTP
	}
	m.spare = append(m.spare[:0], packet...)
	plain, err := m.open(k.newest, packet[:0], packet)
	if err == nil {
		m.renewed()
		return plain, nil
	}
	return m.open(k.old, m.spare[:0], m.spare)
}

// use makes k, of the first association, what packets are sent and received under.
func (m *media) use(k *mediaKeys) { m.keys.Store(k) }

// expect makes p what packets may be received under, beside what it was. A nil p says
// that there will be no media.
func (m *media) expect(p keying.Protector) {
	next := mediaKeys{newest: p}
	if k := m.keys.Load(); k != nil {
		next.send, next.old = k.send, k.newest
	}
	if p == nil && next.old == nil {
		return
	}
	m.keys.Store(&next)
	m.mu.Lock()
	defer m.mu.Unlock()
	if errors.Is(m.err, ErrNoSRTP) {
		m.err = nil // there is now
	}
}

// sendNewest makes the newest keys those of what is sent.
func (m *media) sendNewest() {
	if k := m.keys.Load(); k != nil {
		m.keys.Store(&mediaKeys{send: k.newest, newest: k.newest, old: k.old})
	}
}

// forgetOld leaves nothing but the newest keys.
func (m *media) forgetOld() {
	k := m.keys.Load()
	if k == nil {
		return
	}
	m.keys.Store(&mediaKeys{send: k.newest, newest: k.newest})
	if k.newest == nil {
		m.end(ErrNoSRTP)
	}
}

// handle gives what waits in the queue, and then all that comes, to h, which is
// not called with the lock.
func (m *media) handle(h func([]byte)) {
	var b []byte
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.queue.Len() > 0 {
		if b == nil {
			b = make([]byte, maxPacket)
		}
		n, _ := m.queue.Pop(b)
		m.mu.Unlock()
		h(b[:n])
		m.mu.Lock()
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
		case m.queue.Len() > 0:
			return m.queue.Pop(b)
		case m.err != nil:
			return 0, m.err
		}
		m.changed.Wait()
	}
}

func (m *media) write(to *mux.Mux, packet []byte) (int, error) {
	k := m.keys.Load()
	if k == nil || k.send == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		switch {
		case m.err != nil:
			return 0, m.err
		case k != nil:
			return 0, ErrNoSRTP // any more, since a Restart
		}
		return 0, ErrNotConnected
	}
	buf := datagrams.Get().(*[]byte)
	defer datagrams.Put(buf)
	sealed, err := m.seal(k.send, (*buf)[:0], packet)
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
