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

func TestSizeOfCoalescedDatagramsIsReadFromTheRightMessage(t *testing.T) {
	right := append(segmentControl(nil, 0)[:0], segmentControl(nil, 1200)...)
	if n := coalescedSize(right); n != 0 {
		t.Errorf("UDP_SEGMENT taken for UDP_GRO: %d", n)
	}
	if n := coalescedSize(right[:len(right)-8]); n != 0 {
		t.Errorf("a short one: %d", n)
	}
	if n := coalescedSize(nil); n != 0 {
		t.Errorf("none: %d", n)
	}
}
