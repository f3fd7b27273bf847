package sctpdc

import (
	"encoding/binary"
	"sync"
	"time"
)

// A burst bounds what pion/sctp has under way to what a path of 1 Gbit/s holds, and some more for the burst itself, by
// lowering the window in the SACKs of the peer.
//
// Without it: pion/sctp sends whatever its congestion window allows in one go, on a fast path 1 MiB and more. The socket
// buffer of a stock Linux host, 208 KiB, holds about 90 packets. The rest is lost, and with that much missing at the
// end of a flight pion/sctp falls silent for its least RTO of 1 s: nine tenths of the time over loopback.
//
// The bound grows with the shortest round-trip time, and above 10 ms is beyond the window of 1 MiB that most peers announce.
// The round-trip times are measured here: those of pion/sctp are smoothed, and begin with acknowledgements that the peer
// delays by 200 ms.
type burst struct {
	mu      sync.Mutex
	timing  bool      // the packet below is timed
	tsn     uint32    // its last chunk of data
	sent    time.Time // when it was sent
	lowest  [2]time.Duration
	renewed time.Time // when lowest[0] began; lowest[1] is the one of the time before
}

const (
	burstFloor = 48 << 10        // bytes; 40 full packets
	burstRate  = 125_000_000     // bytes per second
	burstAge   = 5 * time.Second // after twice this time a round-trip time is forgotten: the path may have changed
)

// packetSent is told of new data.
func (u *burst) packetSent(tsn uint32) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.timing {
		u.timing, u.tsn, u.sent = true, tsn, time.Now()
	}
}

// repeated is told that data was sent again: what an acknowledgement answers is not known then (Karn).
func (u *burst) repeated() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.timing = false
}

// limit is told of a SACK, and lowers the window in it. It reports whether it did.
func (u *burst) limit(sack chunk) (changed bool) {
	if len(sack.value) < 8 {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.timing && int32(binary.BigEndian.Uint32(sack.value)-u.tsn) >= 0 {
		u.timing = false
		now := time.Now()
		u.measured(now, now.Sub(u.sent))
	}
	rtt := u.lowest[0]
	if old := u.lowest[1]; rtt == 0 || old != 0 && old < rtt {
		rtt = old
	}
	if rtt == 0 {
		return false
	}
	bound := burstFloor + uint64(rtt.Seconds()*burstRate)
	if uint64(binary.BigEndian.Uint32(sack.value[4:])) <= bound {
		return false
	}
	binary.BigEndian.PutUint32(sack.value[4:], uint32(bound))
	return true
}

// measured takes a round-trip time. The caller holds mu.
func (u *burst) measured(now time.Time, rtt time.Duration) {
	rtt = max(rtt, time.Microsecond)
	if u.renewed.IsZero() || now.Sub(u.renewed) >= burstAge {
		u.renewed = now
		u.lowest = [2]time.Duration{rtt, u.lowest[0]}
		return
	}
	u.lowest[0] = min(u.lowest[0], rtt)
}
