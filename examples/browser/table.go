package main

import (
	"context"
	"sync"
	"time"
)

// Limits are what a server allows. The zero value is not useful; DefaultLimits is.
type Limits struct {
	Peers     int           // at a time, those that have ended and are kept for their figures not counted
	Kept      int           // peers that have ended and are kept; the oldest goes
	SetUp     time.Duration // from the request to a connected peer; then it is dropped
	Remember  time.Duration // a peer that ended is forgotten after this
	Gathering time.Duration // of candidates
}

// DefaultLimits suit one machine and its visitors.
var DefaultLimits = Limits{
	Peers: 64, Kept: 64, SetUp: 60 * time.Second, Remember: 2 * time.Minute, Gathering: 5 * time.Second,
}

// A Table holds the peers by their ids, within limits. It is safe for concurrent use.
type Table struct {
	limits Limits

	mu       sync.Mutex
	peers    map[string]*entry
	starting int // places that are reserved for peers in the making
}

// An entry is a peer in the table.
type entry struct {
	peer  *Peer
	since time.Time
}

// NewTable returns an empty table.
func NewTable(limits Limits) *Table {
	return &Table{limits: limits, peers: make(map[string]*entry)}
}

// Reserve takes a place for a new peer, or returns false if there is none. Fill has to follow.
func (t *Table) Reserve() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(time.Now())
	alive := t.starting
	for _, e := range t.peers {
		if e.peer.Ended().IsZero() {
			alive++
		}
	}
	if alive >= t.limits.Peers {
		return false
	}
	t.starting++
	return true
}

// Fill puts the peer in a place that Reserve took, or gives the place back if p is nil.
func (t *Table) Fill(p *Peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.starting--
	if p != nil {
		t.peers[p.ID] = &entry{peer: p, since: time.Now()}
	}
}

// Find returns the peer of that id, or nil.
func (t *Table) Find(id string) *Peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(time.Now())
	if e, ok := t.peers[id]; ok {
		return e.peer
	}
	return nil
}

// sweep drops peers that did not connect in time and forgets those that ended long ago. t.mu is held.
func (t *Table) sweep(now time.Time) {
	kept := 0
	var oldest string
	for id, e := range t.peers {
		ended := e.peer.Ended()
		switch {
		case ended.IsZero() && !e.peer.Connected() && now.Sub(e.since) > t.limits.SetUp:
			delete(t.peers, id)
			go e.peer.Close()
		case !ended.IsZero() && now.Sub(ended) > t.limits.Remember:
			delete(t.peers, id)
		case !ended.IsZero():
			kept++
			if o, ok := t.peers[oldest]; !ok || ended.Before(o.peer.Ended()) {
				oldest = id
			}
		}
	}
	if kept > t.limits.Kept {
		delete(t.peers, oldest)
	}
}

// Sweep drops what is due every now and then until ctx is done.
func (t *Table) Sweep(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			t.mu.Lock()
			t.sweep(now)
			t.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// Close closes all peers, each with its close_notify.
func (t *Table) Close() {
	t.mu.Lock()
	peers := t.peers
	t.peers = make(map[string]*entry)
	t.mu.Unlock()
	var wg sync.WaitGroup
	for _, e := range peers {
		wg.Go(e.peer.Close)
	}
	wg.Wait()
}
