package sctpdc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// goodInit is an INIT as another association would send it: tag, window, streams, TSN.
var goodInit = []byte{1, 2, 3, 4, 0, 16, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1}

var abortCause = []byte{0, 12, 0, 8, 'e', 'v', 'i', 'l'} // User-Initiated Abort

// SCTP-06
func TestPacketsWithAWrongTagAreDropped(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		tag, own := y.tag(), x.tag() // of the client, of the server
		last := y.packets(chunkData)[0]
		data := append([]byte(nil), last...)
		wrong := []struct {
			tag   uint32
			typ   chunkType
			flags uint8
			value []byte
		}{
			{tag + 1, chunkAbort, 0, abortCause},
			{0, chunkAbort, 0, abortCause},
			{own, chunkAbort, 0, abortCause},
			{tag, chunkAbort, flagTagOfPeer, abortCause},
			{tag + 1, chunkShutdown, 0, make([]byte, 4)},
			{tag + 1, chunkShutdownComplete, 0, nil},
			{tag + 1, chunkSack, 0, make([]byte, 12)},
			{tag, chunkInit, 0, goodInit},
		}
		for _, w := range wrong {
			y.inject(w.tag, w.typ, w.flags, w.value)
		}
		binary.BigEndian.PutUint32(data[4:], tag+1)
		setChecksum(data)
		_, _ = y.Conn.Write(data)
		time.Sleep(time.Second)
		if s := p.client.Stats(); s.BadTag != uint64(len(wrong)+1) || s.BadChecksum != 0 || s.Malformed != 0 {
			t.Errorf("stats %+v, want %d wrong tags", s, len(wrong)+1)
		}
		p.send(c, "alive")
		p.want(d, "alive")
		y.inject(own, chunkAbort, flagTagOfPeer, abortCause) // the one that counts: T and the tag of the server
		wantEnd(t, p.client, ReasonAbort, true)
	})
}

// The fault behind TestPacketsWithAWrongTagAreDropped.
func TestBarePionTakesAnABORTWithAWrongTag(t *testing.T) {
	inBarePair(t, func(a, _ *sctp.Association, _, y *tap) {
		s, err := a.OpenStream(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		y.inject(y.tag()+1, chunkAbort, 0, abortCause)
		time.Sleep(time.Second)
		_ = s.SetReadDeadline(time.Now())
		if _, err := s.Read(nil); err == nil || !strings.Contains(err.Error(), "abort") {
			t.Errorf("pion/sctp does not take it any more (%v): tagFits may go", err)
		}
	})
}

// SCTP-07, SCTP-08, API-01
func TestDamagedPacketsAreDropped(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		tag := y.tag()
		good := onePacket(tag, chunkAbort, 0, abortCause)
		for bit := range len(good) * 8 {
			b := append([]byte(nil), good...)
			b[bit/8] ^= 1 << (bit % 8)
			_, _ = y.Conn.Write(b)
		}
		time.Sleep(time.Second)
		if n := p.client.Stats().BadChecksum; n != uint64(len(good)*8) {
			t.Errorf("%d bad checksums, want %d", n, len(good)*8)
		}
		for _, length := range []uint16{0, 1, 2, 3, 13, 65535} {
			b := append([]byte(nil), good...)
			binary.BigEndian.PutUint16(b[commonHeaderLen+2:], length)
			setChecksum(b)
			_, _ = y.Conn.Write(b)
		}
		_, _ = y.Conn.Write(good[:12])
		_, _ = y.Conn.Write(nil)
		time.Sleep(time.Second)
		if n := p.client.Stats().Malformed; n != 8 {
			t.Errorf("%d malformed, want 8", n)
		}
		p.send(c, "alive")
		p.want(d, "alive")
	})
}

// SCTP-09: by the two highest bits, the rest of the packet counts, and the sender is told.
func TestUnknownChunksAreSkippedOrEndThePacket(t *testing.T) {
	for typ, taken := range map[chunkType]bool{0x3f: false, 0x7f: false, 0xbf: true, 0xff: true, 15: false, chunkHeartbeatAck: true, chunkCWR: true} {
		var log eventLog
		inTapped(t, Config{}, Config{OnEvent: log.add}, func(p *pair, x, y *tap) {
			c, d := p.open(p.client, p.server, "x", nil)
			log.want(t, Event{Kind: EventUp})
			y.inject(y.tag(), typ, 0, []byte("12345"))
			if told := typ == 0x7f || typ == 0xff; told {
				log.want(t, Event{Kind: EventRemoteError, Cause: causeUnrecognizedChunk, Text: "unrecognized chunk type"})
				got := x.packets(chunkError)
				if want := onePacket(x.tag(), chunkError, 0, []byte{0, 6, 0, 13, byte(typ), 0, 0, 9, '1', '2', '3', '4', '5'}); len(got) != 1 || !bytes.Equal(got[0], want) {
					t.Errorf("reported as %x, want %x", got, want)
				}
			} else {
				log.want(t)
			}
			packet := onePacket(y.tag(), typ, 0, []byte("12345"))
			packet = append(packet, onePacket(0, chunkAbort, 0, abortCause)[commonHeaderLen:]...)
			setChecksum(packet)
			_, _ = y.Conn.Write(packet)
			if taken {
				wantEnd(t, p.client, ReasonAbort, true)
				return
			}
			p.send(c, "alive")
			p.want(d, "alive")
		})
	}
}

// The fault behind firstMessage; see TestBurstOfThousandChannelsOpens.
func TestBarePionDropsStreamsBeyondSixteen(t *testing.T) {
	inBarePair(t, func(a, b *sctp.Association, _, _ *tap) {
		for id := range uint16(100) {
			s, err := a.OpenStream(id, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write([]byte("x"))
		}
		time.Sleep(500 * time.Millisecond)
		accepted := make(chan struct{}, 100)
		go func() {
			for {
				if _, err := b.AcceptStream(); err != nil {
					return
				}
				accepted <- struct{}{}
			}
		}()
		synctest.Wait()
		if n := len(accepted); n > 16 {
			t.Errorf("%d streams accepted: firstMessage may go", n)
		}
	})
}

// SCTP-18: our answer to a reset is lost, so the peer repeats it; the id is in use again when the repetition arrives.
func TestRepeatedResetDoesNotCloseTheNextChannel(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		_ = d.Close()
		<-c.Done()
		<-d.Done()
		id := c.ID()
		c, d = p.open(p.client, p.server, "again", &ChannelOptions{ID: &id})
		request := y.packets(chunkReconfig)[0]
		if binary.BigEndian.Uint16(request[16:]) != parameterOutgoingReset {
			t.Fatalf("not a request: %x", request)
		}
		answers := len(x.packets(chunkReconfig))
		_, _ = y.Conn.Write(request)
		time.Sleep(time.Second)
		all := x.packets(chunkReconfig)
		if len(all) != answers+1 {
			t.Fatalf("%d packets in answer, want 1", len(all)-answers)
		}
		if answer := all[answers]; binary.BigEndian.Uint16(answer[16:]) != parameterResetResponse || answer[27] != resultPerformed {
			t.Errorf("answer %x, want the same one: performed", answer)
		}
		p.send(d, "alive")
		p.want(c, "alive")
	})
}

// The fault behind TestRepeatedResetDoesNotCloseTheNextChannel.
func TestBarePionPerformsARepeatedResetAgain(t *testing.T) {
	inBarePair(t, func(a, b *sctp.Association, _, y *tap) {
		s, _ := b.OpenStream(0, 0)
		_, _ = s.Write([]byte("x"))
		time.Sleep(time.Second)
		_ = s.Close()
		time.Sleep(time.Second)
		again, err := a.OpenStream(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = y.Conn.Write(y.packets(chunkReconfig)[0])
		time.Sleep(time.Second)
		_ = again.SetReadDeadline(time.Now())
		time.Sleep(time.Second)
		if _, err := again.Read(nil); err != io.EOF {
			t.Errorf("the next stream got %v: the shield in inboundReconfig may go", err)
		}
	})
}

// SCTP-18: a refusal because of the order is not the end of a reset.
func TestResetRefusedForItsNumberIsSentAgain(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		x.mu.Lock()
		x.drop = func(b []byte) bool { return chunkType(b[12]) == chunkReconfig }
		x.mu.Unlock()
		_ = c.Close()
		time.Sleep(400 * time.Millisecond) // the acknowledgement of DATA_CHANNEL_OPEN may be delayed
		request := x.packets(chunkReconfig)[0]
		number := request[20:24]
		y.inject(y.tag(), chunkReconfig, 0, append([]byte{0, 16, 0, 12, number[0], number[1], number[2], number[3]}, 0, 0, 0, resultBadSequenceNumber))
		time.Sleep(100 * time.Millisecond)
		x.mu.Lock()
		x.drop = nil
		x.mu.Unlock()
		if _, err := d.Receive(within(t, 10*time.Second)); err != io.EOF {
			t.Errorf("got %v, want io.EOF", err)
		}
		<-c.Done()
	})
}

// SCTP-15
func TestTinyFragmentsEndTheAssociationBeforeTheyCostMuch(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		tag := y.tag()
		tsn := binary.BigEndian.Uint32(y.packets(chunkData)[0][16:])
		y.mu.Lock()
		y.drop = func([]byte) bool { return true } // the forger speaks for the server now
		y.mu.Unlock()
		n := 0
		for ; n < 40_000; n++ {
			tsn++
			value := binary.BigEndian.AppendUint32(nil, tsn)
			value = append(value, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 51, 'x') // I-DATA: stream 0, MID 1
			if n > 0 {
				binary.BigEndian.PutUint32(value[12:], uint32(n))
			}
			flags := uint8(0)
			if n == 0 {
				flags = flagBegin
			}
			y.inject(tag, chunkIData, flags, value)
			if n%100 == 0 {
				time.Sleep(50 * time.Millisecond)
				select {
				case <-p.client.Done():
					wantEnd(t, p.client, ReasonAbort, false)
					if n > 4300 {
						t.Errorf("%d fragments were taken", n)
					}
					return
				default:
				}
			}
		}
		t.Errorf("%d fragments were taken", n)
	})
}

// The fault behind TestTinyFragmentsEndTheAssociationBeforeTheyCostMuch: the window counts their bytes only, and what
// each of them costs besides is nobody's concern.
func TestBarePionKeepsEveryTinyFragment(t *testing.T) {
	const n = 5000
	inBarePair(t, func(a, b *sctp.Association, _, y *tap) {
		rudeStream(t, b, 0, ppidBinary, []byte("x"))
		time.Sleep(time.Second)
		tag, tsn := y.tag(), binary.BigEndian.Uint32(y.packets(chunkData)[0][16:])
		y.mu.Lock()
		y.drop = func([]byte) bool { return true } // the forger speaks for b now
		y.mu.Unlock()
		heap := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := heap()
		for i := range n {
			value := binary.BigEndian.AppendUint32(nil, tsn+1+uint32(i))
			value = append(value, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 51, 'x') // I-DATA: stream 0, MID 1
			flags := uint8(0)
			if i == 0 {
				flags = flagBegin // and no end
			} else {
				binary.BigEndian.PutUint32(value[12:], uint32(i))
			}
			y.inject(tag, chunkIData, flags, value)
			if i%100 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		if grown := heap() - before; grown < 100*n {
			t.Errorf("%d bytes for %d fragments of one byte: chargeFragment may go", grown, n)
		}
		runtime.KeepAlive(a)
	})
}

// Honest fragments never run into debt, whatever the size of the message.
func TestChargeOfHonestFragments(t *testing.T) {
	g := newGate(nil, nil, 1<<20)
	for size := 1; size < 5000; size++ {
		for sent := 0; sent < size; sent += 1172 {
			n := min(1172, size-sent)
			d := dataChunk{begin: sent == 0, end: sent+n == size, user: make([]byte, n)}
			if d.begin && d.end {
				continue // not a fragment
			}
			if err := g.chargeFragment(d); err != nil {
				t.Fatalf("messages of %d bytes: %v", size, err)
			}
		}
	}
	if g.debt > 1000 {
		t.Errorf("debt %d", g.debt)
	}
}

// DC-06, DC-07
func TestUnorderedMessagesAreOrderedUntilThePeerAnswers(t *testing.T) {
	for _, plain := range []bool{false, true} {
		inTapped(t, Config{DisableInterleaving: plain}, Config{}, func(p *pair, x, _ *tap) {
			if err := p.client.Handshake(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
			zero := uint16(0)
			c, err := p.client.Open(context.Background(), "x", &ChannelOptions{Unordered: true, MaxRetransmits: &zero})
			if err != nil {
				t.Fatal(err)
			}
			p.send(c, "early")
			time.Sleep(time.Second)
			p.send(c, "late")
			time.Sleep(time.Second)
			var got []string
			for _, packet := range x.packets() {
				for rest := packet[commonHeaderLen:]; len(rest) > 0; {
					k, r, _ := nextChunk(rest)
					rest = r
					if k.typ == chunkData || k.typ == chunkIData {
						d, _ := parseData(k)
						got = append(got, fmt.Sprint(d.unordered, " ", string(d.user[max(0, len(d.user)-5):])))
					}
				}
			}
			if want := "[false \x00\x01\x00\x00x false early true late]"; fmt.Sprint(got) != want {
				t.Errorf("sent %q, want %q", fmt.Sprint(got), want)
			}
		})
	}
}

// SCTP-03, SCTP-05
func TestWhatGoesOverTheWire(t *testing.T) {
	for _, mtu := range []int{0, 600} {
		inTapped(t, Config{MTU: mtu, PeerMaxMessageSize: 262144}, Config{}, func(p *pair, x, _ *tap) {
			c, d := p.open(p.client, p.server, "x", nil)
			if err := c.SendBinary(within(t, time.Minute), make([]byte, 262144)); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
			limit, largest := mtu, 0
			if limit == 0 {
				limit = 1280 - 40 - 8 - 24 - 13 - 4
			}
			for _, packet := range x.packets() {
				largest = max(largest, len(packet))
				if k, _, _ := nextChunk(packet[commonHeaderLen:]); k.typ == chunkInit || k.typ == chunkInitAck {
					if binary.BigEndian.Uint16(k.value[8:]) != 65535 || binary.BigEndian.Uint16(k.value[10:]) != 65535 {
						t.Errorf("streams %x, want 65535 both ways", k.value[8:12])
					}
					for rest := k.value[16:]; len(rest) > 0; {
						typ, _, r, ok := nextParameter(rest)
						if rest = r; !ok || typ == 5 || typ == 6 || typ == 11 || typ == 12 {
							t.Errorf("parameter %d in an INIT; addresses are forbidden", typ)
						}
					}
				}
			}
			if largest > limit || largest < limit-7 {
				t.Errorf("largest packet %d bytes, limit %d", largest, limit)
			}
		})
	}
}

func TestRealINITsAreAnswered(t *testing.T) {
	for name, b := range fixturePackets(t) {
		if !strings.HasSuffix(name, " INIT") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, d := netsim.Pipe(rtt40)
				x := &tap{Conn: c}
				p := &pair{t: t}
				a := p.start(x, 2, Config{})
				defer a.Close()
				_, _ = d.Write(b)
				time.Sleep(100 * time.Millisecond)
				answers := x.packets(chunkInitAck)
				if len(answers) != 1 || binary.BigEndian.Uint32(answers[0][4:]) != binary.BigEndian.Uint32(b[16:]) {
					t.Fatalf("answers %x", answers)
				}
			})
		})
	}
}

// libdatachannel takes 1024 streams; ids go round within them.
func TestOnlyStreamsThatThePeerTakesAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := netsim.Pipe(rtt40)
		p := &pair{t: t}
		p.client, p.server = p.start(c, 1, Config{}), p.start(&fewStreams{d, 8}, 2, Config{})
		defer p.server.Close()
		defer p.client.Close()
		if err := p.client.Handshake(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			x, y := p.open(p.client, p.server, "x", nil)
			if want := uint16(i % 4 * 2); x.ID() != want {
				t.Errorf("channel %d has id %d, want %d", i, x.ID(), want)
			}
			_ = y.Close()
			<-x.Done()
		}
		id := uint16(8)
		if _, err := p.client.Open(within(t, time.Minute), "x", &ChannelOptions{Negotiated: true, ID: &id}); !errors.Is(err, ErrTooManyChannels) {
			t.Errorf("id 8: %v", err)
		}
	})
}

// fewStreams makes INIT and INIT ACK say that n streams are taken.
type fewStreams struct {
	net.Conn
	n byte
}

func (c *fewStreams) Write(p []byte) (int, error) {
	if typ := chunkType(p[12]); typ == chunkInit || typ == chunkInitAck {
		p = append([]byte(nil), p...)
		p[26], p[27] = 0, c.n
		setChecksum(p)
	}
	return c.Conn.Write(p)
}

// The fault behind ChannelOptions.reliability: the message is sent again after 5 s of darkness, though its life is 0.1 s.
func TestBarePionNeverGivesUpByLifetime(t *testing.T) {
	inBarePair(t, func(a, b *sctp.Association, x, _ *tap) {
		s, err := a.OpenStream(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.SetReliabilityParams(true, sctp.ReliabilityTypeTimed, 100)
		x.mu.Lock()
		x.drop = func([]byte) bool { return true }
		x.mu.Unlock()
		_, _ = s.Write([]byte("old"))
		time.Sleep(5 * time.Second)
		x.mu.Lock()
		x.drop = nil
		x.mu.Unlock()
		time.Sleep(10 * time.Second)
		accepted := make(chan *sctp.Stream, 1)
		go func() {
			if s, err := b.AcceptStream(); err == nil {
				accepted <- s
			}
		}()
		synctest.Wait()
		if len(accepted) == 0 {
			t.Error("it was given up: the lifetime can be handed to pion/sctp")
		}
	})
}

// Without the linger, pion/sctp would repeat its SHUTDOWN ACK for ever.
func TestLostSHUTDOWNCOMPLETEDoesNotKeepTheAssociation(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, _ *tap) {
		p.open(p.client, p.server, "x", nil)
		x.mu.Lock()
		x.drop = func(b []byte) bool { return chunkType(b[12]) == chunkShutdownComplete }
		x.mu.Unlock()
		began := time.Now()
		if err := p.client.Shutdown(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		<-p.server.Done()
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("took %v", took)
		}
		wantEnd(t, p.server, ReasonShutdown, true)
	})
}

func TestALastPacketThatIsLostOnceEndsThePeer(t *testing.T) {
	for last, end := range map[chunkType]func(*testing.T, *Association) error{
		chunkShutdownComplete: func(t *testing.T, a *Association) error { return a.Shutdown(within(t, time.Minute)) },
		chunkAbort:            func(_ *testing.T, a *Association) error { return a.Close() },
	} {
		inTapped(t, Config{}, Config{}, func(p *pair, x, _ *tap) {
			p.open(p.client, p.server, "x", nil)
			lost := 0
			x.mu.Lock()
			x.drop = func(b []byte) bool {
				if chunkType(b[commonHeaderLen]) != last {
					return false
				}
				lost++
				return lost == 1
			}
			x.mu.Unlock()
			began := time.Now()
			if err := end(t, p.client); err != nil {
				t.Fatal(err)
			}
			<-p.server.Done()
			if took := time.Since(began); took > time.Second || lost != 2 {
				t.Errorf("chunk %v: took %v, sent %d times", last, took, lost)
			}
		})
	}
}

// A reset request waits until the peer has all data before it, also that of other streams. Without that, usrsctp would
// answer "in progress" for ever.
func TestResetWaitsUntilTheDataBeforeItIsAcknowledged(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "closes", nil)
		other, _ := p.open(p.client, p.server, "other", nil)
		time.Sleep(time.Second)
		x.mu.Lock()
		x.drop = func(q []byte) bool { return chunkType(q[commonHeaderLen]) == chunkIData }
		x.mu.Unlock()
		p.send(other, "lost at first")
		p.send(c, "last words")
		_ = c.Close()
		time.Sleep(30 * time.Millisecond)
		if n := len(x.packets(chunkReconfig)); n != 0 {
			t.Errorf("%d reset requests before the data is acknowledged", n)
		}
		x.mu.Lock()
		x.drop = nil
		x.mu.Unlock()
		p.want(d, "last words")
		if _, err := d.Receive(within(t, time.Minute)); err != io.EOF {
			t.Errorf("Receive: %v, want io.EOF", err)
		}
		<-c.Done()
		for _, q := range y.packets(chunkReconfig) {
			if chunk, _, _ := nextChunk(q[commonHeaderLen:]); chunk.value[len(chunk.value)-1] == resultInProgress {
				t.Error("the peer answered that it is in progress")
			}
		}
	})
}
