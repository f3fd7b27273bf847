package dtlstransport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A step is one message in the grammar of a flight.
type step struct {
	typ      wire.HandshakeType
	optional bool
}

// A grammar says which messages make up a flight, in order.
type grammar []step

// String writes the grammar as the RFC does, with an asterisk at what is
// optional.
func (g grammar) String() string {
	var names []string
	for _, s := range g {
		name := s.typ.String()
		if s.optional {
			name += "*"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// received is a message that was put together. The zero value is one that was
// left out.
type received struct {
	present bool
	typ     wire.HandshakeType
	seq     uint16
	body    []byte // is not changed any more
}

// receivedFlight is the messages of a flight in the places of their steps. The
// longest grammar is that of flight 4.
type receivedFlight [6]received

// match reads a flight that begins with message_seq seq. complete is false while
// messages are missing and those that are there may still become the flight; err
// says that they can not.
func (g grammar) match(in *flight.Reassembler, seq uint16, state string) (flight receivedFlight, complete bool, err *AlertError) {
	for i := 0; i < len(g); {
		typ, body, ok := in.Message(seq)
		if !ok {
			return flight, false, nil
		}
		// The message is of this step, or of the first behind it that cannot be
		// left out before.
		j := i + slices.IndexFunc(g[i:], func(s step) bool { return s.typ == typ || !s.optional })
		if j < i || g[j].typ != typ {
			return flight, false, alertf(AlertUnexpectedMessage, "message %v in state %s, which awaits %s", typ, state, g[i:])
		}
		flight[j] = received{true, typ, seq, body}
		i = j + 1
		seq++
	}
	return flight, true, nil
}

// stateName returns the name of a state for errors and tests.
func stateName(side string, names []string, state int) string {
	if state < 0 || state >= len(names) {
		return fmt.Sprintf("%s(%d)", side, state)
	}
	return names[state]
}
