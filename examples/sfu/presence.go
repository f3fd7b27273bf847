package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// presence is what a server says of itself.
type presence struct {
	Node    string       `json:"node"`
	Streams []remoteInfo `json:"streams,omitempty"` // some that it has
	Gone    []string     `json:"gone,omitempty"`    // ids of those that it has no more
}

// remoteInfo is a stream as another server has to know it.
type remoteInfo struct {
	ID           string       `json:"id"`
	Room         string       `json:"room"`
	Name         string       `json:"name"`
	PayloadTypes [kinds]uint8 `json:"payloadTypes"`
	Out          Tracks       `json:"out"`
}

// maxPresence is how many streams are in one message: some 200 KB of the 1 MB that NATS takes.
const maxPresence = 1000

// streamID is what ids of streams look like, everywhere.
var streamID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// local returns the streams that we have.
func (c *Cluster) local() []*Stream {
	return slices.DeleteFunc(c.sfu.rooms.all(), func(s *Stream) bool { return !s.local() })
}

// announce tells the others of all streams that we have.
func (c *Cluster) announce() {
	c.saying.Lock()
	defer c.saying.Unlock()
	c.came(c.local()...)
}

// came tells the others of streams that we have now.
func (c *Cluster) came(streams ...*Stream) {
	for some := range slices.Chunk(streams, maxPresence) {
		p := presence{Node: c.node}
		for _, s := range some {
			p.Streams = append(p.Streams, remoteInfo{s.ID, s.Room, s.Name, s.payloadTypes, s.Out})
		}
		c.publish("sfu.presence", p)
	}
}

// left tells the others of streams that we have no more.
func (c *Cluster) left(streams ...*Stream) {
	c.saying.Lock()
	defer c.saying.Unlock()
	for some := range slices.Chunk(streams, maxPresence) {
		p := presence{Node: c.node}
		for _, s := range some {
			p.Gone = append(p.Gone, s.ID)
		}
		c.publish("sfu.presence", p)
	}
}

// isSilent reports whether a stream's server has not spoken of it for long.
func (c *Cluster) isSilent(r *remoteStream, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Sub(r.last) > forgotten
}

// onPresence takes what another server says of itself.
func (c *Cluster) onPresence(m *nats.Msg) {
	var p presence
	if json.Unmarshal(m.Data, &p) != nil || p.Node == c.node {
		return
	}
	now := time.Now()
	for _, info := range p.Streams {
		c.mu.Lock()
		r := c.remote[info.ID]
		if r != nil && r.node == p.Node {
			r.last = now
		}
		c.mu.Unlock()
		if r == nil && roomName.MatchString(info.Room) && streamID.MatchString(info.ID) {
			c.meet(p.Node, info, now)
		}
	}
	for _, id := range p.Gone {
		c.mu.Lock()
		r := c.remote[id]
		c.mu.Unlock()
		if r != nil && r.node == p.Node {
			c.forget(r)
		}
	}
}

// meet puts a stream of another server into our room of that name.
func (c *Cluster) meet(node string, info remoteInfo, now time.Time) {
	s := &Stream{ID: info.ID, Room: info.Room, Name: cleanName(info.Name), Out: info.Out, payloadTypes: info.PayloadTypes}
	s.subscribers.Store(new([]*Subscriber))
	r := &remoteStream{Stream: s, node: node, last: now}
	s.askKeyFrame = func() { c.publish("sfu.feedback."+s.ID, feedback{Node: c.node, KeyFrame: true}) }
	s.onSubscribers = func() {
		if c.keepMedia(r) {
			c.publish("sfu.want."+s.ID, feedback{Node: c.node})
		}
	}
	c.mu.Lock()
	c.remote[s.ID] = r
	c.mu.Unlock()
	if !c.sfu.rooms.add(s) { // there is no place for it now, or it says that it is one of ours
		c.mu.Lock()
		delete(c.remote, s.ID)
		c.mu.Unlock()
	}
}

// forget takes a stream of another server away.
func (c *Cluster) forget(r *remoteStream) {
	c.mu.Lock()
	delete(c.remote, r.ID)
	media := r.media
	r.media = nil
	c.mu.Unlock()
	for _, m := range media {
		_ = m.Unsubscribe()
	}
	c.sfu.rooms.remove(r.Stream)
	r.Stream.end()
}
