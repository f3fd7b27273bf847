package sctpdc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

var rtt40 = netsim.Config{Delay: 20 * time.Millisecond}

// DC-02
func TestClientOpensEvenAndServerOddStreams(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		for i := range uint16(10) {
			c, _ := p.open(p.client, p.server, "c", nil)
			s, _ := p.open(p.server, p.client, "s", nil)
			if c.ID() != 2*i || s.ID() != 2*i+1 {
				t.Errorf("ids %d and %d, want %d and %d", c.ID(), s.ID(), 2*i, 2*i+1)
			}
		}
	})
}

// SCTP-31: both sides send INIT; whatever is lost of the first datagrams, one association comes of it.
func TestSimultaneousInitGivesOneAssociationWhateverIsLost(t *testing.T) {
	for lost := range 1 << 8 {
		link := netsim.Config{Delay: 20 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: n < 4 && lost>>(4*int(d)+n)&1 != 0}
		}}
		inPair(t, link, Config{}, Config{}, func(p *pair) {
			for _, a := range []*Association{p.client, p.server} {
				if err := a.Handshake(within(t, 25*time.Second)); err != nil {
					t.Fatalf("lost %08b: %v", lost, err)
				}
			}
			c, d := p.open(p.client, p.server, "x", nil)
			p.send(c, "hello")
			p.want(d, "hello")
		})
	}
}

func TestOneSideMayStartLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := netsim.Pipe(rtt40)
		p := &pair{t: t}
		p.client = p.start(x, 1, Config{})
		time.Sleep(700 * time.Millisecond)
		p.server = p.start(y, 2, Config{})
		p.open(p.client, p.server, "x", nil)
		_ = p.client.Close()
		_ = p.server.Close()
	})
}

func TestEstablishingTakesTwoRoundTrips(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		if err := p.client.Handshake(within(t, time.Second)); err != nil {
			t.Fatal(err)
		}
		s := p.client.Stats()
		if s.RoundTrips != 2 || s.HandshakeTime != 60*time.Millisecond {
			t.Errorf("%d round trips in %v; want 2, the second cut short by the peer's COOKIE ECHO after 60 ms", s.RoundTrips, s.HandshakeTime)
		}
	})
}

// DC-09, DC-11, SCTP-27, SCTP-33
func TestMessagesKeepTheirBoundariesAndKinds(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, link := range []netsim.Config{rtt40, {Seed: 1, Delay: 20 * time.Millisecond, Loss: 0.05, Reorder: 0.1, Duplicate: 0.05}} {
			for _, o := range []*ChannelOptions{nil, {Unordered: true}} {
				t.Run(fmt.Sprintf("interleaving %v loss %v options %v", !plain, link.Loss, o), func(t *testing.T) {
					inPair(t, link, Config{PeerMaxMessageSize: 262144, DisableInterleaving: plain}, Config{}, func(p *pair) {
						c, d := p.open(p.client, p.server, "x", o)
						ctx := within(t, 5*time.Minute)
						for _, size := range []int{0, 1, 1172, 1173, 1199, 16384, 65535, 65536, 262144} {
							for _, kind := range []Kind{Text, Binary} {
								want := Message{Kind: kind, Data: bytes.Repeat([]byte{'x'}, size)}
								if err := c.Send(ctx, want); err != nil {
									t.Fatalf("%d bytes: %v", size, err)
								}
								got, err := d.Receive(ctx)
								if err != nil || got.Kind != kind || !bytes.Equal(got.Data, want.Data) {
									t.Fatalf("%d bytes: got %v of %d bytes, %v", size, got.Kind, len(got.Data), err)
								}
							}
						}
						if got := p.client.Stats().Interleaving; got == plain {
							t.Errorf("interleaving %v", got)
						}
						var e *MessageSizeError
						if err := c.SendBinary(ctx, make([]byte, 262145)); !errors.As(err, &e) || e.Size != 262145 || e.Limit != 262144 || e.Peer {
							t.Errorf("one byte too many: %v", err)
						}
						p.send(c, "still usable")
						p.want(d, "still usable")
					})
				})
			}
		}
	}
}

// SCTP-33: "default 64K" when the peer announced nothing, no limit when it announced 0. RFC 8841, Section 6.1.
func TestPeerMaxMessageSizeIsHonoured(t *testing.T) {
	for _, test := range []struct{ announced, size, limit int }{
		{0, 65536, 0}, {0, 65537, 65536}, {-1, 1 << 20, 0}, {1000, 1001, 1000}, {1000, 1000, 0},
	} {
		inPair(t, rtt40, Config{PeerMaxMessageSize: test.announced}, Config{MaxMessageSize: 1 << 21}, func(p *pair) {
			c, _ := p.open(p.client, p.server, "x", nil)
			before := p.client.Stats().BytesSent
			err := c.SendBinary(within(t, time.Minute), make([]byte, test.size))
			var e *MessageSizeError
			if errors.As(err, &e) != (test.limit > 0) || e != nil && e.Limit != test.limit {
				t.Errorf("announced %d, %d bytes: %v", test.announced, test.size, err)
			}
			time.Sleep(10 * time.Millisecond)
			if sent := p.client.Stats().BytesSent - before; test.limit > 0 && sent > 200 {
				t.Errorf("announced %d, %d bytes: %d bytes went out", test.announced, test.size, sent)
			}
		})
	}
}

// SCTP-27
func TestMessageAboveOurLimitClosesTheChannel(t *testing.T) {
	inPair(t, rtt40, Config{PeerMaxMessageSize: -1}, Config{MaxMessageSize: 1000}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		other, other2 := p.open(p.client, p.server, "y", nil)
		if err := c.SendBinary(within(t, time.Minute), make([]byte, 1001)); err != nil {
			t.Fatal(err)
		}
		_, err := d.Receive(within(t, time.Minute))
		var e *MessageSizeError
		if !errors.As(err, &e) || !e.Peer || e.Size != 1001 {
			t.Errorf("Receive: %v", err)
		}
		if _, err := c.Receive(within(t, time.Minute)); err != io.EOF {
			t.Errorf("Receive at the sender: %v, want io.EOF", err)
		}
		p.send(other, "fine")
		p.want(other2, "fine")
	})
}

// SCTP-27
func TestEndlessMessageEndsTheAssociation(t *testing.T) {
	inPair(t, rtt40, Config{PeerMaxMessageSize: -1}, Config{MaxMessageSize: 1000}, func(p *pair) {
		c, _ := p.open(p.client, p.server, "x", nil)
		if err := c.SendBinary(within(t, time.Minute), make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		<-p.server.Done()
		var e *AssociationError
		if err := p.server.Err(); !errors.As(err, &e) || e.Reason != ReasonAbort || e.Peer || !errors.Is(err, ErrProtocol) {
			t.Errorf("server: %v", err)
		}
		<-p.client.Done()
		if err := p.client.Err(); !errors.As(err, &e) || e.Reason != ReasonAbort || !e.Peer || !strings.Contains(e.Text, "message of more than") {
			t.Errorf("client: %v", err)
		}
	})
}

// DC-14
func TestTextThatIsNotUTF8IsRefusedBySend(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		if err := c.SendText(context.Background(), "\xff"); err != ErrInvalidUTF8 {
			t.Errorf("got %v", err)
		}
		if err := c.SendBinary(context.Background(), []byte("\xff")); err != nil {
			t.Error(err)
		}
		if m, err := d.Receive(within(t, time.Second)); err != nil || string(m.Data) != "\xff" {
			t.Errorf("got %q, %v", m.Data, err)
		}
	})
}

// RFC 8832: "usable" does not need the DATA_CHANNEL_ACK.
func TestChannelIsUsableBeforeThePeerAnswers(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		if err := p.client.Handshake(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c, err := p.client.Open(context.Background(), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		p.send(c, "early")
		d, err := p.server.Accept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p.want(d, "early")
		if took := time.Since(began); took != 20*time.Millisecond {
			t.Errorf("took %v, want one way, 20 ms", took)
		}
	})
}

// DC-17
func TestAcceptedChannelHasTheOptionsOfTheOpener(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		_, d := p.open(p.client, p.server, "x", &ChannelOptions{Protocol: "proto", Unordered: true, MaxRetransmits: &three, Priority: 512})
		o := d.Options()
		if d.Protocol() != "proto" || !o.Unordered || *o.MaxRetransmits != 3 || o.MaxLifetime != nil || o.Priority != 512 || *o.ID != 0 {
			t.Errorf("got %+v", o)
		}
	})
}

// DC-13
func TestNegotiatedChannelsMeetByID(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		id, odd, much := uint16(100), uint16(101), uint16(65535)
		o := &ChannelOptions{Negotiated: true, ID: &id}
		c, err := p.client.Open(within(t, time.Minute), "", o)
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.server.Open(within(t, time.Minute), "", o)
		if err != nil {
			t.Fatal(err)
		}
		p.send(c, "a")
		p.want(d, "a")
		p.send(d, "b")
		p.want(c, "b")
		for _, test := range []struct {
			o    ChannelOptions
			want error
		}{
			{*o, ErrIDInUse}, {ChannelOptions{ID: &id}, ErrIDInUse}, {ChannelOptions{ID: &odd}, ErrInvalidOptions},
			{ChannelOptions{Negotiated: true}, ErrInvalidOptions}, {ChannelOptions{Negotiated: true, ID: &much}, ErrInvalidOptions},
			{ChannelOptions{MaxRetransmits: &three, MaxLifetime: &twoSecond}, ErrInvalidOptions},
		} {
			if _, err := p.client.Open(within(t, time.Minute), "", &test.o); !errors.Is(err, test.want) {
				t.Errorf("%+v: %v, want %v", test.o, err, test.want)
			}
		}
	})
}

// DC-12, SCTP-19
func TestClosedChannelDeliversItsDataThenEOF(t *testing.T) {
	for seed := range uint64(10) {
		link := netsim.Config{Seed: seed, Delay: 20 * time.Millisecond, Loss: 0.1, Reorder: 0.1}
		inPair(t, link, Config{}, Config{}, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", &ChannelOptions{Unordered: seed%2 == 1})
			for i := range 100 {
				p.send(c, fmt.Sprint(i))
			}
			_ = c.Close()
			if err := c.SendText(context.Background(), "x"); err != ErrChannelClosed || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Send after Close: %v", err)
			}
			if _, err := c.Receive(context.Background()); err != ErrChannelClosed {
				t.Errorf("Receive after Close: %v", err)
			}
			n := 0
			for ; ; n++ {
				if _, err := d.Receive(within(t, time.Minute)); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if n != 100 {
				t.Errorf("seed %d: %d messages before EOF, want 100", seed, n)
			}
			if err := d.SendText(context.Background(), "x"); err != ErrChannelClosed {
				t.Errorf("Send after EOF: %v", err)
			}
			<-c.Done()
			<-d.Done()
		})
	}
}

// DC-12
func TestStreamIDIsUsedAgainAThousandTimes(t *testing.T) {
	for _, test := range []struct {
		loss  float64
		times int
	}{{0, 1000}, {0.1, 100}, {0.25, 30}} {
		t.Run(fmt.Sprint("loss ", test.loss), func(t *testing.T) {
			inPair(t, netsim.Config{Seed: 3, Delay: 5 * time.Millisecond, Loss: test.loss, Reorder: test.loss}, Config{}, Config{}, func(p *pair) {
				id := uint16(42)
				for i := range test.times {
					c, d := p.open(p.client, p.server, fmt.Sprint(i), &ChannelOptions{ID: &id})
					p.send(c, "ping")
					p.want(d, "ping")
					p.send(d, "pong")
					p.want(c, "pong")
					closer, other := c, d
					if i%3 == 1 {
						closer, other = d, c
					}
					_ = closer.Close()
					if i%3 == 2 {
						_ = other.Close() // both at once
					} else if _, err := other.Receive(within(t, 5*time.Minute)); err != io.EOF {
						t.Fatalf("round %d: %v, want io.EOF", i, err)
					}
					if _, err := p.client.Open(context.Background(), "", &ChannelOptions{ID: &id}); !errors.Is(err, ErrIDInUse) {
						t.Fatalf("round %d: id free before both resets: %v", i, err)
					}
					<-c.Done()
				}
				if n := p.client.Stats().Channels; n != 0 {
					t.Errorf("%d channels left", n)
				}
			})
		})
	}
}

// SCTP-21
func TestBurstOfThousandChannelsOpens(t *testing.T) {
	const n = 1000
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		if err := p.client.Handshake(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for i := range n {
			c, err := p.client.Open(context.Background(), fmt.Sprint(i), nil)
			if err != nil {
				t.Fatal(err)
			}
			p.send(c, fmt.Sprint(i))
		}
		for range n {
			d, err := p.server.Accept(within(t, time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			p.want(d, d.Label())
		}
		// No timeout was needed: 2,000 messages in slow start take a few round trips of 40 ms.
		if took := time.Since(began); took > 900*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// DC-16
func TestChannelsBeyondTheLimitsAreClosed(t *testing.T) {
	for name, server := range map[string]Config{"unaccepted": {MaxUnaccepted: 5}, "open": {MaxChannels: 5}} {
		t.Run(name, func(t *testing.T) {
			inPair(t, rtt40, Config{}, server, func(p *pair) {
				var all []*Channel
				for range 50 {
					c, err := p.client.Open(within(t, time.Minute), "", nil)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, c)
				}
				time.Sleep(5 * time.Second)
				open := 0
				for _, c := range all {
					select {
					case <-c.Done():
						if _, err := c.Receive(context.Background()); err != io.EOF {
							t.Errorf("closed with %v", err)
						}
					default:
						open++
					}
				}
				if open != 5 || p.server.Stats().Channels != 5 {
					t.Errorf("%d channels open, %d at the server; want 5", open, p.server.Stats().Channels)
				}
				all[0].Close()
			})
		})
	}
	inPair(t, rtt40, Config{MaxChannels: 1}, Config{}, func(p *pair) {
		p.open(p.client, p.server, "", nil)
		if _, err := p.client.Open(context.Background(), "", nil); err != ErrTooManyChannels {
			t.Errorf("Open beyond our own limit: %v", err)
		}
	})
}

func TestCallsEndWithTheirContext(t *testing.T) {
	inPair(t, rtt40, Config{SendBuffer: 1000}, Config{}, func(p *pair) {
		c, _ := p.open(p.client, p.server, "x", nil)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := p.server.Accept(ended); err != context.Canceled {
			t.Errorf("Accept: %v", err)
		}
		if _, err := c.Receive(ended); err != context.Canceled {
			t.Errorf("Receive: %v", err)
		}
		if err := c.SendText(ended, "x"); err != context.Canceled {
			t.Errorf("Send: %v", err)
		}
		p.send(c, strings.Repeat("x", 2000))
		if err := c.SendText(within(t, 10*time.Millisecond), "x"); err != context.DeadlineExceeded {
			t.Errorf("Send with a full buffer: %v", err)
		}
		p.send(c, "later") // waits for the acknowledgement
	})
}

func TestSendBufferIsBounded(t *testing.T) {
	inPair(t, rtt40, Config{SendBuffer: 50_000}, Config{}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		go func() {
			for range 1000 {
				_, _ = d.Receive(context.Background())
			}
		}()
		for range 300 {
			if err := c.SendBinary(within(t, time.Minute), make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
			if n := c.Queued(); n > 60_000 {
				t.Fatalf("%d bytes buffered", n)
			}
		}
		_ = p.client.Close()
		_ = p.server.Close()
	})
}

// DC-15: with interleaving, or without if the messages are not larger than 16 KiB.
func TestLargeMessagesDoNotHoldUpSmallOnes(t *testing.T) {
	for _, plain := range []bool{false, true} {
		inPair(t, rtt40, Config{PeerMaxMessageSize: -1, SendBuffer: 256 << 10, DisableInterleaving: plain}, Config{MaxMessageSize: 16 << 20}, func(p *pair) {
			large, large2 := p.open(p.client, p.server, "large", nil)
			small, small2 := p.open(p.client, p.server, "small", nil)
			go func() {
				for {
					if _, err := large2.Receive(context.Background()); err != nil {
						return
					}
				}
			}()
			size := 8 << 20
			if plain {
				size = 16 << 10
			}
			for sent := 0; sent < 8<<20; sent += size {
				if err := large.SendBinary(within(t, time.Minute), make([]byte, size)); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			p.send(small, "urgent")
			p.want(small2, "urgent")
			t.Logf("interleaving %v: the small message took %v, %d bytes of the large channel unacknowledged", !plain, time.Since(began), large.Queued())
			if took := time.Since(began); took > 500*time.Millisecond {
				t.Errorf("interleaving %v: took %v", !plain, took)
			}
		})
	}
}

// SCTP-25
func TestUnreliableChannelsGiveUpAndGoOn(t *testing.T) {
	zero, none, half := uint16(0), time.Duration(0), 500*time.Millisecond
	for name, o := range map[string]ChannelOptions{
		"no retransmission":           {MaxRetransmits: &zero},
		"no retransmission unordered": {MaxRetransmits: &zero, Unordered: true},
		"no lifetime":                 {MaxLifetime: &none},
		"half a second":               {MaxLifetime: &half, Unordered: true},
	} {
		for _, plain := range []bool{false, true} {
			for _, reverse := range []bool{false, true} { // DC-17: both directions
				t.Run(fmt.Sprint(name, plain, reverse), func(t *testing.T) {
					const n = 300
					var dark atomic.Bool // everything of the sender is lost meanwhile
					sending := netsim.AtoB
					if reverse {
						sending = netsim.BtoA
					}
					link := netsim.Config{Delay: 20 * time.Millisecond, Decide: func(d netsim.Direction, i int) netsim.Fate {
						return netsim.Fate{Drop: dark.Load() && d == sending}
					}}
					inPair(t, link, Config{DisableInterleaving: plain}, Config{}, func(p *pair) {
						c, d := p.open(p.client, p.server, "x", &o)
						if reverse {
							p.send(c, "hello")
							p.want(d, "hello")
							c, d = d, c
						}
						time.Sleep(time.Second)
						got := map[string]bool{}
						go func() {
							for {
								m, err := d.Receive(context.Background())
								if err != nil {
									return
								}
								got[string(m.Data)] = true
							}
						}()
						for i := range n {
							dark.Store(i >= 100 && i < 200)
							p.send(c, fmt.Sprint(i))
							time.Sleep(20 * time.Millisecond)
						}
						time.Sleep(10 * time.Second)
						synctest.Wait()
						lost := 0
						for i := range n {
							if !got[fmt.Sprint(i)] {
								lost++
								if i < 100 || i > 200 {
									t.Errorf("message %d is missing", i)
								}
							}
						}
						if lost < 50 {
							t.Errorf("%d messages were given up, want most of those sent in 2 s of darkness", lost)
						}
					})
				})
			}
		}
	}
}

func TestReliableChannelsLoseNothing(t *testing.T) {
	const n = 400
	for _, plain := range []bool{false, true} {
		for _, unordered := range []bool{false, true} {
			for seed := range uint64(3) {
				link := netsim.Config{Seed: seed, Delay: 10 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.03, Duplicate: 0.02, Reorder: 0.05, Corrupt: 0.01}
				inPair(t, link, Config{DisableInterleaving: plain, PeerMaxMessageSize: -1}, Config{}, func(p *pair) {
					c, d := p.open(p.client, p.server, "x", &ChannelOptions{Unordered: unordered})
					r := rand.New(rand.NewPCG(seed, 0))
					sizes := make([]int, n)
					for i := range sizes {
						sizes[i] = 4 + r.IntN(3000)
					}
					go func() {
						for i, size := range sizes {
							b := make([]byte, size)
							copy(b, fmt.Sprintf("%04d", i))
							if err := c.SendBinary(context.Background(), b); err != nil {
								return
							}
						}
					}()
					seen := map[int]bool{}
					for i := range n {
						m, err := d.Receive(within(t, 10*time.Minute))
						if err != nil {
							t.Fatalf("interleaving %v unordered %v seed %d: message %d: %v", !plain, unordered, seed, i, err)
						}
						var k int
						fmt.Sscanf(string(m.Data[:4]), "%d", &k)
						if seen[k] || len(m.Data) != sizes[k] || !unordered && k != i {
							t.Fatalf("interleaving %v unordered %v seed %d: message %d is %d, %d bytes", !plain, unordered, seed, i, k, len(m.Data))
						}
						seen[k] = true
					}
				})
			}
		}
	}
}

func TestOpenedTellsThatThePeerHasTheChannel(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{}, func(p *pair) {
		if err := p.client.Handshake(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c, err := p.client.Open(within(t, time.Minute), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		<-c.Opened()
		if took := time.Since(began); took < 40*time.Millisecond || took > 100*time.Millisecond {
			t.Errorf("after %v, want a round trip", took)
		}
		d, err := p.server.Accept(within(t, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		<-d.Opened()
		id := uint16(100)
		n, err := p.client.Open(within(t, time.Minute), "n", &ChannelOptions{Negotiated: true, ID: &id})
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.server.Open(within(t, time.Minute), "n", &ChannelOptions{Negotiated: true, ID: &id})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if isClosed(n.Opened()) {
			t.Error("opened, and nothing has come of the peer")
		}
		p.send(m, "here")
		p.want(n, "here")
		<-n.Opened()
	})
}
