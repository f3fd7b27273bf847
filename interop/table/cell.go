package table

import (
	"context"
	"fmt"
)

// A Peer is a foreign implementation as one program drives it.
type Peer struct {
	Name string
	// Kind is what peers have in common that are shown together, in a few words.
	Kind    string
	Package string // who brings it: names of packages, for those who have it not
	// Prepare makes the peer ready, before its first cell and once, and returns its version. With a *MissingError the peer is not
	// installed.
	Prepare func(ctx context.Context) (version string, err error)
	// Close ends what is left after the last cell; nil: nothing is.
	Close func()
	Cells []Cell
}

// A Cell is one case of a peer.
type Cell struct {
	Role string // theirs: "client" or "server", or what the peer calls it
	Case string // a sentence
	// Quick cells are run by those who wait for the result.
	Quick bool
	// Lane is a name: cells with the same one run one after the other. Empty: at any time.
	Lane string
	// Heavy cells keep a processor busy: only as many run at the same time as there are.
	Heavy bool
	Run   func(*Trial)
}

// A MissingError says that a peer is not installed.
type MissingError struct {
	What    string // is missing: a command, a header; without Package, a whole reason
	Package string
}

func (e *MissingError) Error() string {
	if e.Package == "" {
		return e.What
	}
	return fmt.Sprintf("there is no %s, which comes with %s", e.What, e.Package)
}
