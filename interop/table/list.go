package table

import (
	"encoding/json"
	"fmt"
	"io"
)

// List writes the names of the selected cells.
func List(w io.Writer, peers []*Peer, s Selection) {
	n, s := 0, s.among(peers)
	for _, p := range peers {
		for i := range p.Cells {
			c := &p.Cells[i]
			if !s.Takes(p, c) {
				continue
			}
			n++
			quick := ""
			if c.Quick {
				quick = "  (quick)"
			}
			fmt.Fprintf(w, "%s, their %s: %s%s\n", p.Name, c.Role, c.Case, quick)
		}
	}
	fmt.Fprintf(w, "%d cells\n", n)
}

// WriteJSON writes everything that is known.
func (t *Table) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(t)
}
