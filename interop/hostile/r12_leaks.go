package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() {
	register("R12", "what complete, failed and cancelled associations leave behind", leaks)
}

// leaks makes associations over links in memory, in real time and with goroutines: timers and all.
func leaks(r *report) {
	n := r.scaled(10_000, 800)
	rand.Reader = systemRandom // they run beside each other
	countTimers()
	for _, way := range []struct {
		name string
		make func() error
	}{
		{"complete", complete},
		{"failed", failed},
		{"cancelled", cancelled},
	} {
		round := func(count int) {
			for range count {
				if err := way.make(); err != nil {
					r.fail(way.name, err.Error(), nil)
				}
				r.ran(3 * n)
			}
		}
		round(n / 10) // pools and tables fill
		settle(0)
		goroutines, running, before := runtime.NumGoroutine(), timers(), heap()
		round(n)
		settle(goroutines)
		after := heap()
		left := runtime.NumGoroutine() - goroutines
		slope := float64(after-before) / float64(n)
		r.none(way.name, n+n/10, "as meant")
		r.row("    goroutines left", fmt.Sprint(left), "0", left <= 0)
		timersLeft := timers() - running
		for i := 0; i < 20 && timersLeft > 0; i++ { // the runtime takes its time to let go of what is stopped
			time.Sleep(20 * time.Millisecond)
			timersLeft = timers() - running
		}
		r.row("    timers left", fmt.Sprint(timersLeft), "0", timersLeft <= 0)
		r.row("    heap", fmt.Sprintf("%.2f bytes for each", max(slope, 0)), "< 1 byte", slope < 1 || after-before < 4<<10)
	}
}

var systemRandom = rand.Reader // before any seed

// settle waits until there are no more than n goroutines, or for a while.
func settle(n int) {
	for range 200 {
		if runtime.NumGoroutine() <= n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func connPair(change func(client, server *dtlstransport.Config)) (a, b *dtlstransport.Conn, closeAll func(), err error) {
	var configs [2]*dtlstransport.Config
	for i := range configs {
		configs[i] = &dtlstransport.Config{
			Certificates:       []*fingerprint.Certificate{certificates[i]},
			RemoteFingerprints: certificates[1-i].Fingerprints(),
			FailureGrace:       -1,
		}
	}
	change(configs[client], configs[server])
	x, y := netsim.Pipe(netsim.Config{})
	if a, err = dtlstransport.Client(x, configs[client]); err != nil {
		return nil, nil, nil, err
	}
	if b, err = dtlstransport.Server(y, configs[server]); err != nil {
		return nil, nil, nil, err
	}
	return a, b, func() {
		for _, c := range []net.Conn{a, b, x, y} {
			_ = c.Close()
		}
	}, nil
}

func handshakes(ctx context.Context, a, b *dtlstransport.Conn) (errs [2]error) {
	other := make(chan error, 1)
	go func() { other <- b.Handshake(ctx) }()
	errs[client] = a.Handshake(ctx)
	errs[server] = <-other
	return errs
}

func complete() error {
	a, b, closeAll, err := connPair(func(_, _ *dtlstransport.Config) {})
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if errs := handshakes(ctx, a, b); errs[0] != nil || errs[1] != nil {
		return fmt.Errorf("%v, %v", errs[0], errs[1])
	}
	return nil
}

func failed() error {
	a, b, closeAll, err := connPair(func(_, server *dtlstransport.Config) { server.RemoteFingerprints = attacker.Fingerprints() })
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if errs := handshakes(ctx, a, b); errs[0] == nil || errs[1] == nil {
		return fmt.Errorf("not refused: %v, %v", errs[0], errs[1])
	}
	return nil
}

func cancelled() error {
	a, b, closeAll, err := connPair(func(_, _ *dtlstransport.Config) {})
	if err != nil {
		return err
	}
	defer closeAll()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if errs := handshakes(ctx, a, b); errs[0] == nil && errs[1] == nil {
		return fmt.Errorf("neither was cancelled")
	}
	return nil
}
