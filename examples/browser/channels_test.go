package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A visitor is a peer's side of the data channels, in virtual time over a link with 20 ms each way.
type visitor struct {
	*testing.T
	*sctpdc.Association
	served *Channels
	ctx    context.Context
}

// visit runs f as the peer of Channels.
func visit(t *testing.T, f func(v *visitor)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(netsim.Config{Delay: 20 * time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		server, err := sctpdc.New(a, &sctpdc.Config{Role: keying.RoleServer, PeerMaxMessageSize: maxMessageSize})
		if err != nil {
			t.Fatal(err)
		}
		client, err := sctpdc.New(b, &sctpdc.Config{Role: keying.RoleClient, PeerMaxMessageSize: maxMessageSize})
		if err != nil {
			t.Fatal(err)
		}
		served := &Channels{association: server, onOpen: func() {}}
		done := make(chan struct{})
		go func() {
			served.Serve(ctx)
			close(done)
		}()
		defer func() {
			client.Close()
			<-done // the association's end is that of Serve and of every channel
			server.Close()
		}()
		f(&visitor{T: t, Association: client, served: served, ctx: ctx})
	})
}

func (v *visitor) open(label string, options *sctpdc.ChannelOptions) *sctpdc.Channel {
	v.Helper()
	ch, err := v.Open(v.ctx, label, options)
	if err != nil {
		v.Fatal(err)
	}
	return ch
}

func (v *visitor) send(ch *sctpdc.Channel, kind sctpdc.Kind, data string) {
	v.Helper()
	if err := ch.Send(v.ctx, sctpdc.Message{Kind: kind, Data: []byte(data)}); err != nil {
		v.Fatal(err)
	}
}

func (v *visitor) want(ch *sctpdc.Channel, kind sctpdc.Kind, data string) {
	v.Helper()
	m, err := ch.Receive(v.ctx)
	if err != nil {
		v.Fatal(err)
	}
	if m.Kind != kind || string(m.Data) != data {
		v.Fatalf("received %v of %d bytes %.40q, want %v of %d bytes %.40q", m.Kind, len(m.Data), m.Data, kind, len(data), data)
	}
}

func (v *visitor) wantEOF(ch *sctpdc.Channel) {
	v.Helper()
	if m, err := ch.Receive(v.ctx); !errors.Is(err, io.EOF) {
		v.Fatalf("received %v and %v, want the end of the channel", m, err)
	}
}

func TestChannelEchoesTextBinaryAndEmptyMessages(t *testing.T) {
	visit(t, func(v *visitor) {
		ch := v.open("chat", nil)
		messages := []string{"hello", "", "Grüße", strings.Repeat("x", 65536), strings.Repeat("y", maxMessageSize)}
		for _, kind := range []sctpdc.Kind{sctpdc.Text, sctpdc.Binary} {
			for _, m := range messages {
				v.send(ch, kind, m)
			}
			for _, m := range messages {
				v.want(ch, kind, m)
			}
		}
		if in, out := v.served.messagesIn.Load(), v.served.messagesOut.Load(); in != 10 || out != 10 || v.served.open.Load() != 1 {
			v.Errorf("counted %d in, %d out, %d channels", in, out, v.served.open.Load())
		}
	})
}

func TestMirrorOpensAChannelOfTheSameOptionsBack(t *testing.T) {
	retransmits, lifetime := uint16(3), 1500*time.Millisecond
	for name, o := range map[string]*sctpdc.ChannelOptions{
		"plain":       {},
		"retransmits": {Unordered: true, MaxRetransmits: &retransmits},
		"lifetime":    {MaxLifetime: &lifetime, Protocol: "chess/2"},
		"sink":        {}, // mirrored, it echoes whatever its name
	} {
		t.Run(name, func(t *testing.T) {
			visit(t, func(v *visitor) {
				ch := v.open("mirror:"+name, o)
				back, err := v.Accept(v.ctx)
				if err != nil {
					v.Fatal(err)
				}
				if got, want := describe(back.Options()), describe(*o); back.Label() != name || got != want {
					v.Errorf("channel %q %s came back, want %q %s", back.Label(), got, name, want)
				}
				for _, c := range []*sctpdc.Channel{ch, back} {
					v.send(c, sctpdc.Text, "over "+c.Label())
					v.want(c, sctpdc.Text, "over "+c.Label())
				}
			})
		})
	}
}

// describe tells the options that a mirrored channel has to share.
func describe(o sctpdc.ChannelOptions) string {
	s := fmt.Sprintf("protocol %q unordered %v", o.Protocol, o.Unordered)
	if o.MaxRetransmits != nil {
		s += fmt.Sprintf(" retransmits %d", *o.MaxRetransmits)
	}
	if o.MaxLifetime != nil {
		s += fmt.Sprintf(" lifetime %v", *o.MaxLifetime)
	}
	return s
}

func TestSinkTellsMessagesAndBytes(t *testing.T) {
	visit(t, func(v *visitor) {
		ch := v.open("sink", nil)
		for i := range 100 {
			v.send(ch, sctpdc.Binary, strings.Repeat("x", i))
		}
		v.send(ch, sctpdc.Binary, "end") // not the text: it counts
		v.send(ch, sctpdc.Text, "end")
		v.want(ch, sctpdc.Text, "101 4953")
		v.send(ch, sctpdc.Text, "one more")
		v.send(ch, sctpdc.Text, "end")
		v.want(ch, sctpdc.Text, "102 4961")
	})
}

func TestSourceSendsNumberedMessages(t *testing.T) {
	visit(t, func(v *visitor) {
		ch := v.open("source", nil)
		for _, size := range []int{4, 1000, 70000, 2, 0} {
			v.send(ch, sctpdc.Text, fmt.Sprintf("3 %d", size))
			for i := range 3 {
				want := make([]byte, max(size, 4))
				binary.BigEndian.PutUint32(want, uint32(i))
				v.want(ch, sctpdc.Binary, string(want[:size]))
			}
		}
	})
}

func TestSourceSaysWhatItWantsWhenItDoesNotUnderstand(t *testing.T) {
	visit(t, func(v *visitor) {
		ch := v.open("source", nil)
		for _, request := range []string{"", "many", "1", "-1 5", "1 99999999", "5000000000 1", "18446744073709551615 18446744073709551615", "4294967295 262144"} {
			v.send(ch, sctpdc.Text, request)
			m, err := ch.Receive(v.ctx)
			if err != nil || m.Kind != sctpdc.Text || !bytes.HasPrefix(m.Data, []byte("want ")) {
				v.Errorf("%q is answered %q, %v", request, m.Data, err)
			}
		}
		v.send(ch, sctpdc.Text, "1 4")
		v.want(ch, sctpdc.Binary, "\x00\x00\x00\x00")
	})
}

func TestCloseMeIsClosedOnItsFirstMessageAndAlone(t *testing.T) {
	visit(t, func(v *visitor) {
		other, doomed := v.open("other", nil), v.open("close-me", nil)
		v.send(doomed, sctpdc.Text, "now")
		v.wantEOF(doomed)
		v.send(other, sctpdc.Text, "still here")
		v.want(other, sctpdc.Text, "still here")
	})
}

func TestChannelsBeyondTheLimitAreClosed(t *testing.T) {
	visit(t, func(v *visitor) {
		// Which one is too many is not said: the order among streams is not kept.
		refused := make(chan error, maxChannels+1)
		for range maxChannels + 1 {
			ch := v.open("chat", nil)
			go func() {
				_, err := ch.Receive(v.ctx)
				refused <- err
			}()
		}
		if err := <-refused; !errors.Is(err, io.EOF) {
			v.Errorf("the first channel to end does so with %v, want io.EOF", err)
		}
		time.Sleep(time.Minute) // of virtual time
		if n := v.served.open.Load(); n != maxChannels || len(refused) != 0 {
			v.Errorf("%d channels are served and %d more refused, want %d and none", n, len(refused), maxChannels)
		}
	})
}
