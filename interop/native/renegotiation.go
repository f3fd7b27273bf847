//go:build unix

package native

import (
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// renegotiations are the cells in which s_client and s_server of OpenSSL renegotiate, on commands of theirs. We answer with a
// no_renegotiation warning (RFC 8827, Section 6.5; RFC 5746, Section 4.5), of which OpenSSL makes an end of its own.
func renegotiations(k *stack, l func() *lab) []table.Cell {
	open := func(t *table.Trial, role string) *run {
		s := &scene{suite: ecdsaGCM128, group: "x25519", serverCert: "p256", clientCert: "p256"}
		return &run{Trial: t, lab: l(), k: k, s: s, role: role, watch: &watch.Watch{}}
	}
	return []table.Cell{
		{Role: "client", Case: "a client that renegotiates is told that we do not", Quick: true, Run: func(t *table.Trial) { // ALERT-06
			r := open(t, "client")
			server := r.start(r.ours, append(r.flags("server"), "--addr", "127.0.0.1:0")...)
			port := r.relay(server.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1])
			client := k.client(r, port, r.TempDir(), nil)
			client.connected(1)
			client.send("xbefore")
			client.received("xbefore")
			client.send("R")
			client.program().Await(`RENEGOTIATING`, 1)
			client.program().Await(`no renegotiation`, 1)
		}},
		{Role: "server", Case: "a server that asks to renegotiate is told that we do not", Quick: true, Run: func(t *table.Trial) { // ALERT-06
			r := open(t, "server")
			port := r.freePort()
			server := k.server(r, port)
			client := r.start(r.ours, append(r.flags("client"), "--addr", "127.0.0.1:"+r.relay(port), "--wait-close")...)
			server.connected(1)
			server.send("r")
			server.program().Await(`no renegotiation`, 1)
			client.Await(`(?m)^(alert dir=recv level=fatal|closed by=)`, 1)
		}},
	}
}
