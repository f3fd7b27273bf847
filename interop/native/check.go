//go:build unix

package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// ourMTU is what our datagrams are bounded by unless a scene says otherwise, in bytes.
const ourMTU = 1200

// check compares what our program says of the n-th association with the scene
// and with what the foreign side says.
func (r *run) check(p *process.Process, n int, f facts, resumed bool) {
	s := r.s
	line := p.Await(`(?m)^connected version=dtls1\.2 suite=(\S+) group=(\S+) srtp=(\S+) ems=(\d) resumed=(\d)$`, n)
	want := []string{s.suite, s.group, s.agreed(), "1", "0"}
	if want[2] == "" {
		want[2] = "none"
	}
	if s.withoutEMS() {
		want[3] = "0"
	}
	if resumed {
		want[1], want[4] = "none", "1"
	}
	if !slices.Equal(line[1:], want) {
		r.Errorf("we say %q, want %q", line[1:], want)
	}
	for i, said := range []string{f.suite, f.group, f.srtp, f.ems, f.resumed} {
		if said != "" && said != want[i] {
			r.Errorf("they say %q, want %q", said, want[i])
		}
	}
	for i, e := range s.exports {
		context := "-"
		if e.context != "" {
			context = "c" + e.context[1:]
		}
		got := p.Await(fmt.Sprintf(`(?m)^export %s %d %s ([0-9a-f]{%d})$`, e.label, e.length, context, 2*e.length), n)[1]
		if i >= len(f.exports) {
			r.Errorf("they do not export %v", e)
		} else if !strings.EqualFold(f.exports[i], got) {
			r.Errorf("%v: they export %s, we %s", e, f.exports[i], got)
		}
	}
}

// checkWire compares what went over the wire with the scene.
func (r *run) checkWire() {
	s := r.s
	handshakes := r.watch.Handshakes()
	want := 1
	if s.resume != "" {
		want = 2
	}
	if len(handshakes) != want {
		r.Errorf("on the wire there are %d handshakes, want %d", len(handshakes), want)
	}
	us := watch.Client
	if r.role == "client" {
		us = watch.Server
	}
	for i, h := range handshakes {
		f := h.Facts
		equal := func(what string, got, want any) {
			if got != want {
				r.Errorf("handshake %d on the wire: %s is %v, want %v", i+1, what, got, want)
			}
		}
		resumed := i > 0
		equal("the version", f.Version, "DTLS 1.2")
		equal("the suite", f.Suite, s.suite)
		equal("the SRTP profile", f.SRTP, s.agreed())
		equal("extended_master_secret", f.EMS, !s.withoutEMS())
		equal("resumption", f.Resumed, resumed)
		equal("the offer of DTLS 1.3", f.Offers13, s.theirs13 && us == watch.Server)
		if f.Has13 && (!s.theirs13 || us == watch.Server) { // NSS 3.87 leaves the mark out in DTLS
			r.Errorf("handshake %d on the wire: the server says that it has DTLS 1.3", i+1)
		}
		equal("HelloVerifyRequest", f.Cookie, s.cookie || r.k.cookies && r.role == "server")
		if !resumed {
			equal("the group", f.Group, strings.TrimPrefix(s.group, noGroup))
			equal("the request for a certificate", f.ClientAuth, s.clientCert != "")
			equal("the client's certificate", f.Certificates[0] > 3, s.clientCert != "")
		}
		if len(f.Alerts) > 0 {
			r.Errorf("handshake %d on the wire: alerts %v", i+1, f.Alerts)
		}
		// What a server answers, the client has asked for (RFC 5246, Section 7.4.1.4), renegotiation_info perhaps by a suite
		// (RFC 5746, Section 3.3).
		for _, e := range f.ServerAnswers {
			if us == watch.Server && !slices.Contains(f.ClientOffers, e) && (e != "renegotiation_info" || !slices.Contains(f.Suites, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV")) {
				r.Errorf("handshake %d on the wire: we answer %s, which they have not offered", i+1, e)
			}
		}
		ours, theirs := f.Largest[0], f.Largest[1]
		if us == watch.Server {
			ours, theirs = theirs, ours
		}
		limit := s.mtu
		if limit == 0 {
			limit = ourMTU
		}
		if ours > limit {
			r.Errorf("handshake %d on the wire: our largest datagram has %d bytes, more than %d", i+1, ours, limit)
		}
		if s.theirMTU != 0 && theirs > s.theirMTU {
			r.Logf("handshake %d on the wire: their largest datagram has %d bytes, more than the %d that it was told", i+1, theirs, s.theirMTU)
		}
	}
}
