package netsim_test

import (
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A test steps a link by hand: time jumps from one arrival to the next.
func Example() {
	link := netsim.New(netsim.Config{
		Delay: 25 * time.Millisecond,
		Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.AtoB && n == 1} // lose the second datagram of A
		},
	})

	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	start := now
	for _, text := range []string{"one", "two", "three"} {
		link.Send(now, netsim.AtoB, []byte(text))
	}
	for next := link.NextArrival(); !next.IsZero(); next = link.NextArrival() {
		now = next
		d, b, _ := link.Receive(now, nil)
		fmt.Println(now.Sub(start), d, string(b))
		if string(b) == "three" {
			link.Send(now, netsim.BtoA, []byte("where is two?"))
		}
	}
	fmt.Println("lost:", link.Dropped(netsim.AtoB))
	// Output:
	// 25ms A->B one
	// 25ms A->B three
	// 50ms B->A where is two?
	// lost: 1
}
