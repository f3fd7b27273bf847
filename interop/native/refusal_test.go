//go:build unix

package native

import (
	"fmt"
	"strings"
	"testing"
)

// A refusal is what makes a handshake fail. The zero value is nothing.
type refusal struct {
	suite, group string // what our side insists on
	pin          string // whose fingerprint we expect
	missing      bool   // the client shows no certificate though the server asks for one
	alert        int    // what our side sends; 0: theirs sends one
}

// refusals are scenes that fail. role is theirs.
func refusals(role string) []scene {
	base := scene{suite: ecdsaGCM128, group: "secp256r1", srtp: "SRTP_AES128_CM_HMAC_SHA1_80", serverCert: "p256", clientCert: "p256"}
	var all []scene
	add := func(name string, r refusal) {
		s := base
		s.name, s.refusal = name, r
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
	return all
}

// refused runs a scene that fails and checks both sides' alerts. It never comes to
// a connection.
func refused(t *testing.T, k *stack, s *scene, role string) {
	if k.anyGroup && role == "server" && s.refusal.group != "" {
		t.Skip("not possible: the program cannot restrict the groups of its server")
	}
	var we, they *process
	if role == "client" {
		we = start(t, ours, append(s.flags("server"), "--addr", "127.0.0.1:0", "--timeout", "8")...)
		port := we.await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1]
		they = k.client(t, s, port, t.TempDir(), nil).program()
	} else {
		port := freePort(t)
		they = k.server(t, s, port).program()
		we = start(t, ours, append(s.flags("client"), "--addr", "127.0.0.1:"+port, "--timeout", "4")...)
	}
	if code := we.exit(); code != 1 {
		t.Errorf("our exit code is %d", code)
	}
	text := we.text()
	if strings.Contains(text, "connected ") || !strings.Contains(text, "error stage=handshake ") {
		t.Errorf("we say\n%s", text)
	}
	switch {
	case s.refusal.alert != 0:
		if want := fmt.Sprintf("alert dir=sent level=fatal desc=%d\n", s.refusal.alert); !strings.Contains(text, want) {
			t.Errorf("we do not say %q but\n%s", want, text)
		}
		heard := k.heard
		if k.fault != nil {
			if why, evidence := k.fault(s, role); why != "" {
				t.Logf("KNOWN FAULT of %s: %s", k.name, why)
				heard = evidence
			}
		}
		if strings.Contains(heard, "%d") {
			heard = fmt.Sprintf(heard, s.refusal.alert)
		}
		they.await(heard, 1)
	case k.silent && s.refusal.missing:
		if !strings.Contains(text, "timed out") {
			t.Errorf("we say\n%s", text)
		}
	case !strings.Contains(text, "alert dir=recv level=fatal desc="):
		t.Errorf("we heard no alert:\n%s", text)
	}
}
