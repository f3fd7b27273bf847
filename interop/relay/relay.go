package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// maxFlows is how many clients a relay serves; datagrams of more are dropped.
const maxFlows = 1024

// A Config says where a relay stands and what it does.
type Config struct {
	// Listen is the address for clients; empty: any free port of 127.0.0.1.
	Listen string
	// Target is where their datagrams go.
	Target string

	// Link is what happens to them. A is the client, B the target. Each client gets a link of its own, with numbers that
	// begin with 0; the seed of the second client is one higher, and so on. With Decide set, it is called by all of them, one call at a time.
	Link netsim.Config

	// Faults are looked at before Link: a datagram that one of them names has that fate.
	Faults []Fault

	// Lose, when not nil, is asked about each datagram that would otherwise arrive, and true has it lost. It is for paths that
	// depend on what is in a datagram, which no number tells where STUN, DTLS and media share one. Calls do not overlap, and
	// it must not keep or change b.
	Lose func(d netsim.Direction, b []byte) bool

	// Observe, when not nil, sees each datagram when it comes to the relay, and what becomes of it. Calls do not overlap.
	// It must not wait for the relay and not keep or change Datagram.Bytes.
	Observe func(Datagram)
}

// A Datagram is what an observer sees.
type Datagram struct {
	Time      time.Time
	Client    netip.AddrPort   // whose flow it belongs to
	Direction netsim.Direction // AtoB: from the client
	Number    int              // of this client and direction, from 0
	Fate      netsim.Fate
	TooBig    bool // larger than the MTU, therefore dropped
	Bytes     []byte
}

// Lost reports whether the datagram goes no further.
func (d *Datagram) Lost() bool { return d.Fate.Drop || d.TooBig }

// A Relay runs from New until Close. Its methods may be called concurrently.
type Relay struct {
	config Config
	target netip.AddrPort
	front  *net.UDPConn // to the clients

	mu     sync.Mutex // guards all below, and Config.Observe and Link.Decide
	flows  map[netip.AddrPort]*flow
	closed bool
	done   sync.WaitGroup
}

// A flow is one client.
type flow struct {
	relay  *Relay
	client netip.AddrPort
	back   *net.UDPConn // to the target

	seeded netsim.Config // of the link, without what decides by script

	// Guarded by Relay.mu.
	link  *netsim.Link
	fate  netsim.Fate // of the datagram that was sent last
	now   []byte      // that datagram, while it is sent
	timer *time.Timer // fires at link.NextArrival; nil until first needed
}

// New starts a relay.
func New(c Config) (*Relay, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	listen, err := net.ResolveUDPAddr("udp", c.Listen)
	if err != nil {
		return nil, err
	}
	target, err := net.ResolveUDPAddr("udp", c.Target)
	if err != nil {
		return nil, err
	}
	front, err := net.ListenUDP("udp", listen)
	if err != nil {
		return nil, err
	}
	enlarge(front)
	r := &Relay{config: c, target: target.AddrPort(), front: front, flows: map[netip.AddrPort]*flow{}}
	r.done.Add(1)
	go r.readClients()
	return r, nil
}

// enlarge has a socket hold as much as the system allows: the only losses should be those that were asked for.
func enlarge(socket *net.UDPConn) { _ = socket.SetReadBuffer(4 << 20) }

// Addr returns the address for clients.
func (r *Relay) Addr() netip.AddrPort { return r.front.LocalAddr().(*net.UDPAddr).AddrPort() }

// Stats returns the counts of all clients together.
func (r *Relay) Stats(d netsim.Direction) (sum netsim.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.flows {
		s := f.link.Stats(d)
		sum.Sent += s.Sent
		sum.Bytes += s.Bytes
		sum.Dropped += s.Dropped
		sum.TooBig += s.TooBig
		sum.Duplicated += s.Duplicated
		sum.Corrupted += s.Corrupted
		sum.Delivered += s.Delivered
	}
	return sum
}

// Close ends the relay; what is in flight is lost.
func (r *Relay) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	err := r.front.Close()
	for _, f := range r.flows {
		_ = f.back.Close()
		if f.timer != nil {
			f.timer.Stop()
		}
	}
	r.mu.Unlock()
	r.done.Wait()
	return err
}

// readClients takes what clients send.
func (r *Relay) readClients() {
	defer r.done.Done()
	b := make([]byte, 1<<16)
	for {
		n, from, err := r.front.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the echo of an ICMP error
		}
		r.mu.Lock()
		if f := r.flow(from); f != nil {
			f.send(netsim.AtoB, b[:n])
		}
		r.mu.Unlock()
	}
}

// flow returns the flow of a client, new or known, or nil. Caller holds mu.
func (r *Relay) flow(client netip.AddrPort) *flow {
	if f := r.flows[client]; f != nil || r.closed || len(r.flows) >= maxFlows {
		return f
	}
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.target))
	if err != nil {
		return nil
	}
	enlarge(back)
	f := &flow{relay: r, client: client, back: back}
	link := r.config.Link
	link.Seed += uint64(len(r.flows))
	f.seeded = link
	link.Decide = f.decide
	f.link = netsim.New(link)
	r.flows[client] = f
	r.done.Add(1)
	go f.readTarget()
	return f
}

// readTarget takes what the target answers to one client.
func (f *flow) readTarget() {
	defer f.relay.done.Done()
	b := make([]byte, 1<<16)
	for {
		n, err := f.back.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		f.relay.mu.Lock()
		f.send(netsim.BtoA, b[:n])
		f.relay.mu.Unlock()
	}
}

// decide is the link's netsim.Config.Decide. Caller holds mu.
func (f *flow) decide(d netsim.Direction, n int) netsim.Fate {
	c := &f.relay.config
	f.fate = netsim.Fate{}
	if i := find(c.Faults, d, n); i >= 0 {
		f.fate = c.Faults[i].Fate
	} else if c.Link.Decide != nil {
		f.fate = c.Link.Decide(d, n)
	} else {
		f.fate = f.seeded.Fate(d, n)
	}
	if c.Lose != nil && !f.fate.Drop && c.Lose(d, f.now) {
		f.fate = netsim.Fate{Drop: true}
	}
	return f.fate
}

// send puts a datagram on the link. Caller holds mu.
func (f *flow) send(d netsim.Direction, b []byte) {
	now, n := time.Now(), f.link.Sent(d)
	f.now = b
	f.link.Send(now, d, b)
	f.now = nil
	if c := &f.relay.config; c.Observe != nil {
		c.Observe(Datagram{
			Time: now, Client: f.client, Direction: d, Number: n, Fate: f.fate,
			TooBig: c.Link.MTU > 0 && len(b) > c.Link.MTU, Bytes: b,
		})
	}
	f.deliver()
}

// deliver sends on what has arrived and sets the timer for the rest. Caller holds mu.
func (f *flow) deliver() {
	if f.relay.closed {
		return
	}
	var b []byte
	for {
		d, datagram, ok := f.link.Receive(time.Now(), b[:0])
		if !ok {
			break
		}
		b = datagram
		// What a socket does not take is lost, like everything that a network does not take.
		if d == netsim.AtoB {
			_, _ = f.back.Write(b)
		} else {
			_, _ = f.relay.front.WriteToUDPAddrPort(b, f.client)
		}
	}
	next := f.link.NextArrival()
	switch {
	case next.IsZero():
	case f.timer == nil:
		f.timer = time.AfterFunc(time.Until(next), func() {
			f.relay.mu.Lock()
			defer f.relay.mu.Unlock()
			f.deliver()
		})
	default:
		f.timer.Reset(time.Until(next))
	}
}
