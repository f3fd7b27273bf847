package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// withRecords returns a datagram whose records are others: change returns what
// takes the place of one, or nothing.
func withRecords(datagram []byte, change func(r *record.Record) []byte) (out []byte) {
	for b := datagram; len(b) > 0; {
		r, rest, _ := record.Next(b)
		out = append(out, change(&r)...)
		b = rest
	}
	return out
}

// finishedScene is a scene in which change stands between e and the Finished that
// its peer sends: it gets the message in plain, and returns a datagram's part.
func finishedScene(t *testing.T, role Role, change func(s *scene, e *end, r *record.Record, message []byte) []byte) (*scene, *end) {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.FailureGrace, server.FailureGrace = -1, -1
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	e := s.client
	if role == RoleServer {
		e = s.server
	}
	s.instead = func(to *end, _ int, b []byte) [][]byte {
		if to != e {
			return [][]byte{b}
		}
		return [][]byte{withRecords(b, func(r *record.Record) []byte {
			if r.Number.Epoch == 0 || r.Type != record.TypeHandshake {
				return r.Raw
			}
			// Whoever sent it has the keys; its peer's view of them opens it.
			_, opener, err := s.other(e).schedule.protection(role)
			if err != nil {
				t.Fatal(err)
			}
			copied, _, _ := record.Next(bytes.Clone(r.Raw))
			message, err := opener.Open(&copied)
			if err != nil {
				t.Fatal(err)
			}
			return change(s, e, r, message)
		})}
	}
	s.start()
	return s, e
}

func eachRole(t *testing.T, test func(t *testing.T, role Role)) {
	for _, role := range []Role{RoleClient, RoleServer} {
		t.Run(role.String(), func(t *testing.T) { test(t, role) })
	}
}

// "Recipients of Finished messages MUST verify that the contents are correct."
// RFC 5246, Section 7.4.9: each bit of them, and nothing more or less than those.
func TestAFinishedWithAnyWrongBitIsRefused(t *testing.T) { // HS-16
	eachRole(t, func(t *testing.T, role Role) {
		for wrong := range 8*12 + 3 {
			s, e := finishedScene(t, role, func(s *scene, e *end, r *record.Record, message []byte) []byte {
				body := bytes.Clone(message[wire.HeaderLen:])
				switch {
				case wrong < 8*12:
					body[wrong/8] ^= 1 << (wrong % 8)
				case wrong == 8*12:
					body = body[:11]
				case wrong == 8*12+1:
					body = append(body, 0)
				default:
					body = nil
				}
				h, _, _, _ := wire.ParseFragment(message)
				h.Length, h.FragmentLength = uint32(len(body)), uint32(len(body))
				sealer, _, err := s.other(e).schedule.protection(role.Peer())
				if err != nil {
					t.Fatal(err)
				}
				sealer.StartAt(r.Number.Seq)
				b, err := sealer.Append(nil, r.Type, r.Version, append(wire.AppendHeader(nil, h), body...))
				if err != nil {
					t.Fatal(err)
				}
				return b
			})
			s.run(time.Second, func() bool { return e.err != nil || e.connected })
			wantHandshakeError(t, e.name, e.err, AlertDecryptError, false)
			wantNothing(t, e)
		}
	})
}

// A Finished counts under the keys only, and takes nobody's place in the clear.
func TestAFinishedInTheClearDoesNotCount(t *testing.T) { // HS-15, HS-50
	eachRole(t, func(t *testing.T, role Role) {
		for _, genuineToo := range []bool{false, true} {
			s, e := finishedScene(t, role, func(_ *scene, _ *end, r *record.Record, message []byte) []byte {
				b := plainRecord(record.TypeHandshake, 0, 1000, message)
				if genuineToo {
					b = append(b, r.Raw...)
				}
				return b
			})
			s.rest(4*sceneDelay + time.Millisecond)
			if e.connected != genuineToo || e.err != nil {
				t.Errorf("with the genuine one %v: connected %v, error %v", genuineToo, e.connected, e.err)
			}
		}
	})
}

// "It is a fatal error if a Finished message is not preceded by a ChangeCipherSpec
// message" (RFC 5246, Section 7.4.9); over datagrams, it may come later.
func TestAFinishedWaitsForItsChangeCipherSpec(t *testing.T) { // HS-13, HS-15
	eachRole(t, func(t *testing.T, role Role) {
		s := newQuickScene(t)
		e := s.client
		if role == RoleServer {
			e = s.server
		}
		s.instead = func(to *end, _ int, b []byte) [][]byte {
			return [][]byte{withRecords(b, func(r *record.Record) []byte {
				if to == e && r.Type == record.TypeChangeCipherSpec {
					return nil
				}
				return r.Raw
			})}
		}
		s.start()
		s.rest(time.Second)
		if e.connected || e.err != nil || e.read == nil {
			t.Fatalf("connected %v, error %v, keys %v without ChangeCipherSpec", e.connected, e.err, e.read != nil)
		}
		for _, content := range [][]byte{{2}, {1, 1}, {0}, {}} {
			s.inject(e, plainRecord(record.TypeChangeCipherSpec, 0, 1000, content))
		}
		if e.connected {
			t.Error("connected by a malformed ChangeCipherSpec")
		}
		s.inject(e, plainRecord(record.TypeChangeCipherSpec, 0, 1000, []byte{1}))
		if !e.connected {
			t.Errorf("not connected with the ChangeCipherSpec: %v", e.err)
		}
	})
}

// A ChangeCipherSpec says that keys are in use. It makes none.
func TestChangeCipherSpecInstallsNoKeys(t *testing.T) { // HS-13, HS-14
	for position := range 4 {
		s := newQuickScene(t)
		s.start()
		for range position {
			s.step(s.now.Add(time.Second))
		}
		for _, e := range []*end{s.client, s.server} {
			read, write, epoch := e.read, e.write[1], e.epoch
			for seq := range uint64(3) {
				s.inject(e, plainRecord(record.TypeChangeCipherSpec, 0, 1000+seq, []byte{1}))
			}
			if e.read != read || e.write[1] != write || e.epoch != epoch {
				t.Errorf("%s after %d steps: ChangeCipherSpec changes the keys", e.name, position)
			}
		}
		if !s.run(time.Second, s.bothConnected) {
			t.Errorf("after %d steps: client %v, server %v", position, s.client.err, s.server.err)
		}
	}
}

// Neither side is connected, sends data or exports keys before it has the other's
// Finished: "[...] a side has sent its Finished message and received and validated
// the Finished message from its peer" (after RFC 5246, Section 7.4.9).
func TestNobodyIsConnectedBeforeThePeersFinished(t *testing.T) { // HS-17, HS-40, EXP-03
	eachRole(t, func(t *testing.T, role Role) {
		s, e := finishedScene(t, role, func(*scene, *end, *record.Record, []byte) []byte { return nil })
		for range 10 {
			s.rest(sceneDelay)
			wantNothing(t, e)
			if _, err := e.AppendApplicationData(nil, []byte("early")); !errors.Is(err, ErrNotConnected) {
				t.Errorf("sending: %v", err)
			}
			if _, err := e.ExportKeyingMaterial("EXPORTER-test", nil, 16); !errors.Is(err, ErrNotConnected) {
				t.Errorf("exporting: %v", err)
			}
			if e.ConnectionState().HandshakeComplete {
				t.Error("the handshake is complete")
			}
		}
		if e.read == nil {
			t.Errorf("there are no keys, so that nothing was shown: %v", e.err)
		}
	})
}
