package mux

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Mux shares one link among the protocols of a WebRTC transport. One goroutine reads the link, unless that is
// a [Pusher]; it starts with the first Handle or Endpoint and ends with the Mux. All methods may be called concurrently, and from
// inside a handler.
type Mux struct {
	link    Link
	limits  limits
	count   counters
	closed  atomic.Bool // err is set; for the fast path of Write
	pushing pushState   // of a Pusher

	segmenter *segmenter // for WriteSegments; nil: it writes one by one

	// routes says who gets a class. A nil route means that nobody has attached yet. Stores happen with mu
	// held, the read loop loads without it.
	routes [numClasses]atomic.Pointer[route]

	mu        sync.Mutex
	started   bool                   // the read loop has been started
	err       error                  // why the Mux ended; nil while it is open
	early     backlog                // what came for classes with a nil route
	endpoints map[*Endpoint]struct{} // the open ones; nil until there is one

	done  chan struct{} // closed after the last handler call of the read loop
	onEnd []func(error) // to be called at the end
}

// A route is where datagrams of a class go: to a handler, into an endpoint, or nowhere when it has neither.
type route struct {
	handler  func([]byte)
	endpoint *Endpoint

	// replay is not nil while the goroutine that called Handle gives the handler what had come early. The
	// read loop adds behind it instead of calling the handler, so that calls neither overtake nor overlap.
	// Mux.mu guards what it points to.
	replay *backlog
}

// New returns a Mux over link, which belongs to it from now on: nobody else may read it, and Close closes
// it. Nothing is read before the first Handle or Endpoint, so a Mux may be dropped until then, if the link is
// no Pusher. config may be nil.
func New(link Link, config *Config) *Mux {
	m := &Mux{
		link:      link,
		limits:    config.limits(),
		segmenter: newSegmenter(link),
		done:      make(chan struct{}),
	}
	if p, ok := link.(Pusher); ok {
		m.started = true
		p.Push(m.deliver, func(err error) { _ = m.fail(&LinkError{"read", err}) })
	}
	return m
}

// Handle gives all datagrams of the classes to handler, which the read loop calls inline: while it runs, no
// other datagram of any class is read. It has to be quick and must not wait for another datagram. b is valid
// until the handler returns, and the handler may write into it.
//
// Early datagrams of the classes are given to the handler by Handle itself before it returns, in the order in
// which they came; later ones follow. Calls for the classes of one Handle never overlap, but while one Handle
// gives early datagrams to its handler the read loop may be calling another's. If Handle replaces an
// earlier handler or endpoint of a class, the old handler may still be finishing a call.
//
// A nil handler gives the classes up: what is kept of them and what comes is dropped, and counted as
// Unrouted. A transport without media does so with RTP and RTCP, to keep nothing early.
func (m *Mux) Handle(handler func(b []byte), classes ...Class) {
	r := &route{handler: handler}
	m.mu.Lock()
	kept := m.early.take(classes)
	if len(kept.packets) > 0 && handler != nil {
		r.replay = new(kept)
	}
	m.setRoute(r, classes)
	m.startLocked()
	m.mu.Unlock()

	if handler == nil {
		for _, p := range kept.packets {
			m.count.unrouted[p.class].Add(1)
		}
		return
	}
	if r.replay != nil {
		m.replay(r, classes)
	}
}

// replay empties the backlog of r into its handler and then opens the direct way for the read loop.
func (m *Mux) replay(r *route, classes []Class) {
	for {
		m.mu.Lock()
		p, ok := r.replay.pop()
		if !ok || m.err != nil {
			direct := &route{handler: r.handler}
			for _, class := range classes {
				m.routes[class].CompareAndSwap(r, direct) // not where somebody else has attached meanwhile
			}
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		r.handler(p.data)
	}
}

// Endpoint returns a new net.Conn that gets all datagrams of the classes. They wait in a queue of
// Config.QueueBytes; when it is full, new ones are dropped and counted, and no other class notices. Early
// datagrams of the classes are in the queue already. An endpoint or handler that had one of the classes
// gets no more of it. Writing needs no class: an Endpoint without any can still send.
func (m *Mux) Endpoint(classes ...Class) *Endpoint {
	e := newEndpoint(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		e.fail(m.err)
		return e
	}
	kept := m.early.take(classes)
	for _, p := range kept.packets {
		m.putEndpoint(e, p.class, p.data)
	}
	if m.endpoints == nil {
		m.endpoints = make(map[*Endpoint]struct{})
	}
	m.endpoints[e] = struct{}{}
	m.setRoute(&route{endpoint: e}, classes)
	m.startLocked()
	return e
}

// setRoute makes r the route of the classes. The caller holds mu.
func (m *Mux) setRoute(r *route, classes []Class) {
	for _, class := range classes {
		m.routes[class].Store(r)
	}
}

// detach takes all classes from e.
func (m *Mux) detach(e *Endpoint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.endpoints, e)
	for class := range m.routes {
		if r := m.routes[class].Load(); r != nil && r.endpoint == e {
			m.routes[class].Store(&route{})
		}
	}
}

// Write sends one datagram, whatever its class, and returns when the link has taken it. b is not kept. After
// Close the error is net.ErrClosed, after the link's failure a *LinkError. A datagram that a connected
// socket could not send because of an ICMP message or a full queue counts as sent and lost.
func (m *Mux) Write(b []byte) (int, error) {
	if m.closed.Load() {
		return 0, m.Err()
	}
	n, err := m.link.Write(b)
	if err != nil && IsTransient(err) {
		// The socket reports the ICMP message for an earlier datagram and has not sent this one.
		m.count.linkErrors.Add(1)
		if n, err = m.link.Write(b); err != nil && IsTransient(err) {
			return len(b), nil
		}
	}
	if err == nil {
		return n, nil
	}
	if m.closed.Load() {
		return n, m.Err()
	}
	return n, &LinkError{"write", err}
}

// Close closes the link and releases all readers with net.ErrClosed. It does not wait for a handler that is
// being called; Done tells when the last one has returned. The first call returns the link's error from
// closing, others nil.
func (m *Mux) Close() error { return m.fail(net.ErrClosed) }

// fail ends the Mux with err. Only the first call has an effect.
func (m *Mux) fail(err error) error {
	m.mu.Lock()
	if m.err != nil {
		m.mu.Unlock()
		return nil
	}
	m.err = err
	m.closed.Store(true)
	m.early = backlog{}
	endpoints, onEnd := m.endpoints, m.onEnd
	m.endpoints, m.onEnd = nil, nil
	if _, pushed := m.link.(Pusher); !m.started || pushed && m.pushing.end() {
		close(m.done)
	}
	m.mu.Unlock()

	for e := range endpoints {
		e.fail(err)
	}
	closeErr := m.link.Close()
	for _, f := range onEnd {
		f(err)
	}
	return closeErr
}

// OnEnd has f called once when the Mux ends, with what Err then returns. The
// goroutine that ends it makes the call, after the link is closed: the caller of
// Close, or the read loop. If the Mux has ended, OnEnd makes the call itself.
// Several functions may be given. f must not wait for the Mux.
func (m *Mux) OnEnd(f func(err error)) {
	m.mu.Lock()
	err := m.err
	if err == nil {
		m.onEnd = append(m.onEnd, f)
	}
	m.mu.Unlock()
	if err != nil {
		f(err)
	}
}

// Done is closed when the Mux has ended, because of Close or of the link, and no handler is being called
// by the read loop any more. A handler must not wait for it.
func (m *Mux) Done() <-chan struct{} { return m.done }

// Err returns why the Mux ended: nil while it is open, net.ErrClosed after Close, a *LinkError when the link
// failed first.
func (m *Mux) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Stats returns the counters, each as it is at some moment during the call.
func (m *Mux) Stats() Stats { return m.count.load() }

// LocalAddr returns the link's local address. It is never nil.
func (m *Mux) LocalAddr() net.Addr { return localAddr(m.link) }

// RemoteAddr returns the link's remote address. It is never nil.
func (m *Mux) RemoteAddr() net.Addr { return remoteAddr(m.link) }

// RTT returns the round-trip time that the link knows, 0 if none.
func (m *Mux) RTT() time.Duration { return linkRTT(m.link) }

// MaxDatagramSize returns the largest datagram in bytes that the link takes, 0 if it does not know.
func (m *Mux) MaxDatagramSize() int { return linkMaxDatagramSize(m.link) }

var _ io.Writer = (*Mux)(nil)
