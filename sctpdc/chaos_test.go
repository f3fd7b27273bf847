package sctpdc

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// Channels come and go on both sides at once, over a bad link. Whatever a reliable channel took arrives before the end of
// file, on the right channel; nothing hangs, and in the end no channel and no id is left.
func TestChannelsThatComeAndGoLoseNothing(t *testing.T) {
	for seed := range uint64(4) {
		link := netsim.Config{Seed: seed, Delay: 10 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.03, Duplicate: 0.03, Reorder: 0.05}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			config := Config{DisableInterleaving: seed%2 == 1}
			inPair(t, link, config, config, func(p *pair) {
				var wg sync.WaitGroup
				ctx := within(t, 20*time.Minute)
				const rounds = 12
				for i, a := range []*Association{p.client, p.server} {
					peer := []*Association{p.server, p.client}[i]
					for worker := range 4 {
						r := rand.New(rand.NewPCG(seed, uint64(10*i+worker)))
						wg.Go(func() {
							for round := range rounds {
								n := r.IntN(20)
								c, err := a.Open(ctx, fmt.Sprint(n), &ChannelOptions{Unordered: r.IntN(2) == 1, Protocol: fmt.Sprint(i, worker, round)})
								if err != nil {
									t.Errorf("Open: %v", err)
									return
								}
								for range n {
									if err := c.SendText(ctx, fmt.Sprintf("%0*d", 1+r.IntN(2000), c.ID())); err != nil {
										t.Errorf("Send: %v", err)
										return
									}
								}
								_ = c.Close()
								if r.IntN(2) == 1 {
									<-c.Done()
								}
							}
						})
					}
					wg.Go(func() {
						var readers sync.WaitGroup
						for range 4 * rounds {
							d, err := peer.Accept(ctx)
							if err != nil {
								t.Errorf("Accept: %v", err)
								return
							}
							readers.Go(func() {
								got := 0
								for {
									m, err := d.Receive(ctx)
									if err == io.EOF {
										break
									}
									var id uint16
									if _, serr := fmt.Sscanf(string(m.Data), "%d", &id); err != nil || serr != nil || id != d.ID() {
										t.Errorf("Receive on %d (%s): %.20q, %v", d.ID(), d.Protocol(), m.Data, err)
										return
									}
									got++
								}
								if fmt.Sprint(got) != d.Label() {
									t.Errorf("channel %s, id %d: %d messages, want %s", d.Protocol(), d.ID(), got, d.Label())
								}
								<-d.Done()
							})
						}
						readers.Wait()
					})
				}
				wg.Wait()
				time.Sleep(time.Minute)
				for _, a := range []*Association{p.client, p.server} {
					a.mu.Lock()
					if len(a.channels)+len(a.resetting)+len(a.closing)+len(a.backlog)+a.opened+a.pending != 0 {
						t.Errorf("left: %d channels, %d resetting, %d closing, %d backlog, opened %d, pending %d",
							len(a.channels), len(a.resetting), len(a.closing), len(a.backlog), a.opened, a.pending)
					}
					a.mu.Unlock()
				}
				if err := p.client.Shutdown(context.Background()); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
			})
		})
	}
}
