package sessions

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions/internal/meeting"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// connect shakes hands and checks whether an earlier session was taken up.
func connect(t *testing.T, now time.Time, client, server *dtlstransport.Config, resumed bool) {
	t.Helper()
	o, err := meeting.Run(now, client, server)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := o.Resumed(); err != nil || got != resumed {
		t.Fatalf("resumed %v, want %v (%v)", got, resumed, err)
	}
}

// testStores runs a test with plain and with sealed stores. The clock of the
// stores is *now.
func testStores(t *testing.T, test func(t *testing.T, now *time.Time, client, server dtlstransport.SessionStore)) {
	for _, sealed := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "sealed"}[sealed], func(t *testing.T) {
			now := new(time.Time)
			var stores [2]dtlstransport.SessionStore
			for i := range stores {
				stores[i] = newTestStore(MemoryConfig{}, now)
				if sealed {
					s, err := NewSealedStore(stores[i], [32]byte{1})
					if err != nil {
						t.Fatal(err)
					}
					stores[i] = s
				}
			}
			test(t, now, stores[0], stores[1])
		})
	}
}

func TestHandshakesAreResumedFromTheStores(t *testing.T) {
	testStores(t, func(t *testing.T, now *time.Time, clientStore, serverStore dtlstransport.SessionStore) {
		for _, tickets := range []dtlstransport.TicketSealer{nil, dtlstransport.NewTicketKeys([32]byte{1})} {
			*now = start
			client, server, err := meeting.Configs()
			if err != nil {
				t.Fatal(err)
			}
			client.Sessions, server.Sessions, server.Tickets = clientStore, serverStore, tickets
			connect(t, *now, client, server, false)
			*now = now.Add(time.Hour)
			connect(t, *now, client, server, true)
			*now = now.Add(2 * dtlstransport.DefaultSessionLifetime)
			connect(t, *now, client, server, false)
		}
	})
}

func TestAPeerIsForgottenByItsFingerprint(t *testing.T) {
	testStores(t, func(t *testing.T, now *time.Time, clientStore, serverStore dtlstransport.SessionStore) {
		// Two clients at one server.
		var clients, servers [2]*dtlstransport.Config
		for i := range clients {
			var err error
			if clients[i], servers[i], err = meeting.Configs(); err != nil {
				t.Fatal(err)
			}
			clients[i].Sessions, servers[i].Sessions = clientStore, serverStore
			connect(t, *now, clients[i], servers[i], false)
		}
		connect(t, *now, clients[0], servers[0], true)

		for i := range clients {
			for side, store := range map[dtlstransport.SessionStore]*dtlstransport.Config{serverStore: clients[i], clientStore: servers[i]} {
				peer := store.Certificates[0]
				for _, h := range []fingerprint.Hash{"sha-256", "sha-512"} {
					f, err := peer.FingerprintWith(h)
					if err != nil {
						t.Fatal(err)
					}
					keys, err := KeysOfPeer(side, f)
					if err != nil || len(keys) != 1 || side.Get(keys[0]) == nil {
						t.Errorf("the keys of peer %d by %s: %v, %v", i, h, keys, err)
					}
				}
			}
		}
		if n, err := DeletePeer(serverStore, clients[0].Certificates[0].Fingerprint()); n != 1 || err != nil {
			t.Errorf("%d deleted, %v", n, err)
		}
		connect(t, *now, clients[0], servers[0], false)
		connect(t, *now, clients[1], servers[1], true)
		if n, err := DeletePeer(serverStore, servers[0].Certificates[0].Fingerprint()); n != 0 || err != nil {
			t.Errorf("our own fingerprint: %d deleted, %v", n, err)
		}
		// At the client, the peer is the server.
		if n, err := DeletePeer(clientStore, servers[1].Certificates[0].Fingerprint()); n != 1 || err != nil {
			t.Errorf("%d deleted, %v", n, err)
		}
		connect(t, *now, clients[1], servers[1], false)
	})
}

func TestAStoreThatCannotBeLookedThroughIsAnError(t *testing.T) {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DeletePeer(tray{}, certificate.Fingerprint()); !errors.Is(err, ErrNoRange) {
		t.Errorf("%v", err)
	}
	old, err := fingerprint.Parse("sha-1 " + strings.Repeat("00:", 19) + "00")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DeletePeer(NewMemoryStore(nil), old); err == nil {
		t.Error("a fingerprint of a hash that is not verified finds nothing, without an error")
	}
}

// A real session, cut anywhere, shows no certificate, and so does junk.
func FuzzSessionPeer(f *testing.F) {
	client, server, err := meeting.Configs()
	if err != nil {
		f.Fatal(err)
	}
	inner := tray{}
	server.Sessions = inner
	client.Sessions = tray{}
	if _, err := meeting.Run(start, client, server); err != nil {
		f.Fatal(err)
	}
	leaf := client.Certificates[0].Chain()[0]
	for _, session := range inner {
		if !slices.Equal(dtlstransport.SessionPeer(session), leaf) {
			f.Fatalf("session %x shows %x, want %x", session, dtlstransport.SessionPeer(session), leaf)
		}
		for i := range session {
			if dtlstransport.SessionPeer(session[:i]) != nil {
				f.Errorf("a session cut to %d bytes shows a certificate", i)
			}
		}
		f.Add(session)
	}
	if len(inner) != 1 {
		f.Fatalf("%d sessions", len(inner))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := dtlstransport.SessionPeer(b); len(got) > len(b) || got != nil && (len(got) == 0) {
			t.Errorf("%x shows %x", b, got)
		}
	})
}
