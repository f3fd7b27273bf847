package dtlstransport

// Start runs the handshake without waiting for it, for servers that keep no goroutine for each peer. connected is
// called once, when Handshake would return nil, by the goroutine that reads the link (or one of its own, if no datagram
// has brought the end of the handshake): what the peer sends next is behind it, so it must not wait, as
// handlers must not. ended is called once, when the association has ended, with what Err then returns, and after connected if
// that was called; it has a goroutine of its own, and may wait. Either function may be nil. Start is called
// once; Handshake may be called as well.
func (c *Conn) Start(connected func(), ended func(err error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = news{connected: connected, ended: ended}
	if c.connected {
		if tell := c.news.takeConnected(); tell != nil {
			go tell()
		}
	}
	if c.err != nil {
		c.news.tellEnded(c.err)
		return
	}
	c.start()
}

// Start runs the first handshake without waiting for it; see Conn.Start. What ends is
// the Transport, with no association in the place of the last.
func (t *Transport) Start(connected func(), ended func(err error)) {
	t.mu.Lock()
	t.news = news{connected: connected, ended: ended}
	t.mu.Unlock()
	c := t.Conn()
	c.Start(nil, nil)
	if connected, _ := c.was(); connected {
		if tell := t.takeConnected(); tell != nil {
			go tell()
		}
	}
	select {
	case <-t.done:
		t.tellEnded(c.Err())
	default:
	}
}

// takeConnected and tellEnded may be called often; what they are for is done once.
func (t *Transport) takeConnected() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.news.takeConnected()
}

func (t *Transport) tellEnded(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.news.tellEnded(err)
}

// news is who wants to know what has become of an association, each once. It is guarded by Conn.mu, or Transport.mu.
type news struct {
	connected func()
	ended     func(error)
	told      chan struct{} // closed when connected has returned; nil while it has not been called
}

// takeConnected returns the call that tells of the connection, to be made without locks, or nil if there is none to make.
func (n *news) takeConnected() func() {
	f := n.connected
	if f == nil {
		return nil
	}
	told := make(chan struct{})
	n.connected, n.told = nil, told
	return func() {
		defer close(told)
		f()
	}
}

func (n *news) tellEnded(err error) {
	f, told := n.ended, n.told
	*n = news{}
	if f != nil {
		go func() {
			if told != nil {
				<-told
			}
			f(err)
		}()
	}
}
