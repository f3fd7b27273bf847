package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A flight that comes again in several datagrams is answered as soon as it is complete; the rest of it asks for
// nothing. A client of Botan 2.19 ends the association when the final flight comes twice.
func TestTheRestOfAResentFlightIsNotAnswered(t *testing.T) {
	for _, lost := range []spot{{netsim.AtoB, 1}, {netsim.AtoB, 2}, {netsim.BtoA, 0}, {netsim.BtoA, 1}, {netsim.BtoA, 2}, {netsim.BtoA, 3}} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.MaxDatagramSize, server.MaxDatagramSize = 300, 300
		repeated := 0
		count := func(e TraceEvent) {
			if e.Kind == TraceFlight && e.Direction == Sent && e.Flight.Cause == FlightRepeated {
				repeated++
			}
		}
		// Who sends again does so once a timeout.
		answers := server
		if client.Conformance = true; lost.d == netsim.BtoA {
			client.Conformance, server.Conformance, answers = false, true, client
		}
		answers.Trace = count
		p := newPair(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: lost == spot{d, n}}
		}})
		p.connect()
		p.run(time.Second, func() bool { return false })
		if repeated != 0 {
			t.Errorf("%v: the answer was sent again %d times", lost, repeated)
		}
	}
}

// Behind that, a flight that comes again is answered as ever.
func TestAFlightThatComesAThirdTimeIsAnswered(t *testing.T) { // RTX-03
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.MaxDatagramSize, server.MaxDatagramSize = 300, 300
	var p *pair
	p = newPair(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(d netsim.Direction, n int) netsim.Fate {
		return netsim.Fate{Drop: d == netsim.AtoB && n == 1 || d == netsim.BtoA && p.server.finished && p.server.Stats().Retransmissions == 0}
	}})
	p.connect()
	if n := p.server.Stats().Retransmissions; n == 0 {
		t.Error("the final flight was lost, and the client is connected without another")
	}
}
