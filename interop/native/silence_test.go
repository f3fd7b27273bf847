//go:build unix

package native

import (
	"testing"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// fragment is a record with one handshake message.
func fragment(epoch, message byte, body int) []byte {
	b := append([]byte{22, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0, 0, byte(12 + body)}, message, 0, 0, byte(body), 0, 3, 0, 0, 0, 0, 0, byte(body))
	return append(b, make([]byte, body)...)
}

func TestASideIsMutedOnceAServerHelloDoneHasPassed(t *testing.T) {
	done := append(fragment(0, 11, 30), fragment(0, 14, 0)...)
	for _, theirs := range []netsim.Direction{netsim.AtoB, netsim.BtoA} {
		lose := mutes(theirs)
		for i, d := range []struct {
			from netsim.Direction
			b    []byte
			lost bool
		}{
			{netsim.AtoB, fragment(0, 1, 60), false}, {netsim.AtoB, done, false}, {netsim.BtoA, fragment(1, 14, 0), false}, {netsim.BtoA, done[:40], false},
			{netsim.BtoA, done, false}, {netsim.AtoB, fragment(0, 16, 66), theirs == netsim.AtoB}, {netsim.BtoA, done, theirs == netsim.BtoA},
		} {
			if got := lose(d.from, d.b); got != d.lost {
				t.Errorf("theirs %v, datagram %d: lost %v", theirs, i, got)
			}
		}
	}
}
