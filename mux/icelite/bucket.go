package icelite

import "time"

// A bucket allows so many of something a second, and as many at once. It is when it will be full again; the zero
// value is full.
type bucket time.Duration

func (b *bucket) take(now time.Duration, perSecond int) bool {
	full := max(time.Duration(*b), now) + time.Second/time.Duration(perSecond)
	if full > now+time.Second {
		return false
	}
	*b = bucket(full)
	return true
}
