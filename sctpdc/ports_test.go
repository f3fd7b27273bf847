package sctpdc

import (
	"encoding/binary"
	"testing"
	"time"
)

// "a=sctp-port" may be another one than 5000, at each side. RFC 8841, Section 5.
func TestPortsAreThoseOfTheConfig(t *testing.T) {
	for _, plain := range []bool{true, false} { // with and without checksums
		inTapped(t, Config{Port: 6001, PeerPort: 7002, DisableZeroChecksum: plain}, Config{Port: 7002, PeerPort: 6001}, func(p *pair, x, y *tap) {
			c, d := p.open(p.client, p.server, "x", nil)
			p.send(c, "there")
			p.want(d, "there")
			p.send(d, "and back")
			p.want(c, "and back")
			for _, q := range x.packets() {
				if from, to := binary.BigEndian.Uint16(q), binary.BigEndian.Uint16(q[2:]); from != 6001 || to != 7002 {
					t.Fatalf("packet from %d to %d", from, to)
				}
			}
			x.inject(x.tag(), chunkAbort, 0, abortCause) // from 5000 to 5000
			time.Sleep(time.Second)
			if s := p.server.Stats(); s.BadPort != 1 || p.server.Err() != nil {
				t.Errorf("packet for other ports: %d counted, %v", s.BadPort, p.server.Err())
			}
		})
	}
}
