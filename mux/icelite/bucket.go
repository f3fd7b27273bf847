package icelite

import "time"

// A bucket allows so many of something a second, and as many at once. The zero value is full.
type bucket struct {
	used float64
	last time.Time
}

func (b *bucket) take(now time.Time, perSecond float64) bool {
	b.used = max(0, b.used-now.Sub(b.last).Seconds()*perSecond)
	b.last = now
	if b.used+1 > perSecond {
		return false
	}
	b.used++
	return true
}
