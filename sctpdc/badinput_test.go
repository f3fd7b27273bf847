package sctpdc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A bystander is a channel beside what goes wrong.
type bystander struct {
	ours *Channel
	peer *sctp.Stream
}

// goesOn sends a message each way.
func (b bystander) goesOn(t *testing.T) {
	t.Helper()
	if err := b.ours.SendText(within(t, time.Minute), "still here"); err != nil {
		t.Errorf("the other channel: %v", err)
	}
	if _, err := b.peer.WriteSCTP([]byte("so am I"), sctp.PayloadTypeWebRTCString); err != nil {
		t.Error(err)
	}
	if m, err := b.ours.Receive(within(t, time.Minute)); err != nil || string(m.Data) != "so am I" {
		t.Errorf("the other channel got %q, %v", m.Data, err)
	}
	got := make([]byte, 100)
	_ = b.peer.SetReadDeadline(time.Now().Add(time.Minute))
	defer func() { _ = b.peer.SetReadDeadline(time.Time{}) }()
	for {
		n, _, err := b.peer.ReadSCTP(got)
		if err != nil {
			t.Errorf("the peer's end of the other channel: %v", err)
			return
		}
		if string(got[:n]) == "still here" {
			return
		}
	}
}

// besides runs f with an association of ours, the DTLS server, a bare one, and a channel beside.
func besides(t *testing.T, config Config, f func(a *Association, rude *sctp.Association, b bystander)) {
	t.Helper()
	inRude(t, config, func(a *Association, rude *sctp.Association) {
		s := rudeStream(t, rude, 100, ppidDCEP, open0)
		c, err := a.Accept(within(t, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		b := bystander{c, s}
		f(a, rude, b)
		b.goesOn(t)
		if err := a.Err(); err != nil {
			t.Errorf("the association: %v", err)
		}
	})
}

// tooLarge is whether err is about a message of the peer's.
func tooLarge(err error) bool {
	var e *MessageSizeError
	return errors.As(err, &e) && e.Peer
}

func isProtocol(err error) bool { return errors.Is(err, ErrProtocol) }

// Whatever the peer does wrong on a stream, we reset it ("the corresponding data channel MUST be closed", RFC 8832, Section
// 6; RFC 8831, Section 6.6), without an answer to an OPEN, tell why, and the other channels go on.
// DC-02, DC-03, DC-04, DC-05, DC-08, DC-10
func TestWhatThePeerDoesWrongClosesOneChannel(t *testing.T) {
	const limit = 1000
	badLength := append([]byte(nil), open0...)
	badLength[9] = 0xff
	for name, test := range map[string]struct {
		first []byte // an OPEN that is right; nil: the stream is not open
		ours  bool   // we have opened it, negotiated
		id    uint16
		p     ppid
		b     []byte
		want  func(error) bool
	}{
		"OPEN cut short":                     {id: 2, p: ppidDCEP, b: open0[:11], want: isProtocol},
		"OPEN with a wrong length":           {id: 2, p: ppidDCEP, b: badLength, want: isProtocol},
		"OPEN with bytes behind it":          {id: 2, p: ppidDCEP, b: append(append([]byte(nil), open0...), 0), want: isProtocol},
		"OPEN of an unknown channel type":    {id: 2, p: ppidDCEP, b: []byte{3, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, want: isProtocol},
		"OPEN with an id that is ours":       {id: 3, p: ppidDCEP, b: open0, want: isProtocol},
		"OPEN with a label beyond limits":    {id: 2, p: ppidDCEP, b: dcepOpenMessage{label: string(make([]byte, limit))}.append(nil), want: tooLarge},
		"OPEN on an open channel":            {first: open0, id: 2, p: ppidDCEP, b: open0, want: isProtocol},
		"OPEN on a negotiated channel":       {ours: true, id: 2, p: ppidDCEP, b: open0, want: isProtocol},
		"ACK without an OPEN":                {id: 2, p: ppidDCEP, b: []byte{dcepAck}, want: isProtocol},
		"DCEP message of an unknown type":    {id: 2, p: ppidDCEP, b: []byte{9}, want: isProtocol},
		"unknown DCEP message, open channel": {first: open0, id: 2, p: ppidDCEP, b: []byte{9}, want: isProtocol},
		"text without an OPEN":               {id: 2, p: ppidString, b: []byte("x"), want: isProtocol},
		"binary without an OPEN":             {id: 2, p: ppidBinary, b: []byte("x"), want: isProtocol},
		"unknown PPID without an OPEN":       {id: 2, p: 99, b: []byte("x"), want: isProtocol},
		"unknown PPID":                       {first: open0, id: 2, p: 99, b: []byte("x"), want: isProtocol},
		"PPID zero":                          {first: open0, id: 2, p: 0, b: []byte("x"), want: isProtocol},
		"message above what we announced":    {first: open0, id: 2, p: ppidBinary, b: make([]byte, limit+1), want: tooLarge},
		"message above it, negotiated":       {ours: true, id: 2, p: ppidString, b: make([]byte, limit+1), want: tooLarge},
		"piece above it, deprecated PPID":    {first: open0, id: 2, p: ppidBinaryPartial, b: make([]byte, limit+1), want: tooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var told eventLog
			besides(t, Config{MaxMessageSize: limit, OnEvent: told.add}, func(a *Association, rude *sctp.Association, _ bystander) {
				var c *Channel
				var err error
				wire := "[]"
				if test.ours {
					if c, err = a.Open(within(t, time.Minute), "negotiated", &ChannelOptions{Negotiated: true, ID: &test.id}); err != nil {
						t.Fatal(err)
					}
				}
				s, err := rude.OpenStream(test.id, 0)
				if err != nil {
					t.Fatal(err)
				}
				if test.first != nil {
					wire = "[50]" // the ACK of what was right
					if _, err := s.WriteSCTP(test.first, sctp.PayloadTypeWebRTCDCEP); err != nil {
						t.Fatal(err)
					}
					if c, err = a.Accept(within(t, time.Minute)); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.WriteSCTP(test.b, sctp.PayloadProtocolIdentifier(test.p)); err != nil {
					t.Fatal(err)
				}
				if got := readAll(t, s); fmt.Sprint(got) != wire {
					t.Errorf("the peer got %v, want %v and the reset", got, wire)
				}
				if e := told.first(EventStreamRefused); e.Stream != test.id || !test.want(e.Err) {
					t.Errorf("event for stream %d: %v", e.Stream, e.Err)
				}
				if c != nil {
					if _, err := c.Receive(within(t, time.Minute)); !test.want(err) {
						t.Errorf("Receive: %v", err)
					}
					if err := c.SendText(within(t, time.Minute), "x"); !test.want(err) {
						t.Errorf("Send: %v", err)
					}
				}
				acceptNothing(t, a)
			})
		})
	}
}

// What we are asked to do wrong is an error of the call, and nothing of it reaches the peer.
func TestWhatTheApplicationDoesWrongStaysHere(t *testing.T) {
	const limit = 1000
	id := func(n uint16) *uint16 { return &n }
	retransmits, lifetime := uint16(1), time.Second
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	open := func(o ChannelOptions) func(a *Association, c *Channel) error {
		return func(a *Association, _ *Channel) error {
			_, err := a.Open(within(nil, time.Minute), "x", &o)
			return err
		}
	}
	send := func(m Message) func(*Association, *Channel) error {
		return func(_ *Association, c *Channel) error { return c.Send(context.Background(), m) }
	}
	for name, test := range map[string]struct {
		do   func(a *Association, c *Channel) error
		want func(error) bool
	}{
		"negotiated id in use":              {open(ChannelOptions{Negotiated: true, ID: id(100)}), is(ErrIDInUse)},
		"id of ours in use":                 {open(ChannelOptions{ID: id(1)}), is(ErrIDInUse)},
		"id that is the peer's to open":     {open(ChannelOptions{ID: id(2)}), is(ErrInvalidOptions)},
		"id 65535":                          {open(ChannelOptions{Negotiated: true, ID: id(65535)}), is(ErrInvalidOptions)},
		"negotiated without id":             {open(ChannelOptions{Negotiated: true}), is(ErrInvalidOptions)},
		"both kinds of partial reliability": {open(ChannelOptions{MaxRetransmits: &retransmits, MaxLifetime: &lifetime}), is(ErrInvalidOptions)},
		"label of 65,536 bytes": {func(a *Association, _ *Channel) error {
			_, err := a.Open(within(nil, time.Minute), string(make([]byte, 1<<16)), nil)
			return err
		}, is(ErrInvalidOptions)},
		"message above what the peer takes": {send(Message{Data: make([]byte, limit+1)}), func(err error) bool {
			var e *MessageSizeError
			return errors.As(err, &e) && !e.Peer && e.Size == limit+1 && e.Limit == limit
		}},
		"the same by TrySend": {func(_ *Association, c *Channel) error { return c.TrySend(Message{Data: make([]byte, limit+1)}) }, func(err error) bool {
			var e *MessageSizeError
			return errors.As(err, &e) && !e.Peer
		}},
		"text that is not UTF-8": {send(Message{Kind: Text, Data: []byte{0xff}}), is(ErrInvalidUTF8)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, y := netsim.Pipe(rtt40)
				tapped := &tap{Conn: x}
				p := &pair{t: t}
				a := p.start(tapped, 2, Config{PeerMaxMessageSize: limit})
				defer a.Close()
				rude := bare(t, y)
				defer rude.Close()
				s := rudeStream(t, rude, 100, ppidDCEP, open0)
				c, err := a.Accept(within(t, time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.Open(within(t, time.Minute), "first of ours", &ChannelOptions{ID: id(1)}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				before := len(tapped.packets())
				if err := test.do(a, c); !test.want(err) {
					t.Errorf("got %v", err)
				}
				time.Sleep(time.Second)
				if all := tapped.packets(); len(all) != before {
					t.Errorf("%d packets were sent, the first is %x", len(all)-before, all[before])
				}
				bystander{c, s}.goesOn(t)
			})
		})
	}
}

// Each call on a channel that is closed says by whom, whether that was we, the peer or the end of everything.
func TestCallsOnAClosedChannelSayWhy(t *testing.T) {
	ctx := context.Background()
	for name, test := range map[string]struct {
		close         func(a *Association, c *Channel, s *sctp.Stream)
		send, receive error
		others        bool // go on
	}{
		"closed here":        {func(_ *Association, c *Channel, _ *sctp.Stream) { _ = c.Close() }, ErrChannelClosed, ErrChannelClosed, true},
		"closed by the peer": {func(_ *Association, c *Channel, s *sctp.Stream) { _ = s.Close(); <-c.Done() }, ErrChannelClosed, io.EOF, true},
		"association closed": {func(a *Association, _ *Channel, _ *sctp.Stream) { _ = a.Close() }, net.ErrClosed, net.ErrClosed, false},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(a *Association, rude *sctp.Association, _ bystander) {
				s := rudeStream(t, rude, 2, ppidDCEP, open0)
				c, err := a.Accept(within(t, time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				test.close(a, c, s)
				_, received := c.Receive(ctx)
				_, read := c.Stream().Read(make([]byte, 1))
				_, written := c.Stream().Write([]byte("x"))
				for call, got := range map[string][2]error{
					"Send":       {c.Send(ctx, Message{Data: []byte("x")}), test.send},
					"SendText":   {c.SendText(ctx, "x"), test.send},
					"SendBinary": {c.SendBinary(ctx, nil), test.send},
					"TrySend":    {c.TrySend(Message{}), test.send},
					"Err":        {c.Err(), test.send},
					"Write":      {written, test.send},
					"Receive":    {received, test.receive},
					"Read":       {read, test.receive},
				} {
					if !errors.Is(got[0], got[1]) {
						t.Errorf("%s: %v, want %v", call, got[0], got[1])
					}
				}
				_ = c.Close() // once more is harmless
				c.OnLow(0, func() {})
			}
			if test.others {
				besides(t, Config{}, run)
				return
			}
			inRude(t, Config{}, func(a *Association, rude *sctp.Association) { run(a, rude, bystander{}) })
		})
	}
}

// Two channels that both sides negotiate with one id and that do not fit are one stream: what one side sends the other gets.
func TestNegotiatedChannelsThatDoNotFitStillMeet(t *testing.T) {
	one, lifetime := uint16(7), time.Second
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, err := p.client.Open(within(t, time.Minute), "one", &ChannelOptions{Negotiated: true, ID: &one})
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.server.Open(within(t, time.Minute), "another", &ChannelOptions{Negotiated: true, ID: &one, Unordered: true, MaxLifetime: &lifetime})
		if err != nil {
			t.Fatal(err)
		}
		p.send(c, "there")
		p.want(d, "there")
		if err := d.SendBinary(within(t, time.Minute), []byte("back")); err != nil {
			t.Fatal(err)
		}
		if m, err := c.Receive(within(t, time.Minute)); err != nil || !bytes.Equal(m.Data, []byte("back")) {
			t.Errorf("%q, %v", m.Data, err)
		}
	})
}
