package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/profile"
)

// bare is what is measured of a server in this process, whose clients are in another one.
type bare struct {
	resting   int           // peers that come, and do nothing but what they do on a data channel
	ramp      time.Duration // in which they come, evenly; 0: as fast as they can
	receivers int           // of one publisher's media, which are there before; 0: no media
	burst     burst
	channels  bool
	settle    time.Duration // for which media runs before anybody comes, and all until they are at rest
	duration  time.Duration // of rest, in which they are measured
	profiles  string        // directory for what the server holds then; empty: none
}

// run starts the server, has all join, and measures.
func (b *bare) run(ctx context.Context, progress io.Writer) (*BareReport, error) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, err
	}
	text, err := certificate.MarshalPEM()
	if err != nil {
		return nil, err
	}
	s, err := serve(certificate, b.channels)
	if err != nil {
		return nil, err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	beginning := beginning{Server: s.udp.AddrPort(), Certificate: text, Burst: b.burst, Channels: b.channels}
	if b.ramp == 0 {
		beginning.AtATime = atATime
	} else {
		beginning.Every = b.every()
	}
	c, err := startCrowd(ctx, beginning)
	if err != nil {
		return nil, err
	}
	defer c.close()

	floor, err := newFloor()
	if err != nil {
		return nil, err
	}
	r := &BareReport{Before: memory(), Spaced: b.ramp > 0}
	if b.receivers > 0 {
		fmt.Fprintf(progress, "media to %d receivers\n", b.receivers)
		if err := b.media(ctx, s, c, r); err != nil {
			return nil, err
		}
	}
	began, cpu := time.Now(), cpuTime()
	if err := b.join(ctx, s, c, floor, progress); err != nil {
		return nil, err
	}
	joined, err := c.report()
	if err != nil {
		return nil, err
	}
	took, joining := time.Since(began), cpuTime()-cpu
	r.Floor = floor.each()
	fmt.Fprintf(progress, "%d have joined, %d have failed; at rest for %v\n", joined.Peers, joined.Failed, b.duration)
	if !wait(ctx, b.settle) {
		return nil, ctx.Err()
	}
	r.After = memory()
	if b.profiles != "" {
		command := fmt.Sprintf("go run ./interop/load -idle %d", b.resting)
		if err := profile.Keep(b.profiles, command, profile.Own); err != nil {
			return nil, err
		}
	}
	began, cpu = time.Now(), cpuTime()
	if !wait(ctx, b.duration) {
		return nil, ctx.Err()
	}
	rested := time.Since(began)
	r.Rest = cpuTime() - cpu
	other := r.MediaCPU // of a core, while they came: media, or else the checks of those who were there, half of all in the mean
	if b.receivers == 0 {
		other = float64(r.Rest) / float64(rested) / 2
	}
	r.PerJoin = max(0, joining-floor.used-time.Duration(other*float64(took))) / time.Duration(max(1, b.resting))
	last, err := c.report()
	if err != nil {
		return nil, err
	}
	r.Report = *last
	r.JoinedIn, r.Seconds = took.Seconds(), rested.Seconds()
	return r, nil
}

// every is after how long the next resting peer comes; 0: as soon as it can.
func (b *bare) every() time.Duration { return b.ramp / time.Duration(max(1, b.resting)) }

// media has a publisher and its receivers join, and measures what they cost.
func (b *bare) media(ctx context.Context, s *server, c *crowd, r *BareReport) error {
	for i := range b.receivers + 1 {
		p := receiver
		if i == b.receivers {
			p = publisher
		}
		remote, err := s.admit(p)
		if err != nil {
			return err
		}
		if err := c.invite([]invitation{{p, remote}}); err != nil {
			return err
		}
		if i == b.receivers-1 { // so that the first packet is everybody's
			if _, err := c.report(); err != nil {
				return err
			}
		}
	}
	if _, err := c.report(); err != nil {
		return err
	}
	began, cpu := time.Now(), cpuTime()
	if !wait(ctx, b.settle) {
		return ctx.Err()
	}
	r.MediaCPU = float64(cpuTime()-cpu) / float64(time.Since(began))
	return nil
}

// join has the resting peers come. The crowd is told of many at a time, and spaces them by itself: what that costs is not
// the server's work.
func (b *bare) join(ctx context.Context, s *server, c *crowd, floor *floor, progress io.Writer) error {
	began, told := time.Now(), time.Now()
	together := atATime
	if every := b.every(); every > 0 {
		together = min(atATime, int(max(1, time.Second/every))) // or the last of them would not be awaited any more
	}
	invited := make([]invitation, 0, together)
	for i := range b.resting {
		if due := began.Add(b.every() * time.Duration(i)); len(invited) == 0 && !wait(ctx, time.Until(due)) {
			return ctx.Err()
		}
		remote, err := s.admit(resting)
		if err != nil {
			return err
		}
		if invited = append(invited, invitation{resting, remote}); len(invited) == cap(invited) {
			if err := c.invite(invited); err != nil {
				return err
			}
			invited = invited[:0]
		}
		if i%floorEvery == 0 {
			if err := floor.sample(); err != nil {
				return err
			}
		}
		if time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(progress, "%d of %d are joining or have joined\n", i+1, b.resting)
		}
	}
	return c.invite(invited)
}
