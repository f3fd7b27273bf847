package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A guest is a peer of the tests with data channels.
type guest struct {
	session     *Session
	transport   *dtlstransport.Transport
	association *sctpdc.Association
	chat        *sctpdc.Channel // nil until he enters
}

// connect brings somebody into a room by an offer to send.
func connect(t *testing.T, ctx context.Context, s *SFU, room, name, offer string) *guest {
	t.Helper()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	local := agent.NewCredentials()
	session, answer, err := s.Publish(&Visit{Room: room, Name: name, Offer: parsed(t, offer, true, local, certificate)})
	if err != nil {
		t.Fatal(err)
	}
	g := &guest{session: session, transport: visit(t, ctx, local, certificate, answer)}
	if err := g.transport.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	return g
}

// arrive brings him in with an association.
func arrive(t *testing.T, ctx context.Context, s *SFU, room, name, offer string) *guest {
	t.Helper()
	g := connect(t, ctx, s, room, name, offer)
	// What becomes of his channels does not end his media.
	var err error
	if g.association, err = sctpdc.New(dataPath{g.transport.Conn()}, &sctpdc.Config{Role: g.transport.Role(), PeerMaxMessageSize: maxMessage}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.association.Close() })
	return g
}

func (g *guest) open(t *testing.T, ctx context.Context, label string) *sctpdc.Channel {
	t.Helper()
	c, err := g.association.Open(ctx, label, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enter brings him into the chat as well.
func (g *guest) enter(t *testing.T, ctx context.Context, s *SFU, room string) *guest {
	t.Helper()
	g.chat = g.open(t, ctx, chatLabel)
	eventually(t, "he is in the chat", func() bool {
		chat := s.rooms.chat(room)
		if chat == nil {
			return false
		}
		chat.mu.Lock()
		defer chat.mu.Unlock()
		for m := range chat.members {
			if m.ID == g.session.ID {
				return true
			}
		}
		return false
	})
	return g
}

// reads returns the next line that he gets.
func (g *guest) reads(t *testing.T, ctx context.Context) (line Line) {
	t.Helper()
	m, err := g.chat.Receive(ctx)
	if err == nil {
		err = json.Unmarshal(m.Data, &line)
	}
	if err != nil || m.Kind != sctpdc.Text {
		t.Fatal(err, m.Kind)
	}
	return line
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// What somebody writes comes to everyone in the room, at whatever server, himself included, in one order; and to nobody else.
func TestEveryoneInARoomReadsWhatIsWritten(t *testing.T) {
	ctx := testContext(t)
	a, b := clusterOfTwo(t)
	ada := arrive(t, ctx, a, "room", "Ada", dataOffer).enter(t, ctx, a, "room")
	bob := arrive(t, ctx, a, "room", "Bob", offerWithData).enter(t, ctx, a, "room") // sends as well
	cy := arrive(t, ctx, b, "room", "Cy", dataOffer).enter(t, ctx, b, "room")
	dee := arrive(t, ctx, a, "other", "Dee", dataOffer).enter(t, ctx, a, "other")
	if n := len(a.rooms.all()); n != 1 {
		t.Errorf("%d streams, one person sends", n)
	}
	for i, from := range []*guest{ada, bob, cy, ada} {
		want := Line{from.session.ID, []string{"Ada", "Bob", "Cy", "Ada"}[i], fmt.Sprintf("<b>hello %d</b>", i)}
		if err := from.chat.SendText(ctx, want.Text); err != nil {
			t.Fatal(err)
		}
		for _, to := range []*guest{ada, bob, cy} {
			if got := to.reads(t, ctx); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
	}
	if err := dee.chat.SendText(ctx, "anybody?"); err != nil {
		t.Fatal(err)
	}
	if got := dee.reads(t, ctx); got.Name != "Dee" {
		t.Errorf("another room reads %+v", got)
	}
	status := a.metrics.status()
	if status.Associations != 3 || status.Lines != 4 || status.Drops["message to a slow reader"] != 0 {
		t.Errorf("%+v", status)
	}
}

func TestALineThatIsRefusedComesBackWithTheReason(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := arrive(t, ctx, s, "room", "Ada", dataOffer).enter(t, ctx, s, "room")
	if err := ada.chat.SendText(ctx, "  "); err != nil {
		t.Fatal(err)
	}
	m, err := ada.chat.Receive(ctx)
	if err != nil || string(m.Data) != `{"refused":"the line is empty"}` {
		t.Errorf("%s, %v", m.Data, err)
	}
	if n := s.metrics.status().Drops["refused line"]; n != 1 {
		t.Errorf("%d are counted", n)
	}
}

// Other servers are trusted to bound what people write, but what comes from them is looked at.
func TestNonsenseFromOtherServersIsNotShown(t *testing.T) {
	ctx := testContext(t)
	a, b := clusterOfTwo(t)
	ada := arrive(t, ctx, a, "room", "Ada", dataOffer).enter(t, ctx, a, "room")
	c := b.cluster.Load()
	for _, line := range []Line{{Text: string(make([]byte, maxLine+1))}, {Text: "  "}} {
		c.publish("sfu.chat.room", nodeLine{"other", line})
	}
	if err := c.nats.Publish("sfu.chat.room", []byte("{")); err != nil {
		t.Fatal(err)
	}
	c.publish("sfu.chat.room", nodeLine{"other", Line{From: "x", Name: "Bob\n", Text: "hello\x00"}})
	if got := ada.reads(t, ctx); got != (Line{"x", "Bob", "hello"}) {
		t.Errorf("%+v", got)
	}
}

func TestAnEchoComesBackAndOtherChannelsAreClosed(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := arrive(t, ctx, s, "room", "Ada", offerWithData)
	echo := ada.open(t, ctx, echoLabel)
	for _, want := range []sctpdc.Message{{Kind: sctpdc.Text, Data: []byte("hello")}, {Kind: sctpdc.Binary, Data: make([]byte, maxMessage)}, {Kind: sctpdc.Binary}} {
		if err := echo.Send(ctx, want); err != nil {
			t.Fatal(err)
		}
		if m, err := echo.Receive(ctx); err != nil || m.Kind != want.Kind || string(m.Data) != string(want.Data) {
			t.Errorf("%v comes back as %v of %d bytes, %v", want.Kind, m.Kind, len(m.Data), err)
		}
	}
	for _, label := range []string{"", "load", "chat\x00", echoLabel} { // there is an echo already
		if _, err := ada.open(t, ctx, label).Receive(ctx); !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v, want it to be closed", label, err)
		}
	}
	// It can be opened again when it has been closed.
	echo.Close()
	select {
	case <-echo.Done():
	case <-ctx.Done():
		t.Fatal("the echo is not closed")
	}
	eventually(t, "another echo", func() bool {
		again := ada.open(t, ctx, echoLabel)
		if err := again.SendText(ctx, "hello"); err != nil {
			return false
		}
		_, err := again.Receive(ctx)
		return err == nil
	})
	if n := s.metrics.status().Drops["refused data channel"]; n < 4 {
		t.Errorf("%d are counted", n)
	}
}

// Who floods loses his channels; his media goes on, and others chat on.
func TestAFloodEndsTheChannelsAndNotTheMedia(t *testing.T) {
	for name, flood := range map[string]func(ctx context.Context, g *guest) error{
		"messages": func(ctx context.Context, g *guest) error {
			c, err := g.association.Open(ctx, echoLabel, nil)
			for err == nil {
				err = c.SendText(ctx, "spam")
			}
			return err
		},
		"channels": func(ctx context.Context, g *guest) error {
			for {
				if _, err := g.association.Open(ctx, "spam", nil); errors.Is(err, sctpdc.ErrTooManyChannels) {
					time.Sleep(time.Millisecond)
				} else if err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			s, _ := startSFU(t, nil)
			ada := arrive(t, ctx, s, "room", "Ada", offerWithData)
			bob := arrive(t, ctx, s, "room", "Bob", dataOffer).enter(t, ctx, s, "room")
			_ = flood(ctx, ada) // until the association ends
			select {
			case <-ada.association.Done():
			case <-ctx.Done():
				t.Fatal("it goes on")
			}
			var end *sctpdc.AssociationError
			if err := ada.association.Err(); !errors.As(err, &end) || end.Reason != sctpdc.ReasonAbort || !end.Peer {
				t.Errorf("the flood ends with %v", err)
			}
			if n := s.metrics.floods.Load(); n != 1 {
				t.Errorf("%d floods are counted", n)
			}
			if err := bob.chat.SendText(ctx, "hello"); err != nil {
				t.Fatal(err)
			}
			bob.reads(t, ctx)
			stream := s.rooms.stream(ada.session.ID)
			if stream == nil || s.metrics.ended.Load() != 0 {
				t.Fatal("the stream has ended")
			}
		})
	}
}

// The association of somebody without media ends, and with it the session: it would be a place that is taken for nothing.
func TestASessionWithoutMediaEndsWithItsChannels(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := arrive(t, ctx, s, "room", "Ada", dataOffer).enter(t, ctx, s, "room")
	if err := ada.association.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	eventually(t, "nobody is left", func() bool { return s.udp.Stats().Peers == 0 && s.rooms.len() == 0 })
}

// Who agrees to data channels and never makes an association has his media, and no place if he has none.
func TestWhoMakesNoAssociationHasHisMedia(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	s.data.HandshakeTimeout = 200 * time.Millisecond
	ada := connect(t, ctx, s, "room", "Ada", offerWithData)
	bob := connect(t, ctx, s, "room", "Bob", dataOffer)
	select {
	case <-bob.transport.Done():
	case <-ctx.Done():
		t.Fatal("he has a place for nothing")
	}
	eventually(t, "there is no association", func() bool { return s.metrics.associations.Load() == 0 })
	if ada.transport.Err() != nil || s.rooms.stream(ada.session.ID) == nil {
		t.Errorf("the media has ended: %v", ada.transport.Err())
	}
}

func TestJunkOnDataChannelsIsCounted(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := connect(t, ctx, s, "room", "Ada", offerWithData)
	drops := tallies(s)
	eventually(t, "the junk is counted", func() bool {
		if _, err := ada.transport.Conn().Write([]byte("this is no packet of SCTP, but it comes under DTLS as if it were")); err != nil {
			t.Fatal(err)
		}
		sum := drops()
		return sum["SCTP: checksum"]+sum["SCTP: malformed"]+sum["SCTP: tag"] > 0
	})
}

// A member who has gone without a word holds nobody up, and misses what his buffer has no room for.
func TestAMemberWhoTakesNothingHoldsNobodyUp(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	ada := arrive(t, ctx, s, "room", "Ada", dataOffer).enter(t, ctx, s, "room")
	gone := arrive(t, ctx, s, "room", "Gone", dataOffer).enter(t, ctx, s, "room")
	gone.transport.Mux().Close() // no close_notify
	chat := s.rooms.chat("room")
	long := Line{Text: string(make([]byte, maxLine))}
	lost := 0
	for n := 0; lost == 0; n++ {
		if n > 10*dataBuffer/maxLine {
			t.Fatalf("%d lines are kept for him", n)
		}
		lost += chat.say(long)
		if got := ada.reads(t, ctx); len(got.Text) != maxLine {
			t.Fatalf("Ada reads %d bytes", len(got.Text))
		}
	}
}

func TestDataChannelsLeaveNoGoroutines(t *testing.T) {
	ctx := testContext(t)
	s, _ := startSFU(t, nil)
	owned := func() int { return new(Census).take(time.Now())["data channels"] }
	ada := arrive(t, ctx, s, "room", "Ada", offerWithData).enter(t, ctx, s, "room")
	ada.open(t, ctx, echoLabel)
	eventually(t, "there are some", func() bool { return owned() > 0 })
	s.End(ada.session.key)
	ada.association.Close() // ours are counted as well
	eventually(t, "none is left", func() bool { return owned() == 0 })
	eventually(t, "nobody is in the room", func() bool { return s.metrics.associations.Load() == 0 && s.rooms.len() == 0 })
}
