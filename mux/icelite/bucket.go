package icelite

import "time"

// A bucket allows refusalsPerSecond of something, and as many at once. The zero value is full.
type bucket struct {
	used float64
	last time.Time
}

const refusalsPerSecond = 100

func (b *bucket) take(now time.Time) bool {
	b.used = max(0, b.used-now.Sub(b.last).Seconds()*refusalsPerSecond)
	b.last = now
	if b.used+1 > refusalsPerSecond {
		return false
	}
	b.used++
	return true
}
