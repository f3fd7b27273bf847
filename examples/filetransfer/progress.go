package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A progress shows how far a transfer is: on a terminal as a bar in one line that is written anew, else now and then as a line.
type progress struct {
	w        io.Writer
	terminal bool
	size     int64 // bytes of the whole
	shown    time.Time
	speed    speed
	drawn    bool
}

const barWidth = 30

func newProgress(w io.Writer, size, have int64) *progress {
	p := &progress{w: w, size: size}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	p.speed.add(time.Now(), have)
	return p
}

// show is told how many bytes are through.
func (p *progress) show(have int64) {
	now := time.Now()
	pause := 2 * time.Second
	if p.terminal {
		pause = 200 * time.Millisecond
	}
	if now.Sub(p.shown) < pause && have < p.size {
		return
	}
	p.shown = now
	p.speed.add(now, have)
	line := progressLine(have, p.size, p.speed.rate())
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", line)
		p.drawn = true
	} else {
		fmt.Fprintln(p.w, line)
	}
}

// end leaves the bar where it is.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.w)
	}
}

// progressLine returns what is shown; rate is in bytes per second, 0 if it is not known.
func progressLine(have, size int64, rate float64) string {
	share := 1.0
	if size > 0 {
		share = float64(have) / float64(size)
	}
	full := int(share * barWidth)
	line := fmt.Sprintf("[%s%s] %3.0f %%  %s of %s", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), share*100, bytesText(have), bytesText(size))
	if rate > 0 {
		left := time.Duration(float64(size-have) / rate * float64(time.Second)).Round(time.Second)
		line += fmt.Sprintf("  %s/s  ETA %v", bytesText(int64(rate)), left)
	}
	return line
}

// bytesText returns a number of bytes for people.
func bytesText(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value := float64(n) / 1000
	for i := range units {
		if value < 999.5 || i == len(units)-1 {
			return fmt.Sprintf("%.1f %cB", value, units[i])
		}
		value /= 1000
	}
	return ""
}

// A speed is measured over the last seconds.
type speed struct{ points []point }

type point struct {
	at   time.Time
	have int64
}

const speedPeriod = 5 * time.Second

func (s *speed) add(now time.Time, have int64) {
	s.points = append(s.points, point{now, have})
	for len(s.points) > 2 && now.Sub(s.points[1].at) > speedPeriod {
		s.points = s.points[1:]
	}
}

// rate returns bytes per second, 0 while it is not known.
func (s *speed) rate() float64 {
	first, last := s.points[0], s.points[len(s.points)-1]
	took := last.at.Sub(first.at).Seconds()
	if took < 0.05 {
		return 0
	}
	return float64(last.have-first.have) / took
}
