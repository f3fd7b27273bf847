//go:build linux

package udp

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestBurstsComeBackFromEveryServer(t *testing.T) {
	for _, f := range Figures() {
		for _, c := range f.Contenders {
			cost, err := c.Run(100)
			if errors.Is(err, unix.ENOPROTOOPT) {
				t.Logf("%s: this kernel has no such thing", c.Name)
				continue
			}
			if err != nil || cost < 0 {
				t.Errorf("%s: %v, %v", c.Name, cost, err)
			}
		}
	}
}
