package sctpdc

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A channel that nobody reads keeps its messages for itself.
func TestSlowReceiverDoesNotBlockOtherChannels(t *testing.T) {
	for _, plain := range []bool{false, true} {
		inPair(t, rtt40, Config{DisableInterleaving: plain}, Config{}, func(p *pair) {
			slow, slow2 := p.open(p.client, p.server, "slow", nil)
			c, d := p.open(p.client, p.server, "x", nil)
			for range 3 << 20 / 16384 { // more than the window of 1 MiB
				if err := slow.SendBinary(within(t, time.Minute), make([]byte, 16384)); err != nil {
					t.Fatal(err)
				}
			}
			for range 20 {
				began := time.Now()
				p.send(c, "ping")
				p.want(d, "ping")
				if took := time.Since(began); took > time.Second {
					t.Errorf("took %v", took)
				}
			}
			for range 3 << 20 / 16384 {
				if _, err := slow2.Receive(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
			if n := p.server.Stats().Queued; n != 0 {
				t.Errorf("%d bytes counted as queued", n)
			}
		})
	}
}

// SCTP-23
func TestReceiverThatStopsAndResumesGetsEverything(t *testing.T) {
	for _, size := range []int{10, 16384} {
		server := Config{ChannelQueue: 256 << 10, StallTimeout: -1}
		inPair(t, rtt40, Config{}, server, func(p *pair) {
			c, d := p.open(p.client, p.server, "x", nil)
			const n = 10000
			count := min(n, 8<<20/size)
			go func() {
				for range count {
					if c.SendBinary(context.Background(), make([]byte, size)) != nil {
						return
					}
				}
			}()
			time.Sleep(30 * time.Second)
			// 256 KiB of queue, the window, and what probes bring through in 30 s.
			if held := p.server.Stats().Queued; held > 256<<10+2<<20 {
				t.Errorf("%d bytes held", held)
			} else {
				t.Logf("messages of %d bytes: %d bytes held", size, held)
			}
			began := time.Now()
			for i := range count {
				if m, err := d.Receive(within(t, time.Minute)); err != nil || len(m.Data) != size {
					t.Fatalf("message %d of %d: %v", i, count, err)
				}
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("the rest took %v", took)
			}
		})
	}
}

func TestChannelThatNobodyReadsIsClosedBeforeItBlocksTheOthersForGood(t *testing.T) {
	inPair(t, rtt40, Config{SendBuffer: 16 << 20, DisableInterleaving: true}, Config{ChannelQueue: 256 << 10}, func(p *pair) {
		slow, slow2 := p.open(p.client, p.server, "slow", nil)
		c, d := p.open(p.client, p.server, "x", nil)
		for range 8 << 20 / 16384 {
			if err := slow.SendBinary(within(t, time.Minute), make([]byte, 16384)); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		p.send(c, "ping") // behind 8 MiB for the slow channel
		p.want(d, "ping")
		if took := time.Since(began); took < 4*time.Second || took > 30*time.Second {
			t.Errorf("took %v, want somewhat more than the 5 s of StallTimeout", took)
		}
		if _, err := slow2.Receive(context.Background()); err != ErrReceiveStalled {
			t.Errorf("Receive of the slow channel: %v", err)
		}
		if _, err := slow.Receive(within(t, time.Minute)); err != io.EOF {
			t.Errorf("Receive at its sender: %v", err)
		}
		if n := p.server.Stats().Queued; n != 0 {
			t.Errorf("%d bytes counted as queued", n)
		}
	})
}

// A receiver that is slow, but goes on, holds the peer back and loses nothing.
func TestReceiverThatIsSlowIsNotClosed(t *testing.T) {
	inPair(t, rtt40, Config{}, Config{ChannelQueue: 64 << 10}, func(p *pair) {
		c, d := p.open(p.client, p.server, "x", nil)
		const n = 200
		go func() {
			for range n {
				if c.SendBinary(context.Background(), make([]byte, 16384)) != nil {
					return
				}
			}
		}()
		for i := range n {
			time.Sleep(500 * time.Millisecond)
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
	})
}

// In TestTrafficFlowsAgain and the one after it.
var nearLink = netsim.Config{Delay: time.Millisecond}

const fullMessage = 12 // packets; 16384 bytes in pieces of 1160

// A reader that stops, and takes messages again, has traffic flow at once: within 5 ms of the read, the way there and back
// included.
func TestTrafficFlowsAgainAtOnceWhenMessagesAreTaken(t *testing.T) {
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := netsim.Pipe(nearLink)
			x := &tap{Conn: a}
			p := &pair{t: t}
			p.client = p.start(x, 1, Config{DisableInterleaving: plain})
			p.server = p.start(b, 2, Config{ChannelQueue: 256 << 10, StallTimeout: -1})
			c, d := p.open(p.client, p.server, "x", nil)
			go func() {
				for c.SendBinary(context.Background(), make([]byte, 16384)) == nil {
				}
			}()
			time.Sleep(20 * time.Second)
			silence := len(x.packets())
			time.Sleep(50 * time.Millisecond)
			if n := len(x.packets()) - silence; n > 3 {
				t.Errorf("%d packets in 50 ms, nobody holds the peer back", n)
			}
			before, began := len(x.packets(chunkData)), time.Now()
			for range 32 { // more messages than probes brought beyond the window
				if _, err := d.Receive(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(5*time.Millisecond - time.Since(began))
			if n, took := len(x.packets(chunkData))-before, time.Since(began); n < fullMessage || took > 5*time.Millisecond {
				t.Errorf("%d packets of data within %v", n, took)
			}
			_ = p.client.Close()
			_ = p.server.Close()
		})
	}
}

// SCTP-23: a message that is as large as the window leaves none when it is whole. That it was taken is told at once: the next ones
// do not wait for a probe and its acknowledgement.
func TestMessagesAsLargeAsTheWindowFollowOneAnother(t *testing.T) {
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			const size, count = defaultReceiveBuffer - 500, 20
			a, b := netsim.Pipe(nearLink)
			config := Config{DisableInterleaving: plain, MaxMessageSize: size, PeerMaxMessageSize: size}
			p := &pair{t: t}
			p.client, p.server = p.start(a, keying.RoleClient, config), p.start(b, keying.RoleServer, config)
			defer p.server.Close()
			defer p.client.Close()
			c, d := p.open(p.client, p.server, "x", nil)
			go func() {
				for range count {
					_ = c.SendBinary(context.Background(), make([]byte, size))
				}
			}()
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
			for i := range count - 1 {
				began := time.Now()
				if _, err := d.Receive(within(t, time.Minute)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 150*time.Millisecond {
					t.Errorf("message %d came after %v", i+1, took)
				}
			}
		})
	}
}

// Without the shield: the window is told when a probe arrives, and 200 ms later.
func TestBarePionOpensItsWindowLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := netsim.Pipe(nearLink)
		x := &tap{Conn: c}
		other := make(chan *sctp.Association, 1)
		go func() { other <- bare(t, d) }()
		a, b := bare(t, x), <-other
		s := rudeStream(t, a, 0, ppidBinary, []byte("x"))
		r, err := b.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			if _, err := s.WriteSCTP(make([]byte, 16384), sctp.PayloadTypeWebRTCBinary); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20*time.Second + 30*time.Millisecond)
		before := len(x.packets(chunkData))
		for range 40 {
			if _, _, err := r.ReadSCTP(make([]byte, 16384)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Millisecond)
		if n := len(x.packets(chunkData)) - before; n >= fullMessage {
			t.Errorf("pion/sctp sent %d packets of data within 5 ms: the shield may go", n)
		}
		_ = b.Close()
		_ = a.Close()
	})
}

// SCTP-23: the SACK that opens the window again is lost, as is the last of what was sent before; the sender's probes find
// out that there is room.
func TestWindowThatOpensUnnoticedIsFoundByProbes(t *testing.T) {
	inTapped(t, Config{}, Config{ChannelQueue: 256 << 10, StallTimeout: -1}, func(p *pair, x, y *tap) {
		c, d := p.open(p.client, p.server, "x", nil)
		const count = 250 // 4 MB: more than the queue and the window hold
		go func() {
			for range count {
				if c.SendBinary(context.Background(), make([]byte, 16384)) != nil {
					return
				}
			}
		}()
		time.Sleep(20 * time.Second)
		for _, side := range []*tap{x, y} {
			side.mu.Lock()
			side.drop = func([]byte) bool { return true }
			side.mu.Unlock()
		}
		received := 0
		for ; received < 40; received++ {
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		for _, side := range []*tap{x, y} {
			side.mu.Lock()
			side.drop = nil
			side.mu.Unlock()
		}
		began := time.Now()
		for ; received < count; received++ {
			if _, err := d.Receive(within(t, time.Minute)); err != nil {
				t.Fatalf("message %d: %v", received, err)
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the rest took %v", took)
		}
	})
}
