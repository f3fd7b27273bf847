package main

import (
	"context"
	"testing"
	"time"
)

func TestTimersThatRunAreCounted(t *testing.T) {
	countTimers()
	before := timers()
	var stop []func()
	for range 10 {
		timer := time.AfterFunc(time.Hour, func() {})
		ticker := time.NewTicker(time.Hour)
		_, cancel := context.WithTimeout(t.Context(), time.Hour)
		stop = append(stop, func() { timer.Stop(); ticker.Stop(); cancel() })
	}
	if n := timers() - before; n != 30 {
		t.Errorf("%d timers, want 30", n)
	}
	for _, f := range stop {
		f()
	}
	stop = nil
	if n := timers() - before; n != 0 {
		t.Errorf("%d timers when all are stopped", n)
	}
}
