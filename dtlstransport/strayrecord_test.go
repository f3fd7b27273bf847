package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// strayRecords are records in the clear that have no place in any handshake, or not
// before their time.
func strayRecords() map[string][]byte {
	finished := wire.AppendHeader(nil, wire.Header{Type: wire.TypeFinished, Length: 12, Seq: 5, FragmentLength: 12})
	return map[string][]byte{
		"application data":                 plainRecord(record.TypeApplicationData, 0, 1000, []byte("not for you")), // REC-14
		"heartbeat":                        plainRecord(24, 0, 1000, []byte{1, 0xff, 0xff, 'x'}),                    // REC-39
		"connection ID":                    plainRecord(25, 0, 1000, make([]byte, 50)),                              // REC-36
		"ACK of 1.3":                       plainRecord(26, 0, 1000, make([]byte, 18)),                              // REC-07
		"unknown type":                     plainRecord(99, 0, 1000, make([]byte, 50)),
		"ChangeCipherSpec":                 plainRecord(record.TypeChangeCipherSpec, 0, 1000, []byte{1}), // HS-13, HS-14
		"ChangeCipherSpec twice":           append(plainRecord(record.TypeChangeCipherSpec, 0, 1000, []byte{1}), plainRecord(record.TypeChangeCipherSpec, 0, 1001, []byte{1})...),
		"ChangeCipherSpec of value 2":      plainRecord(record.TypeChangeCipherSpec, 0, 1000, []byte{2}),
		"ChangeCipherSpec of two bytes":    plainRecord(record.TypeChangeCipherSpec, 0, 1000, []byte{1, 1}),
		"ChangeCipherSpec without a byte":  plainRecord(record.TypeChangeCipherSpec, 0, 1000, nil),
		"ChangeCipherSpec of the new keys": plainRecord(record.TypeChangeCipherSpec, 1, 1000, []byte{1}),
		"Finished in the clear":            plainRecord(record.TypeHandshake, 0, 1000, append(finished, make([]byte, 12)...)), // HS-15, HS-50
		"Finished under no keys":           plainRecord(record.TypeHandshake, 1, 1000, append(finished, make([]byte, 12)...)), // HS-14
		"data under no keys":               plainRecord(record.TypeApplicationData, 1, 1000, make([]byte, 40)),
	}
}

func TestAStrayRecordHasNoEffectAnywhere(t *testing.T) { // HS-13, HS-14, HS-15, HS-17, HS-50, REC-07, REC-14, REC-36, REC-39
	for name, b := range strayRecords() {
		for position := range 6 {
			for _, toServer := range []bool{false, true} {
				s := newQuickScene(t)
				s.start()
				for range position {
					s.step(s.now.Add(time.Second))
				}
				e := s.client
				if toServer {
					e = s.server
				}
				sent, connected := e.datagrams, e.connected
				s.inject(e, b)
				if e.err != nil || e.connected != connected || len(e.received) > 0 || e.datagrams != sent {
					t.Errorf("%s to %s after %d steps: error %v, connected %v, received %q, %d answers",
						name, e.name, position, e.err, e.connected, e.received, e.datagrams-sent)
				}
				if !s.run(time.Second, s.bothConnected) {
					t.Errorf("%s to %s after %d steps: client %v, server %v", name, e.name, position, s.client.err, s.server.err)
					continue
				}
				if elapsed := s.now.Sub(epochZero); elapsed > 4*sceneDelay {
					t.Errorf("%s to %s after %d steps: connected after %v", name, e.name, position, elapsed)
				}
				if n := len(s.client.received) + len(s.server.received); n > 0 {
					t.Errorf("%s to %s after %d steps: %d messages were delivered", name, e.name, position, n)
				}
				s.checkTraffic(t)
			}
		}
	}
}

// RTX-09: a Finished that shares its datagram with what is repeated counts.
func TestNewMessagesCountBesideRepeatedOnes(t *testing.T) {
	s := newQuickScene(t)
	s.instead = func(to *end, n int, b []byte) [][]byte {
		if to == s.server && n == 1 {
			// The server gets the first part, then all of it in one datagram.
			return [][]byte{append([]byte(nil), inTheClear(b)...), b}
		}
		return [][]byte{b}
	}
	s.connect()
	if elapsed := s.now.Sub(epochZero); elapsed > 5*sceneDelay || s.client.Stats().Retransmissions > 0 {
		t.Errorf("connected after %v with %d retransmissions", elapsed, s.client.Stats().Retransmissions)
	}
}
