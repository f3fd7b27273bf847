package main

import (
	"context"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// The data channels that we serve, by label, one of each in a session. Others are closed as soon as they are opened.
const (
	chatLabel = "chat" // what people in the room write: chat.go
	echoLabel = "echo" // each message comes back, so that a page sees how long its way is
)

// What a session may have on data channels.
const (
	maxMessage        = 4096     // bytes; what we announce
	dataBuffer        = 64 << 10 // bytes that wait for a peer, and for us, on each channel
	messagesPerSecond = 200      // a peer that sends more loses all its channels, and keeps its media
	opensPerSecond    = 20       // likewise, if it opens more
)

// dataConfig is that of all associations, but for what the peer takes.
func dataConfig() sctpdc.Config {
	return sctpdc.Config{
		Role: dtlstransport.RoleServer, MaxMessageSize: maxMessage, MaxChannels: 8, MaxUnaccepted: 8,
		SendBuffer: dataBuffer, ChannelQueue: dataBuffer, ReceiveQueue: 2 * dataBuffer,
	}
}

// A Data is the data channels of one session.
type Data struct {
	sfu     *SFU
	session *Session
	room    string
	member  Member // who writes; its send is that of the channel

	mu              sync.Mutex
	served          map[string]bool // by label: there is such a channel
	opens, messages budget
	flood           sync.Once // he has done too much
}

// A dataPath is a transport's channel for SCTP. When that ends, for whatever reason, the media goes on.
type dataPath struct{ *dtlstransport.Conn }

// Close ends reads and writes, and nothing else.
func (p dataPath) Close() error { return p.SetDeadline(time.Unix(1, 0)) }

// openData lets a session have data channels, once it is connected.
func (s *SFU) openData(session *Session, v *Visit) {
	d := &Data{sfu: s, room: v.Room, member: Member{ID: session.ID, Name: v.Name}, session: session, served: make(map[string]bool)}
	config := s.data
	config.PeerPort, config.PeerMaxMessageSize, config.OnEvent = v.Offer.Data.Port, v.Offer.Data.MaxMessageSize, d.event
	association, err := sctpdc.New(dataPath{session.transport.Conn()}, &config)
	if err != nil {
		return // only if the Config is no good
	}
	session.association.Store(association)
	s.metrics.associations.Add(1)
	go d.serve(func() {
		s.metrics.associations.Add(-1)
		if !v.Offer.hasMedia() {
			session.transport.Close() // nothing is left that it could be for
		}
	})
}

// serve takes channels until the association ends; then it calls ended.
func (d *Data) serve(ended func()) {
	defer ended()
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		// The association ends with the transport, and with it all that waits.
		c, err := d.session.association.Load().Accept(context.Background())
		switch {
		case err != nil:
			return
		case !d.opened():
		case !d.begin(c.Label()):
			d.sfu.metrics.channelsRefused.Add(1)
			c.Close()
		default:
			serving.Add(1)
			go d.channel(c, &serving)
		}
	}
}

// event counts the channels that are closed before we see them, because there are too many.
func (d *Data) event(e sctpdc.Event) {
	if e.Kind == sctpdc.EventStreamRefused {
		d.sfu.metrics.channelsRefused.Add(1)
		d.opened()
	}
}

// opened reports whether the peer may open a channel now.
func (d *Data) opened() bool { return d.takes(&d.opens, opensPerSecond) }

// takes reports whether there is something left of a budget. A peer that does too much loses all its channels.
func (d *Data) takes(b *budget, perSecond float64) bool {
	d.mu.Lock()
	takes := b.take(time.Now(), 1, perSecond)
	d.mu.Unlock()
	if a := d.session.association.Load(); !takes && a != nil {
		d.flood.Do(func() {
			d.sfu.metrics.floods.Add(1)
			a.Close()
		})
	}
	return takes
}

// begin reports whether a channel of that label is to be served.
func (d *Data) begin(label string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if label != chatLabel && label != echoLabel || d.served[label] {
		return false
	}
	d.served[label] = true
	return true
}

// channel serves a channel until it is closed.
func (d *Data) channel(c *sctpdc.Channel, serving *sync.WaitGroup) {
	defer serving.Done()
	if c.Label() == chatLabel {
		d.chat(c)
	} else {
		d.echo(c)
	}
	c.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.served, c.Label())
}

// receive returns the next message. ok is false when the channel is closed.
func (d *Data) receive(c *sctpdc.Channel) (m sctpdc.Message, ok bool) {
	m, err := c.Receive(context.Background())
	return m, err == nil && d.takes(&d.messages, messagesPerSecond)
}

// echo gives back what comes.
func (d *Data) echo(c *sctpdc.Channel) {
	for {
		m, ok := d.receive(c)
		if !ok {
			return
		}
		if c.TrySend(m) != nil { // his buffer is full, or the channel is about to end
			d.sfu.metrics.messagesLost.Add(1)
		} else {
			d.sfu.metrics.echoes.Add(1)
		}
	}
}

// chat gives to everyone in the room what comes, and what others say to c.
func (d *Data) chat(c *sctpdc.Channel) {
	metrics := d.sfu.metrics
	d.member.send = c.TrySend
	chat := d.sfu.rooms.enter(d.room, &d.member)
	defer d.sfu.rooms.leave(d.room, &d.member)
	for {
		m, ok := d.receive(c)
		if !ok {
			return
		}
		line, refused := chat.take(time.Now(), &d.member, m)
		if refused != "" {
			metrics.linesRefused.Add(1)
			_ = c.TrySend(textMessage(refusedLine{refused})) // else he sees that it does not come back
			continue
		}
		metrics.lines.Add(1)
		metrics.messagesLost.Add(uint64(chat.say(line)))
		if cluster := d.sfu.cluster.Load(); cluster != nil {
			cluster.say(d.room, line)
		}
	}
}
