package dtlstransport

import (
	"errors"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// What no peer in its right mind sends has no effect, unless Conformance wants an
// alert for it. Of messages in the wrong state there is a table of its own.
func TestNonsenseEndsNothingUnlessThatIsWanted(t *testing.T) {
	connected := []string{"client " + stateConnected, "server " + stateConnected}
	waiting := []string{client12Flight4.String(), server12Flight1.String(), server12Flight5.String()}
	sealed := func(typ record.ContentType, content ...byte) func(*end) []byte {
		return func(e *end) []byte { return e.sealTo(t, 20, typ, content) }
	}
	plain := func(typ record.ContentType, content ...byte) func(*end) []byte {
		return func(*end) []byte { return plainRecord(typ, 0, 1000, content) }
	}
	for _, test := range []struct {
		name   string
		states []string
		record func(e *end) []byte
		alert  AlertDescription
	}{
		{"half an alert", connected, sealed(record.TypeAlert, alertFatal), AlertDecodeError},
		{"two alerts in one", connected, sealed(record.TypeAlert, alertWarning, 90, alertWarning, 90), AlertDecodeError},
		{"half an alert in the clear", waiting, plain(record.TypeAlert, alertFatal), AlertDecodeError},
		{"data in the clear", waiting, plain(record.TypeApplicationData, 1, 2, 3), AlertUnexpectedMessage},
		{"empty data in the clear", waiting, plain(record.TypeApplicationData), AlertUnexpectedMessage},
		{"a record that is too large", connected, func(e *end) []byte {
			return plainRecord(record.TypeApplicationData, 1, 20, make([]byte, e.RecordOverhead()-record.HeaderLen+record.MaxPlaintext+1))
		}, AlertRecordOverflow},
		{"a message that is too large", waiting, func(*end) []byte {
			return plainFragment(wire.Header{Type: wire.TypeCertificate, Length: 40 << 10, Seq: 2, FragmentLength: 3}, []byte("abc"))
		}, AlertIllegalParameter},
		{"a Finished of 13 bytes", []string{server12Finished.String()}, func(e *end) []byte {
			message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeFinished, Length: 13, Seq: e.nextSeq(), FragmentLength: 13})
			return e.sealTo(t, 20, record.TypeHandshake, append(message, make([]byte, 13)...))
		}, AlertDecryptError},
	} {
		for _, state := range test.states {
			for _, conformance := range []bool{false, true} {
				s, e := sceneIn(t, state, conformance)
				s.inject(e, test.record(e))
				if !conformance {
					if got := s.outcome(e); got != outcomeNothing {
						t.Errorf("%s in state %s: %s", test.name, state, got)
					}
					continue
				}
				if a := raised(e.err); a == nil || a.Alert != test.alert {
					t.Errorf("%s in state %s: %v, want %v", test.name, state, e.err, test.alert)
				}
			}
		}
	}
}

// An alert of a level that there is not is as good as a fatal one to anybody, and
// Conformance says what is wrong with it.
func TestConformanceNamesAnAlertOfUnknownLevel(t *testing.T) {
	for _, state := range []string{"client " + stateConnected, "server " + stateConnected} {
		s, e := sceneIn(t, state, true)
		s.inject(e, e.sealTo(t, 20, record.TypeAlert, []byte{42, byte(AlertInternalError)}))
		if a := raised(e.err); a == nil || a.Alert != AlertIllegalParameter {
			t.Errorf("%s: %v", state, e.err)
		}
	}
}

// A second message behind the Finished, which came before it, belongs to nothing.
func TestConformanceRefusesWhatFollowsFinished(t *testing.T) {
	for _, conformance := range []bool{false, true} {
		s, e := sceneIn(t, server12Finished.String(), conformance)
		message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeFinished, Length: 12, Seq: e.nextSeq() + 1, FragmentLength: 12})
		s.inject(e, e.sealTo(t, 20, record.TypeHandshake, append(message, make([]byte, 12)...)))
		got := s.outcome(e)
		if a := raised(e.err); conformance && (a == nil || a.Alert != AlertUnexpectedMessage) || !conformance && got != outcomeNothing {
			t.Errorf("Conformance %v: %s", conformance, got)
		}
	}
}

// In classical behaviour the timer alone sends a flight again before the handshake
// is over, also if the peer repeats its own.
func TestConformanceAnswersNoRepeatedFlight(t *testing.T) {
	for _, conformance := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.Conformance = conformance
		p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
		p.start()
		p.run(sceneDelay*2-1, func() bool { return p.server.datagrams > 0 })
		before := p.server.datagrams
		p.client.hs.resend(FlightTimeout)
		p.flush(p.client)
		p.run(sceneDelay+1, func() bool { return p.server.datagrams > before })
		if answered := p.server.datagrams > before; answered == conformance || before == 0 {
			t.Errorf("Conformance %v: answered %v, after %d datagrams", conformance, answered, before)
		}
	}
}

// The RFC names no alert for an extension that comes twice. Others send this.
func TestDuplicateExtensionIsADecodeError(t *testing.T) {
	if a := parseAlert(wire.TypeClientHello, wire.ErrDuplicateExtension); a.Alert != AlertDecodeError {
		t.Errorf("alert %v", a.Alert)
	}
}

// raised returns the alert that we raised, or nil.
func raised(err error) *AlertError {
	a, ok := errors.AsType[*AlertError](err)
	if !ok || a.FromPeer {
		return nil
	}
	return a
}
