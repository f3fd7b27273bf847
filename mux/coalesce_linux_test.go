//go:build linux && !386 && !s390x

package mux

import (
	"testing"
	"time"
)

// 65,536 bytes for each association that rests would be more than all else it has.
func TestWhoWaitsForADatagramHoldsNoMemory(t *testing.T) {
	x, y := connectedPair(t)
	r := newCoalescer(y)
	if r == nil {
		t.Skip("the system does not coalesce")
	}
	if _, err := x.Write([]byte("something")); err != nil {
		t.Fatal(err)
	}
	_ = y.SetReadDeadline(time.Now().Add(10 * time.Second))
	if b, _, err := r.next(); string(b) != "something" || r.(*coalescer).memory == nil {
		t.Fatalf("%q, %v", b, err)
	}
	_ = y.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, _, err := r.next(); err == nil || r.(*coalescer).memory != nil {
		t.Errorf("memory is held while nothing is there, %v", err)
	}
}
