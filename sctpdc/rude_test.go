package sctpdc

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/pion/sctp"
)

var open0 = dcepOpenMessage{label: "x"}.append(nil)

// DC-03, DC-04, DC-05, DC-08
func TestStreamThatIsNotOpenedByTheRulesIsClosedWithoutACK(t *testing.T) { // DC-02
	for name, test := range map[string]struct {
		id uint16
		p  ppid
		b  []byte
	}{
		"text before OPEN":          {0, ppidString, []byte("hello")},
		"binary before OPEN":        {0, ppidBinary, []byte("hello")},
		"unknown PPID":              {0, 99, []byte("hello")},
		"odd id from the client":    {1, ppidDCEP, open0},
		"label longer than message": {0, ppidDCEP, []byte{3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}},
		"truncated OPEN":            {0, ppidDCEP, open0[:11]},
		"unknown channel type":      {0, ppidDCEP, []byte{3, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		"ACK without OPEN":          {0, ppidDCEP, []byte{dcepAck}},
		"unknown DCEP message":      {0, ppidDCEP, []byte{9}},
	} {
		t.Run(name, func(t *testing.T) {
			inRude(t, Config{}, func(a *Association, rude *sctp.Association) {
				s := rudeStream(t, rude, test.id, test.p, test.b)
				if got := readAll(t, s); len(got) != 0 {
					t.Errorf("answered with %v", got)
				}
				acceptNothing(t, a)
				_ = s.Close()
				good := rudeStream(t, rude, 2, ppidDCEP, open0)
				if c, err := a.Accept(within(t, time.Second)); err != nil || c.Label() != "x" || c.ID() != 2 {
					t.Errorf("another channel: %v", err)
				}
				_ = good.Close()
			})
		})
	}
}

// DC-03, DC-10
func TestViolationOnAnOpenChannelClosesIt(t *testing.T) {
	for name, test := range map[string]struct {
		p ppid
		b []byte
	}{
		"second OPEN":          {ppidDCEP, open0},
		"unknown PPID":         {99, []byte("hello")},
		"unknown DCEP message": {ppidDCEP, []byte{9}},
	} {
		t.Run(name, func(t *testing.T) {
			inRude(t, Config{}, func(a *Association, rude *sctp.Association) {
				s := rudeStream(t, rude, 0, ppidDCEP, open0)
				c, err := a.Accept(within(t, time.Second))
				if err != nil {
					t.Fatal(err)
				}
				_, _ = s.WriteSCTP(test.b, sctp.PayloadProtocolIdentifier(test.p))
				if _, err := c.Receive(within(t, time.Second)); !errors.Is(err, ErrProtocol) {
					t.Errorf("Receive: %v", err)
				}
				if got := readAll(t, s); fmt.Sprint(got) != "[50]" {
					t.Errorf("the peer got %v, want the ACK only", got)
				}
			})
		})
	}
}

// DC-08
func TestUnexpectedACKIsHarmless(t *testing.T) {
	inRude(t, Config{}, func(a *Association, rude *sctp.Association) {
		s := rudeStream(t, rude, 0, ppidDCEP, open0)
		c, err := a.Accept(within(t, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = s.WriteSCTP([]byte{dcepAck}, sctp.PayloadTypeWebRTCDCEP)
		}
		_, _ = s.WriteSCTP([]byte("hello"), sctp.PayloadTypeWebRTCString)
		if m, err := c.Receive(within(t, time.Second)); err != nil || string(m.Data) != "hello" {
			t.Errorf("got %q, %v", m.Data, err)
		}
	})
}

// RFC 8831, Section 8: 52 and 54 are deprecated, but some peers send them.
func TestPiecesOfDeprecatedKindsMakeOneMessage(t *testing.T) {
	inRude(t, Config{MaxMessageSize: 10}, func(a *Association, rude *sctp.Association) {
		s := rudeStream(t, rude, 0, ppidDCEP, dcepOpenMessage{}.append(nil)[:12])
		_ = s
		acceptNothing(t, a) // 12 bytes are more than 10: DCEP counts too
	})
	inRude(t, Config{MaxMessageSize: 20}, func(a *Association, rude *sctp.Association) {
		s := rudeStream(t, rude, 0, ppidDCEP, open0)
		c, err := a.Accept(within(t, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []struct {
			p ppid
			s string
		}{
			{ppidStringPartial, "one "}, {ppidStringPartial, "two "}, {ppidString, "three"},
			{ppidBinaryPartial, "four "}, {ppidBinary, "five"}, {ppidStringEmpty, "\x00"}, {ppidBinaryEmpty, "ignored"},
		} {
			_, _ = s.WriteSCTP([]byte(m.s), sctp.PayloadProtocolIdentifier(m.p))
		}
		for _, want := range []string{"text one two three", "binary four five", "text ", "binary "} {
			m, err := c.Receive(within(t, time.Second))
			if got := fmt.Sprint(m.Kind, " ", string(m.Data)); err != nil || got != want {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		}
		for range 3 {
			_, _ = s.WriteSCTP([]byte("12345678"), sctp.PayloadProtocolIdentifier(ppidBinaryPartial))
		}
		var e *MessageSizeError
		if _, err := c.Receive(within(t, time.Second)); !errors.As(err, &e) || e.Size != 24 {
			t.Errorf("pieces above the limit: %v", err)
		}
	})
}

// DC-12: a peer that resets its stream sees ours reset too, without anybody calling Close. RFC 8831, Section 6.7.
func TestResetOfThePeerIsAnsweredWithOurs(t *testing.T) {
	inRude(t, Config{}, func(a *Association, rude *sctp.Association) {
		s := rudeStream(t, rude, 0, ppidDCEP, open0)
		c, err := a.Accept(within(t, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.WriteSCTP([]byte("last"), sctp.PayloadTypeWebRTCString)
		_ = s.Close()
		if got := readAll(t, s); fmt.Sprint(got) != "[50]" {
			t.Errorf("got %v", got)
		}
		<-c.Done()
		if m, err := c.Receive(within(t, time.Second)); err != nil || string(m.Data) != "last" {
			t.Errorf("got %q, %v", m.Data, err)
		}
		if _, err := c.Receive(within(t, time.Second)); err != io.EOF {
			t.Errorf("got %v", err)
		}
	})
}

// DC-16: each refused stream costs memory until the peer resets its side, so there is an end to that.
func TestPeerThatNeverResetsRefusedStreamsIsAborted(t *testing.T) {
	inRude(t, Config{MaxChannels: 10, refused: 500}, func(a *Association, rude *sctp.Association) {
		for id := uint16(0); id < 65530; id += 2 {
			s, err := rude.OpenStream(id, 0)
			if err != nil {
				break
			}
			if _, err := s.WriteSCTP(open0, sctp.PayloadTypeWebRTCDCEP); err != nil {
				break
			}
			if id%1024 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		wantEnd(t, a, ReasonAbort, false)
		if err := a.Err(); !errors.Is(err, ErrTooManyChannels) {
			t.Errorf("got %v", err)
		}
	})
}
