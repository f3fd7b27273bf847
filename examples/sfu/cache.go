package main

import (
	"encoding/binary"
	"sync"
)

// A Cache keeps the last packets of a stream, to send them again to who has lost them: 512 packets are one to two
// seconds of video. It takes its memory with the first packet.
type Cache struct {
	mu      sync.Mutex
	packets []cached // by the low bits of the sequence number
}

const (
	cachePackets = 512
	cachedSize   = 1500 // larger packets are not kept
)

type cached struct {
	n int
	b [cachedSize]byte
}

// put keeps a copy of b.
func (c *Cache) put(b []byte) {
	if len(b) > cachedSize {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.packets == nil {
		c.packets = make([]cached, cachePackets)
	}
	p := &c.packets[binary.BigEndian.Uint16(b[2:])%cachePackets]
	p.n = copy(p.b[:], b)
}

// get appends the packet of that sequence number to dst, if it is still there.
func (c *Cache) get(dst []byte, seq uint16) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.packets == nil {
		return dst, false
	}
	p := &c.packets[seq%cachePackets]
	if p.n < rtpHeader || binary.BigEndian.Uint16(p.b[2:]) != seq {
		return dst, false
	}
	return append(dst, p.b[:p.n]...), true
}
