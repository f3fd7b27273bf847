package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/pion/rtcp"
)

// A Cluster makes one room of the rooms that have the same name on several servers, through NATS. A server tells the others
// what streams it has; one whose visitors want a stream of another asks for it, and gets its packets once, however many
// visitors it has.
//
//	sfu.presence          what streams a server has: at each change, and every two seconds
//	sfu.want.{stream}     a server has receivers of it: every two seconds
//	sfu.media.{stream}    its packets, while somebody wants them
//	sfu.report.{stream}   its sender reports
//	sfu.feedback.{stream} a key frame is wanted; the rate that a server's receivers can take
type Cluster struct {
	sfu      *SFU
	node     string // our name
	nats     *nats.Conn
	embedded *server.Server // nil: the NATS server is somewhere else

	mu     sync.Mutex
	remote map[string]*remoteStream // by stream id
	stop   chan struct{}
	done   sync.WaitGroup
}

const (
	heartbeat = 2 * time.Second
	forgotten = 3 * heartbeat // after which a server that is silent is gone
)

// presence is what a server says of itself.
type presence struct {
	Node    string       `json:"node"`
	Streams []remoteInfo `json:"streams"`
}

// remoteInfo is a stream as another server has to know it.
type remoteInfo struct {
	ID           string       `json:"id"`
	Room         string       `json:"room"`
	Name         string       `json:"name"`
	PayloadTypes [kinds]uint8 `json:"payloadTypes"`
	Out          Tracks       `json:"out"`
}

// feedback is what a server's receivers want of a stream of another.
type feedback struct {
	Node     string `json:"node"`
	KeyFrame bool   `json:"keyFrame,omitempty"`
	Rate     uint64 `json:"rate,omitempty"`
}

// A remoteStream is a stream of another server.
type remoteStream struct {
	*Stream
	node  string
	room  *Room
	last  time.Time            // when its server spoke of it
	media []*nats.Subscription // nil: nobody here wants it
}

// embedNATS starts a NATS server in this process. address is where other servers can reach it; empty: nowhere.
func embedNATS(address string) (*server.Server, error) {
	options := &server.Options{DontListen: address == "", NoSigs: true, NoLog: true}
	if address != "" {
		host, port, err := splitPort(address)
		if err != nil {
			return nil, err
		}
		options.Host, options.Port = host, port
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(5 * time.Second) {
		s.Shutdown()
		return nil, fmt.Errorf("no NATS server on %s: is the port in use?", address)
	}
	return s, nil
}

// NewCluster joins the servers at url, or, if that is empty, those that join embedded, which ends with the cluster.
func NewCluster(sfu *SFU, url string, embedded *server.Server) (*Cluster, error) {
	options := []nats.Option{nats.Name("sfu"), nats.MaxReconnects(-1)}
	if embedded != nil {
		options = append(options, nats.InProcessServer(embedded))
	}
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return nil, fmt.Errorf("NATS: %w", err)
	}
	var id [8]byte
	rand.Read(id[:])
	c := &Cluster{
		sfu: sfu, node: hex.EncodeToString(id[:]), nats: conn, embedded: embedded,
		remote: make(map[string]*remoteStream), stop: make(chan struct{}),
	}
	for subject, handler := range map[string]nats.MsgHandler{"sfu.presence": c.onPresence, "sfu.want.*": c.onWant, "sfu.feedback.*": c.onFeedback} {
		if _, err := conn.Subscribe(subject, handler); err != nil {
			conn.Close()
			return nil, fmt.Errorf("NATS: %w", err)
		}
	}
	sfu.setCluster(c)
	c.done.Go(c.beat)
	return c, nil
}

// Close leaves the cluster: the others forget our streams at once.
func (c *Cluster) Close() {
	close(c.stop)
	c.done.Wait()
	c.publish("sfu.presence", presence{Node: c.node})
	_ = c.nats.Flush() // else they forget us a little later
	c.nats.Close()
	if c.embedded != nil {
		c.embedded.Shutdown()
	}
}

// publish sends v as JSON. What NATS does not take is said again with the next heartbeat.
func (c *Cluster) publish(subject string, v any) {
	if b, err := json.Marshal(v); err == nil {
		_ = c.nats.Publish(subject, b)
	}
}

// announce tells the others what streams we have.
func (c *Cluster) announce() {
	p := presence{Node: c.node}
	for _, s := range c.sfu.rooms.streams() {
		if s.local() {
			p.Streams = append(p.Streams, remoteInfo{s.ID, s.Room, s.Name, s.payloadTypes, s.Out})
		}
	}
	c.publish("sfu.presence", p)
}

// beat does what is due every two seconds.
func (c *Cluster) beat() {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	c.announce()
	for {
		select {
		case <-c.stop:
			return
		case now := <-ticker.C:
			c.announce()
			for _, r := range c.all() {
				if now.Sub(r.last) > forgotten {
					c.forget(r)
				} else if c.keepMedia(r) {
					c.publish("sfu.want."+r.ID, feedback{Node: c.node})
					c.publish("sfu.feedback."+r.ID, feedback{Node: c.node, Rate: r.rate()})
				}
			}
		}
	}
}

func (c *Cluster) all() (all []*remoteStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.remote {
		all = append(all, r)
	}
	return all
}

// onPresence takes what another server says of itself.
func (c *Cluster) onPresence(m *nats.Msg) {
	var p presence
	if json.Unmarshal(m.Data, &p) != nil || p.Node == c.node {
		return
	}
	now, has := time.Now(), make(map[string]bool)
	for _, info := range p.Streams {
		has[info.ID] = true
		c.mu.Lock()
		r := c.remote[info.ID]
		if r != nil {
			r.last = now
		}
		c.mu.Unlock()
		if r == nil && roomName.MatchString(info.Room) && info.ID != "" && !strings.ContainsAny(info.ID, ".*> ") {
			c.meet(p.Node, info, now)
		}
	}
	for _, r := range c.all() {
		if r.node == p.Node && !has[r.ID] {
			c.forget(r)
		}
	}
}

// meet puts a stream of another server into our room of that name.
func (c *Cluster) meet(node string, info remoteInfo, now time.Time) {
	s := &Stream{ID: info.ID, Room: info.Room, Name: info.Name, Out: info.Out, payloadTypes: info.PayloadTypes}
	s.subscribers.Store(new([]*Subscriber))
	r := &remoteStream{Stream: s, node: node, room: c.sfu.rooms.get(info.Room), last: now}
	s.askKeyFrame = func() { c.publish("sfu.feedback."+s.ID, feedback{Node: c.node, KeyFrame: true}) }
	s.onSubscribers = func() {
		if c.keepMedia(r) {
			c.publish("sfu.want."+s.ID, feedback{Node: c.node})
		}
	}
	c.mu.Lock()
	c.remote[s.ID] = r
	c.mu.Unlock()
	r.room.add(s)
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
	r.room.remove(r.Stream)
	r.Stream.end()
}

// keepMedia subscribes to the packets of a stream while it has receivers here, and reports whether it has.
func (c *Cluster) keepMedia(r *remoteStream) bool {
	wanted := len(*r.subscribers.Load()) > 0
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.remote[r.ID] != r:
		return false
	case wanted && r.media == nil:
		for subject, handler := range map[string]nats.MsgHandler{"sfu.media.": r.onMedia, "sfu.report.": r.onReport} {
			if m, err := c.nats.Subscribe(subject+r.ID, handler); err == nil {
				r.media = append(r.media, m)
			}
		}
	case !wanted && r.media != nil:
		for _, m := range r.media {
			_ = m.Unsubscribe()
		}
		r.media = nil
	}
	return wanted
}

// onMedia takes a packet: its kind, and it.
func (r *remoteStream) onMedia(m *nats.Msg) {
	if b := m.Data; len(b) > rtpHeader && b[0] < kinds && r.has(Kind(b[0])) {
		r.in[b[0]].Store(1) // there is such a track
		r.forward(Kind(b[0]), b[1:])
	}
}

// onReport takes a sender report.
func (r *remoteStream) onReport(m *nats.Msg) {
	var report rtcp.SenderReport
	if report.Unmarshal(m.Data) != nil {
		return
	}
	for kind := range r.Out {
		if r.Out[kind].SSRC == report.SSRC {
			r.sendReport(Kind(kind), &report)
		}
	}
}

// onWant notes that another server has receivers of a stream of ours.
func (c *Cluster) onWant(m *nats.Msg) {
	if s := c.ours(m); s != nil && s.wanted.Swap(time.Now().Add(forgotten).UnixNano()) == 0 {
		s.requestKeyFrame(time.Now())
	}
}

// onFeedback takes what receivers elsewhere say.
func (c *Cluster) onFeedback(m *nats.Msg) {
	s := c.ours(m)
	var f feedback
	if s == nil || json.Unmarshal(m.Data, &f) != nil {
		return
	}
	if f.KeyFrame {
		s.requestKeyFrame(time.Now())
	}
	if f.Rate > 0 {
		s.setRemoteRate(f.Node, min(max(f.Rate, minRate), maxRate), time.Now())
	}
}

// ours returns the stream that the last part of the subject names, if it is one of ours.
func (c *Cluster) ours(m *nats.Msg) *Stream {
	id := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	for _, s := range c.sfu.rooms.streams() {
		if s.ID == id && s.local() {
			return s
		}
	}
	return nil
}

// onward gives a packet of a stream of ours to the servers that want it.
func (c *Cluster) onward(s *Stream, kind Kind, b []byte) {
	if !s.isWanted() {
		return
	}
	message := append(make([]byte, 0, 1+len(b)), byte(kind))
	_ = c.nats.Publish("sfu.media."+s.ID, append(message, b...)) // lost, as on any path
}

func (c *Cluster) onwardReport(s *Stream, b []byte) {
	if s.isWanted() {
		_ = c.nats.Publish("sfu.report."+s.ID, b)
	}
}
