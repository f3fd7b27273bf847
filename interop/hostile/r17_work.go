package main

import (
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

func init() {
	register("R17", "public-key operations that an attacker causes in a retransmission interval", work17)
}

// A counter counts what costs: the signatures that an end makes, and the flights that it judges as far as their
// signature.
type counter struct {
	crypto.Signer
	n int
}

func (c *counter) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	c.n++
	return c.Signer.Sign(r, digest, o)
}

// work17 gives an end, all the time, flights that look genuine up to a signature that does not verify.
func work17(r *report) {
	intervals := r.scaled(40, 12)
	for to := range 2 {
		count := &counter{Signer: certificates[to].Signer()}
		c := scene{}
		c.change = func(client, server *dtlstransport.Config) {
			config := []*dtlstransport.Config{client, server}[to]
			counted, err := fingerprint.New(count, certificates[to].Chain()...)
			if err != nil {
				panic(err)
			}
			config.Certificates = []*fingerprint.Certificate{counted}
			// It is asked once for each flight that is judged, right before the signature in it.
			expected := config.RemoteFingerprints
			config.RemoteFingerprints = nil
			config.VerifyPeer = func(chain [][]byte) error {
				count.n++
				return expected.Verify(chain[0])
			}
			config.FailureGrace = time.Hour // only the genuine flight ends this
		}
		s := c.play(r.seed)
		s.arrive(1 + to) // as far as to awaits a signed flight
		// The genuine flight is in flight, and stays there: the attacker is ahead of it.
		genuine := s.sent[1-to][len(s.sent[1-to])-1]
		signed := forge.ServerKeyExchange
		if to == server {
			signed = forge.CertificateVerify
		}
		forged := func(i int) []byte {
			b, _ := forge.Replace(genuine, signed, func(m forge.Message) forge.Message {
				m.Body[len(m.Body)-1-i%32] ^= byte(1 + i/32%255)
				return m
			})
			return b
		}
		e := s.ends[to]
		worst, first, total, i := 0, 0, 0, 0
		for interval := range intervals {
			before := count.n
			due := e.Deadline()
			for range 300 {
				s.script = s.script[:0]
				s.forge(to, forged(i))
				i++
				r.ran(0)
			}
			cost := count.n - before
			if total += cost; interval == 0 {
				first = cost
			} else {
				worst = max(worst, cost)
			}
			if e.err != nil || due.IsZero() {
				break
			}
			s.now = due
			s.after(e, e.HandleTimeout(s.now))
		}
		name := []string{"client", "server"}[to]
		r.row("the "+name, fmt.Sprintf("%d at once, then at most %d; %d for %d flights", first, worst, total, i), "<= 8 at once, then <= 4", first <= 8+1 && worst <= 4)
		s.forge(to, genuine)
		s.run(20*time.Second, s.bothConnected)
		r.row("    and then the genuine flight", map[bool]string{true: "connected", false: state(e)}[s.bothConnected()], "connected", s.bothConnected())
	}
}
