//go:build unix

package native

import (
	"context"
	"os"
	"sync"

	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// Peers returns the stacks with their cells, and what removes what was built for them.
func Peers() (peers []*table.Peer, remove func()) {
	var once sync.Once
	var l *lab
	var failed error
	open := func(ctx context.Context) error {
		once.Do(func() {
			var dir string
			if dir, failed = os.MkdirTemp("", "rtc-native-"); failed != nil {
				return
			}
			if l, failed = newLab(ctx, dir); failed != nil {
				os.RemoveAll(dir)
			}
		})
		return failed
	}
	for _, k := range []*stack{openssl(), opensslLibrary(), gnutls(), mbedtls(), wolfssl(), nss(), botan(), boringssl(), pion()} {
		p := &table.Peer{Name: k.name, Kind: "DTLS", Package: k.pkg}
		p.Prepare = func(ctx context.Context) (string, error) {
			if err := open(ctx); err != nil {
				return "", err
			}
			return k.prepare(ctx, l)
		}
		for _, role := range []string{"client", "server"} {
			for _, s := range append(append(scenes(), refusals(role)...), silence()) {
				if s.beyond && !k.goesBeyond() {
					continue
				}
				p.Cells = append(p.Cells, table.Cell{Role: role, Case: s.name, Quick: !s.slow, Run: func(t *table.Trial) {
					s := s.clone()
					r := &run{Trial: t, lab: l, k: k, s: &s, role: role, watch: &watch.Watch{}}
					r.play()
				}})
			}
		}
		p.Cells = append(p.Cells, renegotiations(k, func() *lab { return l })...)
		peers = append(peers, p)
	}
	return peers, func() {
		if l != nil {
			os.RemoveAll(l.dir)
		}
	}
}

// play plays the scene as far as the stack can.
func (r *run) play() {
	k, s := r.k, r.s
	for _, f := range k.chance {
		r.MayFault(f.why, f.evidence)
	}
	if k.adjust != nil {
		if what := k.adjust(s); what != "" {
			r.Logf("%s", what)
		}
	}
	if s.refusal.expected() {
		r.refused()
		return
	}
	if why := k.lacks(s); why != "" {
		r.Impossible(why)
	}
	if s.theirs13 && k.no13 != "" {
		r.Impossible(k.no13)
	}
	if k.cannot != nil {
		if why := k.cannot(s, r.role); why != "" {
			r.Impossible(why)
		}
	}
	if k.fault != nil {
		if why, evidence := k.fault(s, r.role); why != "" {
			r.showFault(why, evidence)
			return
		}
	}
	for i, size := range s.sizes {
		if limit, ok := k.limit[r.role]; ok && size > limit {
			r.Logf("%d bytes instead of %d: the program sends no larger records", limit, size)
			s.sizes[i] = limit
		}
	}
	if s.mute {
		r.silenced()
		return
	}
	if r.role == "client" {
		r.theirClient()
	} else {
		r.theirServer()
	}
	r.checkWire()
}
