package mux

import "testing"

func TestEveryContenderDeliversAllPackets(t *testing.T) {
	for _, f := range Figures() {
		for _, c := range f.Contenders {
			for _, n := range []int{1, 100, 20_000} {
				if _, err := c.Run(n); err != nil {
					t.Errorf("%s, %d packets: %v", c.Name, n, err)
				}
			}
		}
	}
}
