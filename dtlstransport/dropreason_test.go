package dtlstransport

import (
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A dropScene is a state, and something that has no effect in it.
type dropScene struct {
	state string
	give  func(s *scene, e *end)
}

// Each reason has something that is dropped for it and for no other, and counted once.
func TestEveryDropReasonIsCounted(t *testing.T) { // API-06
	waiting, connected := client12Flight4.String(), "server "+stateConnected
	inject := func(b func(e *end) []byte) func(*scene, *end) {
		return func(s *scene, e *end) { s.inject(e, b(e)) }
	}
	plain := func(typ record.ContentType, epoch uint16, content ...byte) func(*scene, *end) {
		return inject(func(*end) []byte { return plainRecord(typ, epoch, 1000, content) })
	}
	sealed := func(typ record.ContentType, content ...byte) func(*scene, *end) {
		return inject(func(e *end) []byte { return e.sealTo(t, 20, typ, content) })
	}
	fragment := func(h wire.Header, b ...byte) func(*scene, *end) {
		return inject(func(*end) []byte { return plainFragment(h, b) })
	}
	forged := func(s *scene, e *end) {
		b := e.sealTo(t, 20, record.TypeApplicationData, []byte("forged"))
		b[len(b)-1] ^= 1
		s.inject(e, b)
	}
	scenes := [numDropReasons]dropScene{
		DropFraming: {connected, inject(func(*end) []byte { return []byte{23, 0xfe} })},
		DropVersion: {connected, inject(func(*end) []byte {
			b := plainRecord(record.TypeApplicationData, 1, 1000, []byte("of TLS"))
			b[1], b[2] = 3, 3
			return b
		})},
		DropContentType: {waiting, plain(99, 0, 1)},
		DropEpoch:       {connected, plain(record.TypeApplicationData, 2, 1)},
		DropReplayed: {connected, func(s *scene, e *end) {
			for range 2 {
				sealed(record.TypeApplicationData, 1)(s, e)
			}
		}},
		DropForged: {connected, forged},
		DropOversize: {connected, inject(func(e *end) []byte {
			return plainRecord(record.TypeApplicationData, 1, 20, make([]byte, e.RecordOverhead()-record.HeaderLen+record.MaxPlaintext+1))
		})},
		DropPlaintext: {connected, plain(record.TypeAlert, 0, alertFatal, byte(AlertInternalError))},
		DropEarly: {waiting, func(s *scene, e *end) {
			for range maxEarlyRecords + 1 {
				plain(record.TypeApplicationData, 1, 1)(s, e)
			}
		}},
		DropFragment:        {waiting, plain(record.TypeHandshake, 0)},
		DropRepeatedMessage: {waiting, fragment(wire.Header{Type: wire.TypeHelloRequest})},
		DropAheadMessage:    {waiting, fragment(wire.Header{Type: wire.TypeCertificate, Length: 1, Seq: 1000, FragmentLength: 1}, 0)},
		DropCookie:          {server12Flight5.String(), fragment(wire.Header{Type: wire.TypeClientHello, Length: 100, FragmentLength: 1}, 0xfe)},
		DropAlert:           {waiting, plain(record.TypeAlert, 0, alertWarning, byte(AlertUserCanceled))},
		DropEvent: {connected, func(s *scene, e *end) {
			for seq := range uint64(2) { // the first is not taken before the second comes
				e.note(e.HandleDatagram(s.now, e.sealTo(t, 20+seq, record.TypeApplicationData, []byte("data"))))
			}
		}},
		DropQueueFull: {connected, func(_ *scene, e *end) { e.drop(DropQueueFull) }}, // by a Conn, whose tests show it
		DropClosed: {connected, func(s *scene, e *end) {
			e.note(e.Close(s.now))
			sealed(record.TypeApplicationData, 1)(s, e)
		}},
		DropForeign: {connected, func(s *scene, e *end) {
			e.shared = true
			forged(s, e)
		}},
		DropHeartbeat: {connected, func(s *scene, e *end) {
			e.parameters.heartbeat = true
			sealed(record.TypeHeartbeat, 1)(s, e)
		}},
		DropConnectionID: {connected, sealed(record.TypeConnectionID, 1, byte(record.TypeApplicationData))},
	}
	names := map[string]bool{}
	for i, scene := range scenes {
		reason := DropReason(i)
		s, e := sceneIn(t, scene.state, false)
		want := e.Stats().Dropped
		want[reason]++
		scene.give(s, e)
		if got := e.Stats().Dropped; got != want || e.err != nil {
			t.Errorf("%v: counted %v, want %v; %v", reason, got, want, e.err)
		}
		if name := reason.String(); name == "" || names[name] {
			t.Errorf("reason %d is called %q", i, name)
		}
		names[reason.String()] = true
	}
}
