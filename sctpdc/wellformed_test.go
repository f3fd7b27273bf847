package sctpdc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// badINITs are goodInit with one value that is forbidden.
var badINITs = map[string][]byte{
	"tag 0":               append([]byte{0, 0, 0, 0}, goodInit[4:]...),
	"window of 1499":      append([]byte{1, 2, 3, 4, 0, 0, 0x05, 0xdb}, goodInit[8:]...),
	"no outbound streams": append([]byte{1, 2, 3, 4, 0, 16, 0, 0, 0, 0}, goodInit[10:]...),
	"no inbound streams":  append([]byte{1, 2, 3, 4, 0, 16, 0, 0, 0xff, 0xff, 0, 0}, goodInit[12:]...),
	"too short":           goodInit[:15],
}

// SCTP-10: before there is an association, and while there is one.
func TestForbiddenINITsAreDiscarded(t *testing.T) {
	for name, init := range badINITs {
		for _, typ := range []chunkType{chunkInit, chunkInitAck} {
			t.Run(fmt.Sprint(name, " type ", typ), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := netsim.Pipe(rtt40)
					x, y := &tap{Conn: a}, &tap{Conn: b}
					p := &pair{t: t}
					p.client = p.start(x, 1, Config{})
					defer p.client.Close()
					time.Sleep(100 * time.Millisecond)
					inject := func() {
						tag := uint32(0)
						if typ == chunkInitAck {
							tag = binary.BigEndian.Uint32(x.packets(chunkInit)[0][16:])
						}
						y.inject(tag, typ, 0, init)
						time.Sleep(100 * time.Millisecond)
					}
					inject()
					if n := len(x.packets()) - len(x.packets(chunkInit)); n != 0 {
						t.Errorf("%d answers", n)
					}
					p.server = p.start(y, 2, Config{})
					defer p.server.Close()
					c, d := p.open(p.client, p.server, "x", nil)
					inject()
					p.send(c, "alive")
					p.want(d, "alive")
					if s := p.client.Stats(); s.Malformed != 2 || s.Restarts != 0 {
						t.Errorf("%d malformed and %d restarts, want 2 and 0", s.Malformed, s.Restarts)
					}
				})
			})
		}
	}
}

// SCTP-13
func TestMalformedABORTsAreDiscardedAndNoneIsAnswered(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		for _, causes := range [][]byte{{0}, {0, 12, 0}, {0, 12, 0, 3}, {0, 12, 0, 9, 'e', 'v', 'i', 'l'}, append(append([]byte(nil), abortCause...), 0, 12)} {
			y.inject(y.tag(), chunkAbort, 0, causes)
		}
		time.Sleep(time.Second)
		if n := p.client.Stats().Malformed; n != 5 {
			t.Errorf("%d malformed, want 5", n)
		}
		p.send(c, "alive")
		p.want(d, "alive")
		y.inject(y.tag(), chunkAbort, 0, nil) // one without causes is well-formed
		wantEnd(t, p.client, ReasonAbort, true)
		if n := len(x.packets(chunkAbort)); n != 0 {
			t.Errorf("%d ABORTs in answer to an ABORT", n)
		}
	})
}

// paddedCauses are two causes, the first with padding behind it.
var paddedCauses = []byte{0, 12, 0, 7, 'e', 'n', 'd', 0, 0, 13, 0, 8, 'o', 'o', 'p', 's'}

func TestABORTAndERRORMayHaveSeveralCauses(t *testing.T) {
	var log eventLog
	inTapped(t, Config{OnEvent: log.add}, Config{}, func(p *pair, _, y *tap) {
		_, d := p.open(p.client, p.server, "x", nil)
		log.want(t, Event{Kind: EventUp})
		y.inject(y.tag(), chunkError, 0, paddedCauses)
		log.want(t, Event{Kind: EventRemoteError, Cause: 12, Text: "end"})
		y.mu.Lock()
		y.drop = func(q []byte) bool { // what is sent next gets an ERROR in front of it
			r := append(append([]byte(nil), q[:commonHeaderLen]...), onePacket(0, chunkError, 0, paddedCauses)[commonHeaderLen:]...)
			r = append(r, q[commonHeaderLen:]...)
			setChecksum(r)
			_, _ = y.Conn.Write(r)
			return true
		}
		y.mu.Unlock()
		p.send(d, "behind an ERROR")
		log.want(t, Event{Kind: EventRemoteError, Cause: 12, Text: "end"})
		y.mu.Lock()
		y.drop = nil
		y.mu.Unlock()
		y.inject(y.tag(), chunkAbort, 0, paddedCauses)
		wantEnd(t, p.client, ReasonAbort, true)
		if got, want := p.client.Err().Error(), "sctpdc: association aborted by the peer: end"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// The fault behind what inbound does with ABORT and ERROR.
func TestBarePionTakesPaddingForCauses(t *testing.T) {
	inBarePair(t, func(a, b *sctp.Association, _, y *tap) {
		s := rudeStream(t, a, 0, ppidBinary, []byte("x"))
		y.inject(y.tag(), chunkAbort, 0, paddedCauses)
		time.Sleep(time.Second)
		if state := s.State(); state != sctp.StreamStateOpen {
			t.Errorf("the stream is %v: the ABORT has ended the association, and the shield may go", state)
		}
		if _, err := s.Write([]byte("y")); err != nil {
			t.Errorf("Write: %v: the shield may go", err)
		}
	})
}

// SCTP-14
func TestSACKsThatCannotBeAreDiscarded(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		y.mu.Lock()
		y.drop = func([]byte) bool { return true } // the forger speaks for the server
		y.mu.Unlock()
		x.mu.Lock()
		x.drop = y.drop
		x.mu.Unlock()
		p.send(c, "not acknowledged")
		_ = c.Close()
		time.Sleep(10 * time.Millisecond)
		sent := x.packets(chunkData)
		tsn := binary.BigEndian.Uint32(sent[len(sent)-1][16:])
		sack := func(tsn uint32, gaps, duplicates uint16, more int) {
			value := binary.BigEndian.AppendUint32(nil, tsn)
			value = append(value, 0, 16, 0, 0)
			value = binary.BigEndian.AppendUint16(value, gaps)
			value = binary.BigEndian.AppendUint16(value, duplicates)
			y.inject(y.tag(), chunkSack, 0, append(value, make([]byte, more)...))
		}
		sack(tsn, 65535, 0, 0)
		sack(tsn, 0, 65535, 0)
		sack(tsn, 65535, 65535, 400)
		sack(tsn, 0, 0, 4)
		sack(tsn+1, 0, 0, 0)
		sack(tsn+1<<31-1, 0, 0, 0)
		time.Sleep(100 * time.Millisecond)
		if s := p.client.Stats(); s.Malformed != 6 || s.Unacknowledged == 0 {
			t.Errorf("%d malformed, want 6; %d bytes unacknowledged", s.Malformed, s.Unacknowledged)
		}
		if n := len(x.packets(chunkReconfig)); n != 0 {
			t.Errorf("%d resets, as if the data before were acknowledged", n)
		}
		for _, side := range []*tap{x, y} {
			side.mu.Lock()
			side.drop = nil
			side.mu.Unlock()
		}
		p.want(d, "not acknowledged")
		<-c.Done()
	})
}

// The fault behind wellFormed of a SACK: its counts are believed before its length is looked at.
func TestBarePionAllocatesWhatASACKSays(t *testing.T) {
	inBarePair(t, func(a, _ *sctp.Association, _, y *tap) {
		sack := append(make([]byte, 8), 0xff, 0xff, 0xff, 0xff)
		const packets = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range packets {
			y.inject(y.tag(), chunkSack, 0, sack)
			time.Sleep(time.Second)
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / packets; each < 500<<10 {
			t.Errorf("%d bytes for each: the shield may go", each)
		}
	})
}

// SCTP-22
func TestHeartbeatsAreAnsweredAndForgedAnswersDoNothing(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		info := []byte{0, 1, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8}
		y.inject(y.tag(), chunkHeartbeat, 0, info)
		time.Sleep(100 * time.Millisecond)
		answers := x.packets(chunkHeartbeatAck)
		if len(answers) != 1 || !bytes.Equal(answers[0][16:28], info) || binary.BigEndian.Uint32(answers[0][4:]) != x.tag() {
			t.Errorf("answers %x", answers)
		}
		before := p.client.Stats().SRTT
		y.inject(y.tag(), chunkHeartbeatAck, 0, info) // taken for a time, it would be a round trip of years
		time.Sleep(100 * time.Millisecond)
		if got := p.client.Stats(); got.SRTT != before || got.Malformed+got.BadTag != 0 {
			t.Errorf("a forged answer: round-trip time %v, was %v; %+v", got.SRTT, before, got)
		}
		p.send(c, "alive")
		p.want(d, "alive")
	})
}

// lastTSN returns the highest TSN that was sent here.
func (c *tap) lastTSN() (tsn uint32) {
	for _, q := range c.packets(chunkData) {
		for k, rest, ok := nextChunk(q[commonHeaderLen:]); ok; k, rest, ok = nextChunk(rest) {
			if d, ok := parseData(k); ok && (tsn == 0 || int32(d.tsn-tsn) > 0) {
				tsn = d.tsn
			}
		}
	}
	return tsn
}

// lastSACK returns the cumulative TSN and the number of gaps of the last SACK that was sent here.
func (c *tap) lastSACK(t *testing.T) (tsn uint32, gaps uint16) {
	t.Helper()
	all := c.packets(chunkSack)
	if len(all) == 0 {
		t.Fatal("no SACK")
	}
	last := all[len(all)-1]
	return binary.BigEndian.Uint32(last[16:]), binary.BigEndian.Uint16(last[24:])
}

// iData is an I-DATA chunk of one message.
func iData(tsn uint32, stream uint16, mid uint32, p ppid, user string) []byte {
	value := binary.BigEndian.AppendUint32(nil, tsn)
	value = binary.BigEndian.AppendUint16(value, stream)
	value = append(value, 0, 0)
	value = binary.BigEndian.AppendUint32(value, mid)
	value = binary.BigEndian.AppendUint32(value, uint32(p))
	return append(value, user...)
}

// SCTP-16: what is far ahead of what came is not kept.
func TestDataFarAheadIsDropped(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		p.open(p.client, p.server, "x", nil)
		time.Sleep(time.Second)
		p.open(p.server, p.client, "y", nil)
		time.Sleep(time.Second)
		tsn := y.lastTSN()
		for _, ahead := range []uint32{1 << 20, 1 << 30, 50_000} {
			y.inject(y.tag(), chunkIData, flagBegin|flagEnd, iData(tsn+ahead, 1, 9, ppidString, "far"))
			time.Sleep(time.Second)
			if got, gaps := x.lastSACK(t); got != tsn || gaps != 0 {
				t.Errorf("%d ahead: the SACK says %d beyond and %d gaps", ahead, got-tsn, gaps)
			}
		}
		y.inject(y.tag(), chunkIData, flagBegin|flagEnd, iData(tsn+5, 1, 9, ppidString, "near"))
		time.Sleep(time.Second)
		if got, gaps := x.lastSACK(t); got != tsn || gaps != 1 {
			t.Errorf("5 ahead: the SACK says %d beyond and %d gaps, want 0 and 1", got-tsn, gaps)
		}
	})
}

// SCTP-17: a FORWARD TSN costs the same whatever it skips, an old one nothing, and streams that nobody has are passed over.
func TestForwardTSNMaySkipAnything(t *testing.T) {
	for _, plain := range []bool{false, true} {
		inTapped(t, Config{DisableInterleaving: plain}, Config{}, func(p *pair, x, y *tap) {
			c, d := p.open(p.client, p.server, "x", nil)
			p.send(d, "before")
			p.want(c, "before")
			time.Sleep(time.Second)
			typ := chunkIForwardTSN
			if plain {
				typ = chunkForwardTSN
			}
			tsn := y.lastTSN()
			for _, jump := range []uint32{1<<31 - 1, 0, 5} { // ahead, and two that are old by then
				value := binary.BigEndian.AppendUint32(nil, tsn+jump)
				if jump != 0 {
					value = append(value, 0x77, 0x77, 0, 1, 0, 0, 0, 9)
					if plain {
						value = value[:8]
					}
				}
				y.inject(y.tag(), typ, 0, value)
				time.Sleep(time.Second)
				if got, _ := x.lastSACK(t); got != tsn+1<<31-1 {
					t.Errorf("interleaving %v, after a jump of %d: the SACK says %d", !plain, jump, got-tsn)
				}
			}
			p.send(c, "alive")
			p.want(d, "alive")
		})
	}
}

// SCTP-19: a reset waits for the data before it, even if it overtakes them.
func TestResetThatOvertakesItsDataWaitsForThem(t *testing.T) {
	inTapped(t, Config{}, Config{}, func(p *pair, x, y *tap) {
		c, d := p.open(p.server, p.client, "x", nil)
		time.Sleep(time.Second)
		y.mu.Lock()
		y.drop = func(q []byte) bool { return chunkType(q[commonHeaderLen]) == chunkIData }
		y.mu.Unlock()
		p.send(c, "behind the reset")
		time.Sleep(10 * time.Millisecond)
		request := []byte{0, 13, 0, 18} // Outgoing SSN Reset Request, by the side that opened the channel
		request = binary.BigEndian.AppendUint32(request, 77)
		request = binary.BigEndian.AppendUint32(request, 0)
		request = binary.BigEndian.AppendUint32(request, y.lastTSN())
		request = binary.BigEndian.AppendUint16(request, c.ID())
		y.inject(y.tag(), chunkReconfig, 0, request)
		time.Sleep(100 * time.Millisecond)
		answers := x.packets(chunkReconfig)
		if len(answers) != 1 || answers[0][27] != resultInProgress {
			t.Errorf("answers %x, want in progress", answers)
		}
		y.mu.Lock()
		y.drop = nil
		y.mu.Unlock()
		p.want(d, "behind the reset")
	})
}

// SCTP-11: a COOKIE ECHO with another cookie than ours makes no association, and no answer.
func TestWrongCookieIsDiscardedSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netsim.Pipe(rtt40)
		x := &tap{Conn: a}
		p := &pair{t: t}
		p.client = p.start(x, 1, Config{})
		defer p.client.Close()
		time.Sleep(10 * time.Millisecond)
		_, _ = b.Write(onePacket(0, chunkInit, 0, goodInit))
		time.Sleep(100 * time.Millisecond)
		k, _, _ := nextChunk(x.packets(chunkInitAck)[0][commonHeaderLen:])
		tag := binary.BigEndian.Uint32(k.value)
		var cookie []byte
		for rest := k.value[initHeaderLen:]; len(rest) > 0; {
			typ, value, r, ok := nextParameter(rest)
			if !ok {
				t.Fatal("malformed parameter")
			}
			if rest = r; typ == 7 {
				cookie = value
			}
		}
		for bit := range len(cookie) * 8 {
			wrong := append([]byte(nil), cookie...)
			wrong[bit/8] ^= 1 << (bit % 8)
			_, _ = b.Write(onePacket(tag, chunkCookieEcho, 0, wrong))
		}
		_, _ = b.Write(onePacket(tag, chunkCookieEcho, 0, cookie[:len(cookie)-1]))
		time.Sleep(100 * time.Millisecond)
		if n := len(x.packets()) - len(x.packets(chunkInit)) - len(x.packets(chunkInitAck)); n != 0 || isClosed(p.client.established) {
			t.Errorf("%d answers to wrong cookies, established %v", n, isClosed(p.client.established))
		}
		_, _ = b.Write(onePacket(tag, chunkCookieEcho, 0, cookie))
		time.Sleep(100 * time.Millisecond)
		if len(x.packets(chunkCookieAck)) != 1 || !isClosed(p.client.established) {
			t.Error("the right cookie makes no association")
		}
	})
}
