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
//	sfu.presence          what streams a server has: those that come and go at once, and all every two seconds
//	sfu.want.{stream}     a server has receivers of it: every two seconds
//	sfu.media.{stream}    its packets, while somebody wants them
//	sfu.report.{stream}   its sender reports
//	sfu.feedback.{stream} a key frame is wanted; the rate that a server's receivers can take
//	sfu.chat.{room}       a line that somebody has written (clusterchat.go)
type Cluster struct {
	sfu      *SFU
	node     string // our name
	nats     *nats.Conn
	embedded *server.Server // nil: the NATS server is somewhere else

	saying sync.Mutex // held while we say what streams we have, so that none comes back after it has gone

	mu     sync.Mutex
	remote map[string]*remoteStream // by stream id
	stop   chan struct{}
	done   sync.WaitGroup
}

const (
	heartbeat = 2 * time.Second
	forgotten = 3 * heartbeat // after which a stream that nobody speaks of is gone
)

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
	last  time.Time            // when its server spoke of it; guarded by Cluster.mu
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
	for subject, handler := range map[string]nats.MsgHandler{"sfu.presence": c.onPresence, "sfu.want.*": c.onWant, "sfu.feedback.*": c.onFeedback, "sfu.chat.*": c.onChat} {
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
	c.left(c.local()...)
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
				if c.isSilent(r, now) {
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
	s := c.sfu.rooms.stream(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:])
	if s == nil || !s.local() {
		return nil
	}
	return s
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
