package sctpdc

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// withTokens returns two Configs after an exchange of tokens through SDP.
func withTokens(t *testing.T, client, server Config) (Config, Config) {
	t.Helper()
	for i, c := range []*Config{&client, &server} {
		d := *c
		d.Role = 1
		token, err := NewToken(&d)
		if err != nil {
			t.Fatal(err)
		}
		c.Token = token
		peer, err := ParseToken(token.Attribute())
		if err != nil || !bytes.Equal(peer, token) {
			t.Fatalf("%v: %v", token.Attribute(), err)
		}
		[]*Config{&server, &client}[i].PeerToken = peer
	}
	return client, server
}

func TestTokensReplaceTheHandshake(t *testing.T) {
	for _, dtls := range []bool{false, true} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("dtls %v plain %v", dtls, plain), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					client, server := withTokens(t, Config{ReceiveBuffer: 2 << 20}, Config{DisableInterleaving: plain, DisableZeroChecksum: !dtls})
					a, b := netsim.Pipe(rtt40)
					x, y := &tap{Conn: a}, &tap{Conn: b}
					conns := []net.Conn{x, y}
					if dtls {
						conns = []net.Conn{dtlsConn{x}, dtlsConn{y}}
					}
					began := time.Now()
					p := &pair{t: t}
					p.client, p.server = p.start(conns[0], 1, client), p.start(conns[1], 2, server)
					c, err := p.client.Open(within(t, time.Minute), "x", nil)
					if err != nil {
						t.Fatal(err)
					}
					p.send(c, "at once")
					d, err := p.server.Accept(within(t, time.Minute))
					if err != nil {
						t.Fatal(err)
					}
					p.want(d, "at once")
					if took := time.Since(began); took != 20*time.Millisecond {
						t.Errorf("the first message took %v, want the 20 ms of the way", took)
					}
					if s := p.client.Stats(); s.RoundTrips != 0 || s.HandshakeTime != 0 || s.Interleaving == plain || s.ZeroChecksumSending != dtls {
						t.Errorf("%+v", s)
					}
					for _, typ := range []chunkType{chunkInit, chunkInitAck, chunkCookieEcho} {
						if len(x.packets(typ))+len(y.packets(typ)) > 0 {
							t.Errorf("chunk %d was sent", typ)
						}
					}
					// Close of a channel, reuse of the id, and the shutdown work as ever.
					_ = c.Close()
					<-c.Done()
					c, d = p.open(p.server, p.client, "y", nil)
					p.send(c, "back")
					p.want(d, "back")
					if err := p.client.Shutdown(within(t, time.Minute)); err != nil {
						t.Error(err)
					}
					_ = p.server.Close()
				})
			})
		}
	}
}

// A side whose peer sent no token shakes hands as always.
func TestOneTokenAloneIsIgnored(t *testing.T) {
	client, server := withTokens(t, Config{}, Config{})
	client.PeerToken, server.Token, server.PeerToken = nil, nil, nil
	inPair(t, rtt40, client, server, func(p *pair) {
		p.open(p.client, p.server, "x", nil)
		if s := p.client.Stats(); s.RoundTrips != 2 {
			t.Errorf("%d round trips", s.RoundTrips)
		}
	})
}

// The first packets may be lost like any others.
func TestTokensNeedNoPacketToArrive(t *testing.T) {
	for lost := range 1 << 4 {
		client, server := withTokens(t, Config{}, Config{})
		link := netsim.Config{Delay: 20 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: n < 2 && lost>>(2*int(d)+n)&1 != 0}
		}}
		inPair(t, link, client, server, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			p.send(c, "hello")
			p.want(d, "hello")
		})
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	client, _ := withTokens(t, Config{}, Config{})
	good := client.Token
	change := func(at int, b ...byte) Token {
		c := append(Token(nil), good...)
		copy(c[at:], b)
		return c
	}
	for name, token := range map[string]Token{
		"empty": {}, "another chunk": change(0, 2), "flags": change(1, 1), "length": change(2, 0xff), "tag 0": change(4, 0, 0, 0, 0),
		"window": change(8, 0, 0, 1, 0), "no outbound streams": change(12, 0, 0), "no inbound streams": change(14, 0, 0),
		"parameter too long": change(22, 0xff), "more behind": append(append(Token(nil), good...), 0, 0, 0, 0),
	} {
		if _, err := ParseToken(token.Attribute()); err == nil {
			t.Errorf("%s: taken", name)
		}
		x, _ := netsim.Pipe(rtt40)
		if _, err := New(x, &Config{Role: 1, Token: good, PeerToken: token}); err == nil {
			t.Errorf("%s: taken by New", name)
		}
	}
	for n := range good {
		if _, err := ParseToken(good[:n].Attribute()); err == nil {
			t.Errorf("the first %d bytes are taken", n)
		}
	}
	if _, err := ParseToken("a=sctp-init:not base64!"); err == nil {
		t.Error("not base64, and taken")
	}
	x, _ := netsim.Pipe(rtt40)
	if _, err := New(x, &Config{Role: 1, Token: good, PeerToken: good, ReceiveBuffer: 2 << 20}); err == nil {
		t.Error("a token of another Config is taken")
	}
	if _, err := NewToken(&Config{}); err == nil {
		t.Error("a token without role")
	}
}

func FuzzParseToken(f *testing.F) {
	token, err := NewToken(&Config{Role: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(token))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseToken(Token(b).Attribute())
		if err != nil {
			return
		}
		if !bytes.Equal(got, b) {
			t.Errorf("%x became %x", b, got)
		}
		if i, err := parseInit(got); err != nil || i.tag == 0 || i.window < 1500 || i.inbound == 0 {
			t.Errorf("%+v, %v", i, err)
		}
	})
}

// SCTP-12: an INIT with another tag disturbs nothing.
func TestRestartOfThePeerIsRefused(t *testing.T) {
	init := append(append([]byte(nil), goodInit...), 0x80, 8, 0, 6, 130, 192, 0, 0)
	inTapped(t, Config{}, Config{}, func(p *pair, x, _ *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		x.inject(0, chunkInit, 0, init)
		p.send(c, "on")
		p.want(d, "on")
		if n := p.server.Stats().Restarts; n != 1 {
			t.Errorf("%d restarts counted", n)
		}
	})
}

func TestRTOMaxBoundsTheTimeBetweenTries(t *testing.T) {
	for _, rtoMax := range []time.Duration{0, time.Second, 10 * time.Second} {
		inTapped(t, Config{RTOMax: rtoMax}, Config{}, func(p *pair, x, _ *tap) {
			c, _ := p.open(p.client, p.server, "x", nil)
			time.Sleep(time.Second)
			x.mu.Lock()
			x.drop = func([]byte) bool { return true }
			x.sent = nil
			x.mu.Unlock()
			p.send(c, "into the dark")
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			want := 120 / max(1, rtoMax.Seconds())
			if rtoMax == 0 {
				want = 120 / 3
			}
			if n := float64(len(x.packets(chunkData))); n < want-1 || n > want+5 {
				t.Errorf("RTOMax %v: %v tries in 2 minutes, want about %v", rtoMax, n, want)
			}
			if s := p.client.Stats(); int(s.Retransmissions) != len(x.packets(chunkData))-1 || s.Unacknowledged != 13 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestStatsTellRoundTripTimeAndWindows(t *testing.T) {
	link := netsim.Config{Seed: 1, Delay: 20 * time.Millisecond, Loss: 0.01}
	inPair(t, link, Config{}, Config{ReceiveBuffer: 2 << 20}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		go func() { _, _ = c.Stream().Write(make([]byte, 1<<20)) }()
		for sum := 0; sum < 1<<20; {
			m, err := d.Receive(within(t, time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			sum += len(m.Data)
		}
		time.Sleep(time.Second)
		s, r := p.client.Stats(), p.server.Stats()
		if s.SRTT < 40*time.Millisecond || s.SRTT > 300*time.Millisecond {
			t.Errorf("SRTT %v", s.SRTT)
		}
		if s.CongestionWindow < 1191 || s.PeerWindow < 1<<20 || s.PeerWindow > 2<<20 || s.Unacknowledged != 0 {
			t.Errorf("%+v", s)
		}
		if s.Retransmissions == 0 || s.PacketsSent < 1<<20/1191 || r.PacketsReceived > s.PacketsSent || r.PacketsReceived < s.PacketsSent*9/10 {
			t.Errorf("sender %+v\nreceiver %+v", s, r)
		}
	})
}

func TestTimesInConfigAreChecked(t *testing.T) {
	x, _ := netsim.Pipe(rtt40)
	for _, c := range []Config{
		{RTOMax: time.Millisecond}, {RTOMax: -1}, {RACK: RACK{ReorderingWindow: -1}}, {RACK: RACK{PeerAckDelay: -1}}, {RACK: RACK{MinRTTWindow: 1}},
	} {
		c.Role = 1
		if _, err := New(x, &c); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
