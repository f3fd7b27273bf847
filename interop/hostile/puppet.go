package main

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// A tap is the hostile peer's connection. It keeps what tells the verification tag and the numbers, and can take the
// association out of the hands of the pion/sctp that has set it up.
type tap struct {
	net.Conn
	mu    sync.Mutex
	tag   uint32 // of what the peer sends
	tsn   uint32 // its first
	ours  uint32 // the first TSN of what it gets
	mute  bool   // the peer itself says nothing more
	taken chan []byte
}

func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if typ := p[12]; typ == 1 || typ == 2 { // INIT and INIT ACK
		t.tsn = binary.BigEndian.Uint32(p[28:])
	}
	t.tag = binary.BigEndian.Uint32(p[4:])
	if t.mute {
		return len(p), nil
	}
	return t.Conn.Write(p)
}

func (t *tap) Read(p []byte) (int, error) {
	for {
		n, err := t.Conn.Read(p)
		if err != nil {
			return n, err
		}
		t.mu.Lock()
		if typ := p[12]; typ == 1 || typ == 2 {
			t.ours = binary.BigEndian.Uint32(p[28:])
		}
		taken := t.taken
		t.mu.Unlock()
		if taken == nil {
			return n, nil
		}
		taken <- append([]byte(nil), p[:n]...)
	}
}

// A puppet is an SCTP peer that is played by hand: it opens channels as fast as the window lets it, and looks at
// nothing but what becomes of them.
type puppet struct {
	t     *tap
	heard chan []byte
	acked uint32 // of its own chunks, the last that has arrived with all before it

	got   uint32          // the last TSN of the other side that came with all before it
	ahead map[uint32]bool // those beyond

	answered map[uint16]bool // streams on which a DATA_CHANNEL_ACK came
	refused  map[uint16]bool // streams that were reset
	largest  int             // packet that came, in bytes
	stubborn bool            // it performs no reset
}

// takeOver has the peer's own implementation say and hear nothing more.
func (t *tap) takeOver() *puppet {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mute, t.taken = true, make(chan []byte, 1<<12)
	return &puppet{t: t, heard: t.taken, acked: t.tsn - 1, got: t.ours - 1, ahead: map[uint32]bool{}, answered: map[uint16]bool{}, refused: map[uint16]bool{}}
}

var dcepOpen = []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 'x'}

// open opens channels 0 to n-1, whoever may, in a burst, and returns when each has been accepted or refused, or the association has ended, or
// nothing has come for a while.
func (x *puppet) open(ours *sctpdc.Association, n int, progress func(channels int)) {
	const window, perPacket = 1024, 32 // chunks
	first := x.acked + 1
	next := first // what is sent next
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	for silences := 0; silences < 100 && len(x.answered)+len(x.refused) < n; {
		for int32(next-x.acked) <= window && int(next-first) < n {
			var chunks [][]byte
			for range min(perPacket, n-int(next-first)) {
				value := binary.BigEndian.AppendUint32(nil, next)
				value = binary.BigEndian.AppendUint16(value, uint16(next-first)) // the stream
				value = append(value, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50)             // its first message, of DCEP
				chunks = append(chunks, chunk(64, 3, append(value, dcepOpen...)...))
				next++
			}
			_, _ = x.t.Conn.Write(packet(x.t.tag, chunks...))
		}
		quiet.Reset(100 * time.Millisecond)
		select {
		case p := <-x.heard:
			silences = 0
			x.hear(p)
		case <-ours.Done():
			return
		case <-quiet.C:
			silences++
			next = x.acked + 1 // something was lost
		}
		progress(len(x.answered) + len(x.refused))
	}
}

// hear takes a packet of the other side, and acknowledges it.
func (x *puppet) hear(p []byte) {
	x.largest = max(x.largest, len(p))
	data := false
	for rest := p[12:]; len(rest) >= 4; {
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if size < 4 || size > len(rest) {
			return
		}
		typ, value := rest[0], rest[4:size]
		rest = rest[min((size+3)&^3, len(rest)):]
		switch typ {
		case 64: // I-DATA, RFC 8260
			data = true
			x.ahead[binary.BigEndian.Uint32(value)] = true
			if len(value) == 17 && value[15] == 50 && value[16] == 2 {
				x.answered[binary.BigEndian.Uint16(value[4:])] = true
			}
		case 3: // SACK
			if tsn := binary.BigEndian.Uint32(value); int32(tsn-x.acked) > 0 {
				x.acked = tsn
			}
		case 130: // RE-CONFIG, RFC 6525
			x.reset(value)
		}
	}
	for x.ahead[x.got+1] {
		x.got++
		delete(x.ahead, x.got)
	}
	if data {
		sack := binary.BigEndian.AppendUint32(nil, x.got)
		_, _ = x.t.Conn.Write(packet(x.t.tag, chunk(3, 0, append(sack, 0, 16, 0, 0, 0, 0, 0, 0)...)))
	}
}

// reset performs the reset of streams, and resets them in the other direction, as a peer does whose channels are refused.
func (x *puppet) reset(request []byte) {
	if len(request) < 16 || binary.BigEndian.Uint16(request) != 13 {
		return
	}
	size := int(binary.BigEndian.Uint16(request[2:]))
	number, streams := request[4:8], request[16:min(size, len(request))]
	for i := 0; i+1 < len(streams); i += 2 {
		x.refused[binary.BigEndian.Uint16(streams[i:])] = true
	}
	if x.stubborn {
		return
	}
	answer := append([]byte{0, 16, 0, 12}, number...)
	answer = append(answer, 0, 0, 0, 1) // performed
	own := binary.BigEndian.AppendUint16([]byte{0, 13}, uint16(16+len(streams)))
	own = append(own, number...) // any that is new
	own = append(own, number...)
	own = binary.BigEndian.AppendUint32(own, x.acked)
	own = append(own, streams...)
	_, _ = x.t.Conn.Write(packet(x.t.tag, chunk(130, 0, append(answer, own...)...)))
}
