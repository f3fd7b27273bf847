package table

import (
	"fmt"
	"strings"
)

// A Selection is what of the table to run. Its zero value is everything.
type Selection struct {
	// Names, or parts of them, regardless of case; several with commas between them. Who bears exactly such a name is selected alone,
	// although others may have it in theirs.
	Peer, Role, Case string
	Quick            bool

	wholePeer, wholeCase bool // see among
}

// among returns the selection as it is meant among peers.
func (s Selection) among(peers []*Peer) Selection {
	for _, p := range peers {
		s.wholePeer = s.wholePeer || strings.EqualFold(p.Name, s.Peer)
		for i := range p.Cells {
			s.wholeCase = s.wholeCase || strings.EqualFold(p.Cells[i].Case, s.Case)
		}
	}
	return s
}

// Takes reports whether a cell is selected.
func (s *Selection) Takes(p *Peer, c *Cell) bool {
	return matches(p.Name, s.Peer, s.wholePeer) && matches(c.Role, s.Role, false) && matches(c.Case, s.Case, s.wholeCase) && (c.Quick || !s.Quick)
}

func matches(name, parts string, whole bool) bool {
	if whole {
		return strings.EqualFold(name, parts)
	}
	found := parts == ""
	for part := range strings.SplitSeq(parts, ",") {
		part = strings.TrimSpace(part)
		found = found || part != "" && strings.Contains(strings.ToLower(name), strings.ToLower(part))
	}
	return found
}

// Command is what runs the cell alone.
func (r *Result) Command() string {
	return fmt.Sprintf("go run ./interop -peer %q -role %s -case %q", r.Peer, r.Role, r.Case)
}
