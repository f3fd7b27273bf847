package boltstore

import (
	"bytes"
	"os"
	"regexp"
	"testing"
	"time"

	"encoding/hex"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions/internal/meeting"
)

// sealed puts a SealedStore around a store, or not.
func sealed(t *testing.T, s *Store, seal bool) dtlstransport.SessionStore {
	t.Helper()
	if !seal {
		return s
	}
	store, err := sessions.NewSealedStore(s, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestARestartedProcessResumes(t *testing.T) {
	for _, c := range []struct {
		name          string
		tickets, seal bool
	}{{"session_id", false, false}, {"session_id sealed", false, true}, {"ticket", true, false}, {"ticket sealed", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			clock, clientPath, serverPath := newClock(), path(t), path(t)
			client, server, err := meeting.Configs()
			if err != nil {
				t.Fatal(err)
			}
			if c.tickets {
				server.Tickets = dtlstransport.NewTicketKeys([32]byte{1})
			}
			for _, life := range []struct {
				at      time.Duration
				resumed bool
			}{{0, false}, {time.Hour, true}, {2 * time.Hour, true}, {25 * time.Hour, false}} {
				now := start.Add(life.at)
				clock.set(now)
				clientStore, serverStore := open(t, clientPath, clock, Config{}), open(t, serverPath, clock, Config{})
				client.Sessions, server.Sessions = sealed(t, clientStore, c.seal), sealed(t, serverStore, c.seal)
				o, err := meeting.Run(now, client, server)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := o.Resumed(); err != nil || got != life.resumed {
					t.Errorf("after %v: resumed %v, want %v (%v)", life.at, got, life.resumed, err)
				}
				for _, s := range []*Store{clientStore, serverStore} {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestAFailedAssociationStaysForgotten(t *testing.T) { // RFC 5246, Section 7.2.2
	clock, path := newClock(), path(t)
	client, server, err := meeting.Configs()
	if err != nil {
		t.Fatal(err)
	}
	client.Sessions = sessions.NewMemoryStore(&sessions.MemoryConfig{Now: clock.read})
	store := open(t, path, clock, Config{})
	server.Sessions = store
	o, err := meeting.Run(start, client, server)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(keysOf(t, store)); got != 1 {
		t.Fatalf("%d sessions", got)
	}
	o.Server.SendAlert(o.Now, dtlstransport.AlertInternalError)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, open(t, path, clock, Config{})); len(got) > 0 {
		t.Errorf("after a restart there is %v", got)
	}
}

func TestASealedFileShowsNoMasterSecret(t *testing.T) {
	for _, seal := range []bool{false, true} { // a plain one shows it, or else the search is in vain
		clock, path := newClock(), path(t)
		store := open(t, path, clock, Config{})
		client, server, err := meeting.Configs()
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		client.Sessions, client.KeyLogWriter = sealed(t, store, seal), &log
		server.Sessions = sessions.NewMemoryStore(&sessions.MemoryConfig{Now: clock.read})
		if _, err := meeting.Run(start, client, server); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(`CLIENT_RANDOM [0-9a-f]{64} ([0-9a-f]{96})`).FindSubmatch(log.Bytes())
		if line == nil {
			t.Fatalf("no master secret in %q", log.Bytes())
		}
		master, err := hex.DecodeString(string(line[1]))
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		certificate := server.Certificates[0].Chain()[0]
		for name, part := range map[string][]byte{"master secret": master, "half of it": master[:24], "peer's certificate": certificate[:64]} {
			if got := bytes.Contains(file, part); got == seal {
				t.Errorf("sealed %v: the file shows the %s: %v", seal, name, got)
			}
		}
	}
}
