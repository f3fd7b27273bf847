package main

import (
	"testing"
	"time"
)

func TestProgressLineTellsRateAndRemainingTime(t *testing.T) {
	for _, test := range []struct {
		have, size int64
		rate       float64
		want       string
	}{
		{0, 100, 0, "[------------------------------]   0 %  0 B of 100 B"},
		{5_000_000, 10_000_000, 500_000, "[###############---------------]  50 %  5.0 MB of 10.0 MB  500.0 kB/s  ETA 10s"},
		{100, 100, 1, "[##############################] 100 %  100 B of 100 B  1 B/s  ETA 0s"},
		{0, 0, 0, "[##############################] 100 %  0 B of 0 B"},
	} {
		if got := progressLine(test.have, test.size, test.rate); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestSpeedIsThatOfTheLastSeconds(t *testing.T) {
	var s speed
	now := time.Unix(0, 0)
	for i := range int64(20) {
		s.add(now.Add(time.Duration(i)*time.Second), 1000*i)
	}
	for i := range int64(10) {
		s.add(now.Add(time.Duration(20+i)*time.Second), 20_000+100*i)
	}
	if got := s.rate(); got < 99 || got > 101 {
		t.Errorf("%.0f bytes/s, want 100", got)
	}
}

func TestBytesAreForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_400: "999.4 kB", 999_999: "1.0 MB", 1_500_000_000: "1.5 GB", 1 << 62: "4.6 EB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
