package dtls

import "github.com/rtctransport/rtctransport/interop/bench/rounds"

// A kind is what is measured.
type kind string

// The kinds. Their values are what the C programs are told.
const (
	full     kind = "full"    // a handshake with certificates on both sides
	resumed  kind = "id"      // one that resumes a session by its session_id, with client certificates
	ticketed kind = "ticket"  // likewise by a ticket
	records  kind = "records" // a record of 1,200 bytes sealed and opened
	idle     kind = "idle"    // an association that is kept; what is measured is memory
)

// A task is a kind with a name, and how often it is done in a round.
type task struct {
	kind  kind
	name  string
	times int
}

// tasks has rounds of some 50 ms. All handshakes are ECDSA P-256 on both sides, X25519, AES-128-GCM with SHA-256, extended
// master secret, use_srtp, no cookie; peers are known by the SHA-256 of their certificates.
var tasks = []task{
	{full, "full handshake, certificates on both sides", 120},
	{resumed, "resumed handshake, session_id", 800},
	{ticketed, "resumed handshake, ticket", 800},
	{records, "record of 1,200 bytes, sealed and opened", 40000},
	{idle, "idle association, heap and stacks", 100},
}

// Figures returns what is measured, and what ends the programs that take part. Who does not is told.
func Figures(tell func(string)) (figures []rounds.Figure, end func(), err error) {
	contenders, err := all(tell)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range tasks {
		f := rounds.Figure{Name: "DTLS, " + t.name, Unit: "CPU us, both ends", Times: t.times}
		scale := 1e-3 // of ns
		if t.kind == idle {
			f.Unit, scale = "bytes an end", 0.5
		}
		for _, c := range contenders {
			if !c.can(t.kind) {
				continue
			}
			_, foreign := c.(*program)
			f.Contenders = append(f.Contenders, rounds.Contender{Name: c.name(), Slow: c.slow(t.kind), Foreign: foreign, Run: func(n int) (float64, error) {
				cost, err := c.run(t.kind, n)
				return cost * scale, err
			}})
		}
		figures = append(figures, f)
	}
	return figures, func() {
		for _, c := range contenders {
			c.close()
		}
	}, nil
}
