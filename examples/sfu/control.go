package main

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// controlPerSecond is how many packets of RTCP we take of a peer; browsers send some 20.
const controlPerSecond = 200

// A control reads the RTCP of a peer. The zero value is good.
type control struct {
	mu     sync.Mutex
	budget budget
}

// read returns what b consists of: nothing if it is malformed, or if there is too much of it, of which onFlood is told.
func (c *control) read(b []byte, onFlood func()) []rtcp.Packet {
	c.mu.Lock()
	takes := c.budget.take(time.Now(), 1, controlPerSecond)
	c.mu.Unlock()
	if !takes {
		flooded(onFlood)
		return nil
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return nil
	}
	return packets
}
