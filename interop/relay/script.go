package relay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A Fault is the fate of one datagram.
type Fault struct {
	Direction netsim.Direction
	Number    int // from 0
	Fate      netsim.Fate
}

// find returns the first fault of datagram n of direction d, or -1.
func find(faults []Fault, d netsim.Direction, n int) int {
	return slices.IndexFunc(faults, func(f Fault) bool { return f.Direction == d && f.Number == n })
}

// Parse reads faults as people write them, separated by commas; empty is none. A is the client, B the target, and the
// numbers count the datagrams that each of them sends, from 1:
//
//	drop A2            the second datagram of the client is lost
//	dup B1             the first of the target arrives twice
//	delay A1 300ms     it arrives so much later
//	corrupt B3         one bit of it is flipped
func Parse(script string) ([]Fault, error) {
	var faults []Fault
	for text := range strings.SplitSeq(script, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		f, err := parseFault(strings.Fields(text))
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", text, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func parseFault(words []string) (f Fault, err error) {
	if len(words) < 2 || len(words[1]) < 2 {
		return f, fmt.Errorf("want a verb and a datagram, as in drop A2")
	}
	switch words[1][0] {
	case 'A':
		f.Direction = netsim.AtoB
	case 'B':
		f.Direction = netsim.BtoA
	default:
		return f, fmt.Errorf("direction %c, want A or B", words[1][0])
	}
	n, err := strconv.Atoi(words[1][1:])
	if err != nil || n < 1 {
		return f, fmt.Errorf("datagram %s, want a number from 1", words[1][1:])
	}
	f.Number = n - 1
	arguments := words[2:]
	switch words[0] {
	case "drop":
		f.Fate.Drop = true
	case "dup":
		f.Fate.Copies = 1
	case "corrupt":
		f.Fate.Corrupt = true
	case "delay":
		if len(arguments) != 1 {
			return f, fmt.Errorf("want a time, as in delay A1 300ms")
		}
		f.Fate.Extra, err = time.ParseDuration(arguments[0])
		return f, err
	default:
		return f, fmt.Errorf("verb %s, want drop, dup, delay or corrupt", words[0])
	}
	if len(arguments) > 0 {
		return f, fmt.Errorf("%s takes no argument", words[0])
	}
	return f, nil
}
