package dtlstransport

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// captured returns the datagrams of a capture.
func captured(t testing.TB, path string) (datagrams [][]byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			datagrams = append(datagrams, goldenHex(t, line))
		}
	}
	return datagrams
}

// FuzzEngineAlone gives one engine what may come to its port: any datagrams, which begin with what foreign peers
// send. Each is two bytes of length and its bytes; the high bit lets a deadline pass before it.
func FuzzEngineAlone(f *testing.F) {
	const roles, cookies, conformance = 1, 2, 4
	paths, err := filepath.Glob("internal/wire/testdata/*.hex")
	if err != nil || len(paths) < 20 {
		f.Fatalf("%d captures, %v", len(paths), err)
	}
	for i, path := range paths {
		var program []byte
		for _, b := range captured(f, path) {
			program = append(binary.BigEndian.AppendUint16(program, uint16(len(b))), b...)
		}
		bits := byte(0)
		if strings.Contains(path, "server") {
			bits = roles // its peer is a client
		}
		f.Add(bits, program)
		f.Add(bits|byte(1+i%3)<<1, program)
	}
	f.Fuzz(func(t *testing.T, bits byte, program []byte) {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		config, role := server, RoleServer
		if bits&roles > 0 {
			config, role = client, RoleClient
		} else if bits&cookies > 0 {
			config.Cookies = NewCookies()
		}
		config.Conformance = bits&conformance > 0
		e, err := NewEngine(role, config)
		if err != nil {
			t.Fatal(err)
		}
		e.SetRemoteAddr("somebody")
		now := epochZero
		_ = e.Start(now)
		sent, timeouts := 0, 0
		for len(program) >= 2 {
			n := binary.BigEndian.Uint16(program)
			if n>>15 > 0 {
				if d := e.Deadline(); d.After(now) {
					now = d
				}
				_ = e.HandleTimeout(now)
				timeouts++
			}
			size := min(int(n&0x7fff), len(program)-2)
			_ = e.HandleDatagram(now, bytes.Clone(program[2:2+size]))
			program = program[2+size:]
			if event := e.NextEvent(); event.Kind != NoEvent {
				t.Fatalf("event %v from nobody's datagrams", event.Kind)
			}
			for {
				b, ok := e.AppendDatagram(nil)
				if !ok {
					break
				}
				// A question for a cookie leaves nothing behind, and is not counted.
				if sent++; len(b) > DefaultMaxDatagramSize {
					t.Fatalf("a datagram of %d bytes", len(b))
				} else if len(b) == 48 {
					sent--
				}
			}
		}
		state := e.ConnectionState()
		if state.Connected || state.HandshakeComplete {
			t.Fatalf("connected with nobody: %+v", state)
		}
		// Each flight is a few datagrams, of which a repeated one of the peer brings so many.
		if most := 8 * (maxFlightAnswers + maxHelloVerifyRequests + 4 + 2*timeouts); sent > most {
			t.Fatalf("%d datagrams to nobody, want at most %d", sent, most)
		}
		if d := e.Deadline(); e.Err() == nil && (d.IsZero() || d.After(now.Add(time.Minute))) {
			t.Fatalf("deadline %v, at %v", d, now)
		}
	})
}

// FuzzStoredSession reads what a store, or a client with a ticket, may hand us.
func FuzzStoredSession(f *testing.F) {
	client, server := configs(f, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	stores := [2]sessionMap{{}, {}}
	client.Sessions, server.Sessions = stores[0], stores[1]
	shakenHands(f, client, server)
	keys := NewTicketKeys([32]byte{1})
	for _, store := range stores {
		for _, b := range store {
			f.Add(b)
			ticket, _ := keys.SealTicket(epochZero, b)
			f.Add(ticket)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseSession(b); err == nil {
			if len(s.master) != 48 || s.suite == nil || len(s.id) > 32 {
				t.Errorf("session with a secret of %d bytes", len(s.master))
			}
			if again := s.append(nil); !bytes.Equal(again, b) {
				t.Errorf("read %x, written as %x", b, again)
			}
		}
		strangers := NewTicketKeys([32]byte{2})
		if session, _ := strangers.OpenTicket(epochZero, b); session != nil {
			t.Errorf("a ticket of somebody else's opens: %x", session)
		}
	})
}
