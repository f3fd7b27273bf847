package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// numberedTickets gives tickets that are numbers, and remembers the sessions.
type numberedTickets struct {
	sessions [][]byte
	lifetime time.Duration
	none     bool // gives no more
	renew    bool // those that come back
}

func (n *numberedTickets) SealTicket(now time.Time, session []byte) ([]byte, time.Time) {
	if n.none {
		return nil, time.Time{}
	}
	n.sessions = append(n.sessions, session)
	return []byte{byte(len(n.sessions))}, now.Add(n.lifetime)
}

func (n *numberedTickets) OpenTicket(_ time.Time, ticket []byte) ([]byte, bool) {
	if len(ticket) != 1 || int(ticket[0]) > len(n.sessions) {
		return nil, false
	}
	return n.sessions[ticket[0]-1], n.renew
}

func TestAnApplicationCanSealTheTickets(t *testing.T) {
	seal := &numberedTickets{lifetime: time.Hour}
	r := &resumption{clientStore: sessionMap{}}
	r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	r.client.Sessions, r.server.Tickets = r.clientStore, seal
	at := epochZero
	r.connect(t, at, false)
	r.connect(t, at.Add(time.Hour-time.Second), true)
	if len(seal.sessions) != 1 {
		t.Errorf("%d tickets, want one: nobody asked for another", len(seal.sessions))
	}
	seal.renew = true
	r.connect(t, at.Add(time.Minute), true)
	r.connect(t, at.Add(2*time.Minute), true)
	if len(seal.sessions) != 3 {
		t.Errorf("%d tickets, want three", len(seal.sessions))
	}
	r.connect(t, at.Add(time.Hour+time.Second), false) // the secret is as old as before

	clear(seal.sessions) // opens none of them any more
	seal.none = true
	r.connect(t, at.Add(time.Hour+time.Minute), false)
	clear(r.clientStore)
	r.connect(t, at, false)
	if len(r.clientStore) > 0 {
		t.Error("the client has stored a ticket that it did not get")
	}
}

func FuzzOpenTicket(f *testing.F) {
	keys, now := NewTicketKeys([32]byte{1}), time.Unix(1e9, 0)
	genuine, _ := keys.SealTicket(now, []byte("a session"))
	f.Add(genuine, int64(0))
	f.Add(genuine[:len(genuine)-1], int64(0))
	f.Add(genuine, int64(1<<40))
	f.Add([]byte{}, int64(-1))
	f.Fuzz(func(t *testing.T, ticket []byte, later int64) {
		at := time.Unix(1e9+later, 0)
		session, _ := keys.OpenTicket(at, ticket)
		if session == nil {
			return
		}
		if string(session) != "a session" {
			t.Errorf("%x was opened: %q", ticket, session)
		}
		ticket = append([]byte(nil), ticket...)
		ticket[uint64(later)%uint64(len(ticket))] ^= 1
		if session, _ := keys.OpenTicket(at, ticket); session != nil {
			t.Errorf("%x was opened after a change", ticket)
		}
	})
}
