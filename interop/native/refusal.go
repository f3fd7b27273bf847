//go:build unix

package native

import (
	"fmt"
	"strings"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// A refusal is what makes a handshake fail. The zero value is nothing.
type refusal struct {
	suite, group string // what our side insists on
	pin          string // whose fingerprint we expect
	noEMS        bool   // they go without extended master secret, and we insist on it
	missing      bool   // the client shows no certificate though the server asks for one
	alert        int    // what our side sends; 0: theirs sends one
}

// expected reports whether the handshake fails.
func (r *refusal) expected() bool { return *r != refusal{} }

// refusals are scenes that fail. role is theirs.
func refusals(role string) []scene {
	base := scene{suite: ecdsaGCM128, group: "secp256r1", srtp: "SRTP_AES128_CM_HMAC_SHA1_80", serverCert: "p256", clientCert: "p256"}
	var all []scene
	add := func(name string, r refusal) {
		s := base
		s.name, s.refusal = "refusal "+name, r
		if r.noEMS {
			s.noEMS, s.ourEMS = true, "require"
		}
		if r.missing && role == "client" {
			s.clientCert = ""
		}
		all = append(all, s)
	}
	add("of a wrong fingerprint", refusal{pin: "p384", alert: 42}) // bad_certificate
	// The server is who refuses: we with handshake_failure.
	ours := 0
	if role == "client" {
		ours = 40
	}
	add("for want of a suite", refusal{suite: ecdsaChaCha, alert: ours})
	add("for want of a group", refusal{group: "secp384r1", alert: ours})
	add("for want of a certificate", refusal{missing: true, alert: ours})
	add("for want of extended master secret", refusal{noEMS: true, alert: 40})
	return all
}

// refused plays a scene that fails and checks both sides' alerts, as they say and on the wire. It never comes to a
// connection.
func (r *run) refused() {
	k, s := r.k, r.s
	if k.anyGroup != "" && r.role == "server" && s.refusal.group != "" {
		r.Impossible(k.anyGroup)
	}
	if s.noEMS && k.cannot != nil {
		if why := k.cannot(s, r.role); why != "" {
			r.Impossible(why)
		}
	}
	var we, they *process.Process
	us, them := watch.Client, watch.Server
	if r.role == "client" {
		us, them = them, us
		we = r.start(r.ours, append(r.flags("server"), "--addr", "127.0.0.1:0", "--timeout", "20")...)
		port := r.relay(we.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1])
		they = k.client(r, port, r.TempDir(), nil).program()
	} else {
		port := r.freePort()
		they = k.server(r, port).program()
		timeout := "15" // alerts come sooner
		if k.silent && s.refusal.missing {
			timeout = "3"
		}
		we = r.start(r.ours, append(r.flags("client"), "--addr", "127.0.0.1:"+r.relay(port), "--timeout", timeout)...)
	}
	if code := we.Exit(); code != 1 {
		r.Errorf("our exit code is %d", code)
	}
	text := we.Text()
	if strings.Contains(text, "connected ") || !strings.Contains(text, "error stage=handshake ") {
		r.Errorf("we say\n%s", text)
	}
	onWire := func(side watch.Side) int {
		for _, h := range r.watch.Handshakes() {
			if n := h.Facts.FatalAlert(side); n >= 0 {
				return n
			}
		}
		return -1
	}
	switch {
	case s.refusal.alert != 0:
		if want := fmt.Sprintf("alert dir=sent level=fatal desc=%d\n", s.refusal.alert); !strings.Contains(text, want) {
			r.Errorf("we do not say %q but\n%s", want, text)
		}
		heard := k.heard
		if k.fault != nil {
			if why, evidence := k.fault(s, r.role); why != "" {
				r.Fault(why)
				heard = evidence
			}
		}
		if strings.Contains(heard, "%d") {
			heard = fmt.Sprintf(heard, s.refusal.alert)
		}
		they.Await(heard, 1)
		if n := onWire(us); n != s.refusal.alert {
			r.Errorf("on the wire our alert is %d, want %d", n, s.refusal.alert)
		}
	case k.silent && s.refusal.missing:
		if !strings.Contains(text, "timed out") || !strings.Contains(text, "hint: dtls: the server asked for a certificate and we have shown none") {
			r.Errorf("we say\n%s", text)
		}
	default:
		if n := onWire(them); n < 0 {
			r.Errorf("on the wire there is no alert of theirs")
		} else if !strings.Contains(text, fmt.Sprintf("alert dir=recv level=fatal desc=%d", n)) {
			r.Errorf("we do not say that alert %d came:\n%s", n, text)
		} else {
			r.prompt(text)
		}
	}
}
