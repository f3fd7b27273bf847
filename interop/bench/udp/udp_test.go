package udp

import "testing"

func TestBurstsComeBackFromEveryServer(t *testing.T) {
	for _, f := range Figures() {
		for _, c := range f.Contenders {
			if cost, err := c.Run(100); err != nil || cost < 0 {
				t.Errorf("%s: %v, %v", c.Name, cost, err)
			}
		}
	}
}
