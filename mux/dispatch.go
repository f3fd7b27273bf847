package mux

// The read loop, and to whom it gives a datagram.

// startLocked starts the read loop if nobody has. The caller holds mu.
func (m *Mux) startLocked() {
	if m.started || m.err != nil {
		return
	}
	m.started = true
	go m.readLoop()
}

// readLoop is the one goroutine of a Mux.
func (m *Mux) readLoop() {
	defer close(m.done)
	r := newReader(m.link, m.limits.receive)
	defer r.close()
	for {
		b, size, err := r.next()
		switch {
		case m.closed.Load():
			return
		case err != nil && isTruncation(err):
			m.count.oversized.Add(1)
		case err == nil:
			m.takeAll(b, size)
		case IsTransient(err):
			m.count.linkErrors.Add(1)
		default:
			_ = m.fail(&LinkError{"read", err}) // the link is broken; how it closes tells nothing more
			return
		}
	}
}

// takeAll takes datagrams of size bytes each, the last of which may be shorter.
func (m *Mux) takeAll(b []byte, size int) {
	for len(b) > size {
		m.take(b[:size:size])
		b = b[size:]
	}
	m.take(b[:len(b):len(b)])
}

// take takes one datagram.
func (m *Mux) take(b []byte) {
	if len(b) > m.limits.receive {
		m.count.oversized.Add(1)
		return
	}
	m.dispatch(b)
}

// dispatch gives one datagram to whom it belongs. b is the read buffer.
func (m *Mux) dispatch(b []byte) {
	class := Classify(b)
	m.count.received[class].Add(1)
	switch class {
	case Unknown:
		// "the packet MUST be dropped and an alert MAY be logged" RFC 7983, Section 7. Counting is our alert:
		// a log would be the sender's to fill.
		if len(b) == 0 {
			m.count.empty.Add(1)
		} else {
			m.count.unknown.Add(1)
		}
		return
	case STUN:
		if !IsSTUN(b) {
			m.count.notSTUN.Add(1)
			return
		}
	}
	r := m.routes[class].Load()
	if r == nil || r.replay != nil {
		if r = m.keep(class, b); r == nil {
			return
		}
	}
	switch {
	case r.handler != nil:
		r.handler(b)
	case r.endpoint != nil:
		m.putEndpoint(r.endpoint, class, b)
	default:
		m.count.unrouted[class].Add(1)
	}
}

// putEndpoint queues b for e or counts it as dropped.
func (m *Mux) putEndpoint(e *Endpoint, class Class, b []byte) {
	switch open, room := e.put(b); {
	case !open:
		m.count.unrouted[class].Add(1)
	case !room:
		m.count.queueFull[class].Add(1)
	}
}

// keep is the slow path of dispatch, for a class that nobody has attached to or whose early datagrams are
// being replayed. It returns a route if, looking again with mu held, there is one that takes b at once.
func (m *Mux) keep(class Class, b []byte) *route {
	m.mu.Lock()
	defer m.mu.Unlock()
	to := &m.early
	if r := m.routes[class].Load(); r != nil {
		if r.replay == nil {
			return r
		}
		to = r.replay
	} else if !keptEarly(class) {
		m.count.unrouted[class].Add(1)
		return nil
	}
	if m.err != nil || !to.add(class, b, m.limits.early) {
		m.count.earlyFull[class].Add(1)
	}
	return nil
}

// keptEarly reports whether datagrams are kept until somebody attaches.
//
// A ClientHello may come before signalling has told our side who the peer is (RFC 8842, Section 5.2), and
// media may overtake the end of the handshake. STUN is sent again by its sender, and the other classes are
// dropped unless somebody asked for them (RFC 9443, Section 3, says so for QUIC).
func keptEarly(class Class) bool { return class == DTLS || class == RTP || class == RTCP }
