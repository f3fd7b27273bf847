package sctpdc

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A payload is what a connection says that it puts into a datagram, in bytes.
type payload int

func (n payload) MaxPayload() int { return int(n) }

// SCTP-04
func TestPacketsAreAsLargeAsTheConnectionSays(t *testing.T) {
	for _, test := range []struct{ says, config, want int }{
		{1163, 0, 1160}, {1435, 0, 1432}, {600, 0, 600}, {100000, 0, maxMTU}, {0, 0, defaultMTU}, {1435, 1000, 1000},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(rtt40)
			x := &tap{Conn: a}
			p := &pair{t: t}
			p.client = p.start(struct {
				*tap
				payload
			}{x, payload(test.says)}, keying.RoleClient, Config{MTU: test.config})
			p.server = p.start(b, keying.RoleServer, Config{})
			defer p.server.Close()
			defer p.client.Close()
			c, d := p.open(p.client, p.server, "x", nil)
			if err := c.SendBinary(within(t, time.Minute), make([]byte, 60000)); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
			largest := 0
			for _, q := range x.packets() {
				largest = max(largest, len(q))
			}
			if largest > test.want || largest < test.want-3 {
				t.Errorf("connection takes %d, Config.MTU %d: largest packet is %d, want %d", test.says, test.config, largest, test.want)
			}
		})
	}
}

// The fault behind maxResets: one packet for all of them, which no path lets through.
func TestBarePionResetsAllStreamsByOnePacket(t *testing.T) {
	inBarePair(t, func(a, _ *sctp.Association, x, _ *tap) {
		var streams []*sctp.Stream
		for id := range uint16(1000) {
			s, err := a.OpenStream(id, 0)
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, s)
		}
		// While a message is being written nothing else is, so that all of them wait together.
		closed := make(chan struct{})
		x.mu.Lock()
		x.drop = func([]byte) bool { <-closed; return false }
		x.mu.Unlock()
		if _, err := streams[0].Write([]byte("first")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, s := range streams {
			_ = s.Close()
		}
		close(closed)
		time.Sleep(time.Minute)
		largest := 0
		for _, packet := range x.packets(chunkReconfig) {
			largest = max(largest, len(packet))
		}
		if largest <= defaultMTU {
			t.Errorf("the largest packet has %d bytes: maxResets may go", largest)
		}
	})
}

func TestManyChannelsThatCloseAtOnceFitIntoDatagrams(t *testing.T) {
	const n = 1000
	link := rtt40
	link.MTU = defaultMTU
	inPair(t, link, Config{MTU: defaultMTU}, Config{MTU: defaultMTU, MaxUnaccepted: n}, func(p *pair) {
		var opened, accepted []*Channel
		for range n {
			c, d := p.open(p.client, p.server, "x", nil)
			opened, accepted = append(opened, c), append(accepted, d)
		}
		for _, c := range opened {
			_ = c.Close()
		}
		for _, c := range append(opened, accepted...) {
			select {
			case <-c.Done():
			case <-time.After(time.Minute):
				t.Fatalf("channel %d is not closed after a minute", c.ID())
			}
		}
	})
}
