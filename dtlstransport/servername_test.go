package dtlstransport

import (
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestServerAcknowledgesItsOwnName(t *testing.T) {
	for _, test := range []struct {
		client, server string
		acknowledged   bool
	}{
		{"", "sfu.example", false},
		{"sfu.example", "", false},
		{"other.example", "sfu.example", false},
		{"sfu.example", "SFU.example", true},
	} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.ServerName, server.ServerName = test.client, test.server
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		acknowledged := false
		s.before = func(to *end, _ int, b []byte) [][]byte {
			if to != s.client {
				return nil
			}
			for _, m := range messagesIn(t, b) {
				if m.typ == wire.TypeServerHello {
					hello, err := wire.ParseServerHello(m.body)
					acknowledged = err == nil && hello.HasServerName
				}
			}
			return nil
		}
		s.connect()
		if acknowledged != test.acknowledged {
			t.Errorf("%q at %q: acknowledged %v", test.client, test.server, acknowledged)
		}
		for _, e := range []*end{s.client, s.server} {
			if got := e.ConnectionState().ServerName; got != test.client {
				t.Errorf("the %s says %q, want %q", e.name, got, test.client)
			}
		}
	}
}

func TestServerNamesAreChecked(t *testing.T) {
	for _, name := range []string{"192.0.2.1", "2001:db8::1", "sfu.example.", "sfu example", "sfü.example", strings.Repeat("a", 256)} {
		c, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		c.ServerName = name
		if _, err := NewEngine(RoleClient, c); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

// "A server that implements this extension MUST NOT accept the request to resume the
// session if the server_name extension contains a different name." RFC 6066, Section
// 3.
func TestSessionIsResumedUnderItsNameOnly(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.client.ServerName, r.server.ServerName = "sfu.example", "sfu.example"
		r.connect(t, epochZero, false)
		p := r.connect(t, epochZero, true)
		if got := p.server.ConnectionState().ServerName; got != "sfu.example" {
			t.Errorf("name %q of a resumed session", got)
		}
		// The client does not offer it under another name.
		r.client.ServerName = ""
		p = newPair(t, r.client, r.server, netsim.Config{})
		if o := p.client.offerSession(epochZero); o.session != nil {
			t.Error("a session is offered under another name")
		}
		// And if it did: the server does not take it.
		r.client.ServerName = "sfu.example"
		s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
		s.startWith(func(m *wire.ClientHello) { m.ServerName = "other.example" }, nil)
		if !s.run(DefaultHandshakeTimeout, func() bool { return s.server.certificate != nil }) {
			t.Errorf("no full handshake: server %v", s.server.err)
		}
	})
}

func TestResumingServerDoesNotAcknowledgeTheName(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.client.ServerName, r.server.ServerName = "sfu.example", "sfu.example"
		r.connect(t, epochZero, false)
		s := newScene(t, r.client, r.server, netsim.Config{Delay: sceneDelay})
		s.before = func(to *end, _ int, b []byte) [][]byte {
			if to == s.client {
				hello, err := wire.ParseServerHello(messagesIn(t, b)[0].body)
				if err != nil || hello.HasServerName {
					t.Errorf("%+v, %v", hello, err)
				}
			}
			return nil
		}
		s.connect()
		if !s.server.ConnectionState().Resumed {
			t.Error("not resumed")
		}
	})
}
