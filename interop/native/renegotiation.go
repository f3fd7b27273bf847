//go:build unix

package native

import (
	"strings"

	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A renegotiation is what a stack makes of our refusal to renegotiate. We answer a HelloRequest, and a ClientHello under keys, with
// a no_renegotiation warning (RFC 8827, Section 6.5; RFC 5746, Section 4.5), and go on.
type renegotiation struct {
	cannot string // why it does not ask for one; empty: it does
	hears  string // what its program then prints, as a pattern; empty: nothing
	ends   bool   // it then ends the association, or sends nothing more and waits
}

// neither is of a stack that does not ask for one in any role.
func neither(why string) map[string]renegotiation {
	return map[string]renegotiation{"client": {cannot: why}, "server": {cannot: why}}
}

// refusedRenegotiation is what the shims print; see testdata/shim.h.
const refusedRenegotiation = `(?m)^refused$`

// theyWereTold is what our program prints.
const theyWereTold = `(?m)^alert dir=sent level=warning desc=100$`

// renegotiations are the cells in which a stack asks to renegotiate.
func renegotiations(k *stack, l func() *lab) []table.Cell {
	open := func(t *table.Trial, role string) *run {
		if why := k.renegotiation[role].cannot; why != "" {
			t.Impossible(why)
		}
		s := &scene{suite: ecdsaGCM128, group: "x25519", serverCert: "p256", clientCert: "p256"}
		return &run{Trial: t, lab: l(), k: k, s: s, role: role, watch: &watch.Watch{}}
	}
	const before, after = "xbefore", "xafter"
	return []table.Cell{
		{Role: "client", Case: "a client that renegotiates is told that we do not", Quick: true, Run: func(t *table.Trial) { // ALERT-06
			r := open(t, "client")
			we := r.start(r.ours, append(r.flags("server"), "--addr", "127.0.0.1:0")...)
			port := r.relay(we.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1])
			client := k.client(r, port, r.TempDir(), nil)
			client.connected(1)
			client.send(before)
			client.received(before)
			client.renegotiate()
			we.Await(theyWereTold, 1)
			r.hear(client)
			if !k.renegotiation["client"].ends {
				client.send(after)
				client.received(after)
				client.close()
				we.Await(`(?m)^closed by=peer$`, 1)
			}
			r.sameAssociation(we.Text())
		}},
		{Role: "server", Case: "a server that asks to renegotiate is told that we do not", Quick: true, Run: func(t *table.Trial) { // ALERT-06
			r := open(t, "server")
			port := r.freePort()
			server := k.server(r, port)
			we := r.start(r.ours, append(r.flags("client"), "--addr", "127.0.0.1:"+r.relay(port), "--send", asHex(before), "--wait-close")...)
			server.connected(1)
			server.echo(before)
			we.Await(`(?m)^recv `+asHex(before)+`$`, 1)
			server.renegotiate()
			we.Await(theyWereTold, 1)
			r.hear(server)
			if k.renegotiation["server"].ends {
				we.Await(`(?m)^(alert dir=recv level=fatal|closed by=)`, 1)
			} else {
				server.close()
				we.Await(`(?m)^closed by=peer$`, 1)
			}
			r.sameAssociation(we.Text())
		}},
	}
}

// hear waits until they have heard our refusal, if they tell.
func (r *run) hear(they foreign) {
	if hears := r.k.renegotiation[r.role].hears; hears != "" {
		they.program().Await(hears, 1)
	}
}

// sameAssociation checks that no second handshake has come to its end.
func (r *run) sameAssociation(text string) {
	if n := strings.Count(text, "\nconnected "); n != 1 && !strings.HasPrefix(text, "connected ") {
		r.Errorf("we say %d times that we are connected", n)
	}
	if n := len(r.watch.Handshakes()); n != 1 {
		r.Errorf("on the wire there are %d handshakes", n)
	}
}
