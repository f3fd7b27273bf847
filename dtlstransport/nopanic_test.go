package dtlstransport

import (
	"bytes"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// kinds are the types of records, and some that are none.
var kinds = []record.ContentType{0, 19, 20, 21, 22, 23, 24, 25, 26, 255}

// bodies returns contents of every size up to size, of zeros and of ones.
func bodies(size int) (all [][]byte) {
	for n := range size + 1 {
		all = append(all, make([]byte, n), bytes.Repeat([]byte{0xff}, n))
	}
	return all
}

// Nobody needs keys for this: whole records of any kind with too little in them, and records that end in their middle.
func TestNoDatagramOfAStrangerPanics(t *testing.T) { // API-01
	states := []string{client12Flight4.String(), client12Flight6.String(), server12Flight1.String(), server12Flight5.String(), server12Finished.String(),
		server12ResumedFinished.String(), "client " + stateConnected, "server " + stateConnected}
	for _, state := range states {
		s, e := sceneIn(t, state, false)
		for epoch := range uint16(3) {
			for _, typ := range kinds {
				for i, body := range bodies(40) {
					b := plainRecord(typ, epoch, uint64(1000+i), body)
					s.inject(e, b)
					s.inject(e, b[:len(b)*i/82])                           // cut
					s.inject(e, append(b[:11:11], 0xff, byte(i)))          // longer than it is
					s.inject(e, append(b[:11:11], byte(i), 0xff, 1, 2, 3)) // or a little
				}
			}
		}
	}
	// And what a peer has really sent, up to each of its bytes.
	s := newQuickScene(t)
	s.before = func(to *end, _ int, b []byte) (cut [][]byte) {
		for n := range b {
			cut = append(cut, b[:n])
		}
		return cut
	}
	s.connect()
	s.checkTraffic(t)
}

// A peer with keys is authentic, and may still be hostile.
func TestNoRecordOfAPeerPanics(t *testing.T) { // API-01
	for _, withID := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		if withID {
			client, server = cidConfigs(t)
		}
		client.Heartbeat, server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer
		var s *scene
		ended := func(e *end) bool { return e.err != nil || e.Engine.closed } // by an alert
		give := func(toServer bool, typ record.ContentType, body []byte) {
			if s == nil || ended(s.client) || ended(s.server) {
				s = newScene(t, client, server, netsim.Config{Delay: sceneDelay})
				s.connect()
			}
			from, to := s.server, s.client
			if toServer {
				from, to = s.client, s.server
			}
			s.inject(to, from.seal(t, typ, body))
		}
		for _, toServer := range []bool{false, true} {
			for _, typ := range kinds {
				for _, body := range bodies(40) {
					give(toServer, typ, body)
				}
			}
			for n := range 40 { // a request for more than there is
				give(toServer, record.TypeHeartbeat, append([]byte{wire.HeartbeatRequest, 0, byte(n)}, make([]byte, 16)...))
			}
		}
	}
}
