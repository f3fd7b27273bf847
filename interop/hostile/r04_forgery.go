package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/hostile/forge"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func init() { register("R4", "one forged datagram at every position of a handshake", forgeries) }

// An attack is one datagram of a forger.
type attack struct {
	name     string
	to       int // which end gets it
	datagram []byte
	residue  bool // what SECURITY.md does not promise when the peer is not ours
}

// recordSeqs are the record sequence numbers under which a forger sends: around the genuine ones, at the edges of the
// field, and where windows would move.
var recordSeqs = []uint64{0, 1, 2, 5, 100, 1 << 32, 1 << 47, 1<<48 - 1}

// forgeries plays every attack at every position. Position n is behind the n-th datagram that arrives, with the ones
// that it led to on their way: what is forged overtakes those.
func forgeries(r *report) {
	observed(r)
	blindly(r)
	lateServers(r)
	foreign(r)
	bursts(r)
}

// ways are those in which the genuine flights travel.
var ways = []struct {
	name string
	mtu  int
}{{"one datagram a flight", 0}, {"many datagrams", smallMTU}}

// positions returns how many datagrams arrive in an undisturbed handshake.
func (c scene) positions() int {
	n := c.counts()
	return n[client] + n[server]
}

// observed is class A, of an observer.
func observed(r *report) {
	forms, seen := 0, map[string]bool{}
	row, wrong := "A: observer, ends ours", "A: wrong successes"
	runs := 0
	for _, form := range ways {
		for kind := range numKinds {
			if kind == small {
				continue // it is the form
			}
			c := scene{kind: kind, mtu: form.mtu}
			for at := range c.positions() + 1 {
				seed := r.seed<<8 + uint64(at)
				s := c.play(seed)
				s.arrive(at)
				attacks := derived(s)
				forms += len(attacks)
				for i, a := range attacks {
					if seen[a.name] = true; r.short && (i+at+int(r.seed))%17 != 0 {
						continue
					}
					for j, number := range recordSeqs {
						if r.short && j != i%len(recordSeqs) {
							continue
						}
						a := a
						a.datagram = forge.Renumbered(a.datagram, number)
						r.attack(row, wrong, c, seed, at, a, false)
						runs++
					}
				}
			}
		}
	}
	r.none(row, runs, "0 killed")
	r.none(wrong, runs, "0")
	r.row("    forgeries derived from the handshake, and changes", fmt.Sprintf("%d, %d", forms, len(seen)), ">= 2000", forms >= 2000)
}

// blindly is class A and B, of a forger who sees nothing, also when fingerprints come late.
func blindly(r *report) {
	row, wrong := "A: blind, ends ours", "A: wrong successes, blind"
	late, wrongLate := "A: blind, fingerprints late", "A: wrong successes, fingerprints late"
	runs, lateRuns := 0, 0
	for kind := range numKinds {
		c := scene{kind: kind}
		for at := range c.positions() + 1 {
			seed := r.seed<<8 + uint64(at)
			for i, a := range blind() {
				if r.short && (i+at+int(r.seed))%23 != 0 {
					continue
				}
				for j, number := range recordSeqs {
					// The alerts and the other short ones under every number, messages under one at each position.
					if j != (i+at)%len(recordSeqs) && (a.message() || r.short) {
						continue
					}
					a := a
					a.datagram = renumbered(a.datagram, number)
					r.attack(row, wrong, c, seed, at, a, false)
					runs++
					if j == (i+at)%len(recordSeqs) && kind != resumed {
						late, wrongLate := late, wrongLate
						d := c
						d.change = func(client, server *dtlstransport.Config) {
							client.RemoteFingerprints, server.RemoteFingerprints = nil, nil
						}
						r.attack(late, wrongLate, d, seed, at, a, true)
						lateRuns++
					}
				}
			}
		}
	}
	r.none(row, runs, "0 killed")
	r.none(wrong, runs, "0")
	r.none(late, lateRuns, "0 killed")
	r.none(wrongLate, lateRuns, "0")
}

// attack plays one attack. With late, both ends learn the fingerprints only when they have connected otherwise.
func (r *report) attack(row, wrong string, c scene, seed uint64, at int, a attack, late bool) {
	s := c.play(seed)
	s.arrive(at)
	s.forge(a.to, a.datagram)
	if late {
		s.run(200*time.Millisecond, s.over)
		for i, e := range s.ends {
			if e.err == nil && !e.connected {
				s.after(e, e.SetRemote(s.now, certificates[1-i].Fingerprints()))
			}
		}
	}
	switch err := s.finish(); {
	case errors.Is(err, errWrong):
		r.fail(wrong, fmt.Sprintf("%v, position %d, %s to %d: %v", c.kind, at, a.name, a.to, err), s)
	case err != nil:
		r.fail(row, fmt.Sprintf("%v, mtu %d, position %d, %s to %d: %v", c.kind, c.mtu, at, a.name, a.to, err), s)
	}
	r.ran(0)
}

// lateServers is class A where the server begins later than its client, which is what gives a forged alert its time. What
// SECURITY.md lists is the alert alone, and no other form.
func lateServers(r *report) {
	for _, late := range []struct {
		row   string
		by    time.Duration
		grace time.Duration // zero: the default
		lost  bool          // by an alert
	}{
		{"A: blind, the server begins 1 s later", time.Second, 0, false},
		{"A: blind, 3 s later, FailureGrace 10 s", 3 * time.Second, 10 * time.Second, false},
		{"A: blind, 3 s later, but for alerts", 3 * time.Second, 0, true},
	} {
		runs, alerts := 0, 0
		for i, a := range blind() {
			if a.to != client || r.short && (i+int(r.seed))%23 != 0 && !a.alert() {
				continue
			}
			c := scene{knowsRTT: true, late: late.by, change: func(client, _ *dtlstransport.Config) { client.FailureGrace = late.grace }}
			s := c.play(r.seed)
			s.forge(a.to, a.datagram)
			runs++
			r.ran(0)
			if err := s.finish(); err != nil && late.lost && a.alert() {
				alerts++
			} else if err != nil {
				r.fail(late.row, fmt.Sprintf("%s: %v", a.name, err), s)
			}
		}
		r.none(late.row, runs, "0 killed")
		if late.lost {
			r.row("    by one alert, as listed in SECURITY.md", fmt.Sprint(alerts), "", true)
		}
	}
}

// foreign is class C: a blind datagram to our end, while the other is as strict as a stack of another make. What kills
// the other end is not ours to prevent; what ends ours, or has it wait for ever, is.
func foreign(r *report) {
	row, residues := "C: blind, to our end; the peer is of another make", "C: killed, as listed in SECURITY.md"
	runs := 0
	for _, form := range ways {
		for _, kind := range []kind{plain, cookie, resumed} {
			for ours := range 2 {
				c := scene{kind: kind, mtu: form.mtu}
				c.classical[1-ours] = true
				for at := range c.positions() + 1 {
					for i, a := range blind() {
						if a.to != ours || i%2 == 1 && kind == resumed || r.short && (i+at+int(r.seed))%41 != 0 {
							continue
						}
						a.datagram = renumbered(a.datagram, recordSeqs[(i+at)%len(recordSeqs)])
						s := c.play(r.seed<<8 + uint64(at))
						s.arrive(at)
						s.forge(a.to, a.datagram)
						runs++
						r.ran(0)
						if err := s.finish(); err == nil || s.ends[ours].connected {
							continue
						} else if a.residual(c, at) {
							r.failed[residues]++
						} else {
							r.fail(row, fmt.Sprintf("%v, mtu %d, position %d, %s to %d: %v", c.kind, c.mtu, at, a.name, a.to, err), s)
						}
					}
				}
			}
		}
	}
	r.none(row, runs, "0 beyond the residues")
	r.row(residues, fmt.Sprint(r.failed[residues]), "", true)
}

// residual reports whether SECURITY.md lists the attack among those that a handshake with a foreign peer may not survive.
func (a *attack) residual(c scene, at int) bool {
	switch {
	case a.to == server && c.kind != cookie && at == 0 && a.hello():
		return true // first on a link without cookies
	case a.to == client && c.mtu > 0 && a.residue:
		return true // part of a flight in many datagrams
	case a.to == client && a.verifyRequest():
		return true // the peer dies of what we answer
	}
	return false
}

// bursts is class B: sixteen blind datagrams at one moment, on a link that loses every fifth of the genuine ones. They
// must not make a handshake fail, and not slow.
func bursts(r *report) {
	n := r.scaled(4000, 300)
	row := "B: 16 blind datagrams, 20 % lost"
	all := blind()
	for kind := range numKinds {
		for i := range n / int(numKinds) {
			seed := r.seed<<32 + uint64(i)
			c := scene{kind: kind, knowsRTT: true, link: netsim.Config{Loss: 0.2, Seed: seed}}
			without := c.play(seed)
			calm := without.finish()
			s := c.play(seed)
			s.arrive(i % 7)
			for j := range 16 {
				a := all[(i*131+j*j*17+j)%len(all)]
				s.forge(a.to, renumbered(a.datagram, recordSeqs[(i+j)%len(recordSeqs)]))
			}
			if err := s.finish(); err != nil && calm == nil {
				r.fail(row, fmt.Sprintf("%v, after %d: %v", kind, i%7, err), s)
			}
			r.ran(0)
		}
	}
	r.none(row, n/int(numKinds)*int(numKinds), "as many complete as without")
}
