package dtlstransport

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestEachSideChoosesWhatIsOnThePeersRecords(t *testing.T) {
	for _, tt := range []struct{ client, server []byte }{
		{nil, nil}, {[]byte("of client"), nil}, {nil, []byte("of server")},
		{[]byte{}, []byte{}}, {[]byte("of client"), []byte{}}, {[]byte{}, []byte("of server")},
		{[]byte("c"), bytes.Repeat([]byte{9}, 255)},
	} {
		t.Run(fmt.Sprintf("%d %v, %d %v", len(tt.client), tt.client == nil, len(tt.server), tt.server == nil), func(t *testing.T) {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			client.ConnectionID, server.ConnectionID = tt.client, tt.server
			wantClient, wantServer := tt.client, tt.server // on records to the client, and to the server
			if tt.client == nil || tt.server == nil {
				wantClient, wantServer = nil, nil
			}
			p := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			protected := map[string]int{}
			p.before = func(to *end, _ int, b []byte) [][]byte {
				want := wantServer
				if to == p.client {
					want = wantClient
				}
				for len(b) > 0 {
					var r record.Record
					rest, ok := r.Next(b, len(want))
					if !ok {
						t.Fatalf("no record: %x", b)
					}
					b = rest
					if r.Number.Epoch == 0 && r.CID() == nil {
						continue
					}
					protected[to.name]++
					if (r.Type == record.TypeConnectionID) != (len(want) > 0) || !bytes.Equal(r.CID(), want) {
						t.Errorf("to the %s: type %v in epoch %d with %x", to.name, r.Type, r.Number.Epoch, r.CID())
					}
				}
				return nil
			}
			p.connect()
			p.checkTraffic(t)
			if protected["client"] == 0 || protected["server"] == 0 {
				t.Errorf("protected records: %v", protected)
			}
			for _, x := range []struct {
				*end
				local, peer []byte
			}{{p.client, wantClient, wantServer}, {p.server, wantServer, wantClient}} {
				if s := x.ConnectionState(); !bytes.Equal(s.LocalConnectionID, x.local) || !bytes.Equal(s.PeerConnectionID, x.peer) {
					t.Errorf("%s: state %x, %x", x.name, s.LocalConnectionID, s.PeerConnectionID)
				}
				overhead := record.HeaderLen + 24
				if len(x.peer) > 0 {
					overhead += len(x.peer) + 1
				}
				if n := x.RecordOverhead(); n != overhead || x.MaxPayload() != DefaultMaxDatagramSize-overhead {
					t.Errorf("%s: overhead %d, want %d, MaxPayload %d", x.name, n, overhead, x.MaxPayload())
				}
			}
		})
	}
}

// cidConfigs are configs with connection IDs on all protected records.
func cidConfigs(t testing.TB) (client, server *Config) {
	client, server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.ConnectionID, server.ConnectionID = []byte("to client"), []byte("to the server")
	return client, server
}

func TestAHandshakeWithConnectionIDsSurvivesEverySingleLoss(t *testing.T) {
	for d := range 2 {
		for lost := range 8 {
			for _, cookies := range []bool{false, true} {
				client, server := cidConfigs(t)
				if cookies {
					server.Cookies = NewCookies()
				}
				var p *pair
				p = newPair(t, client, server, netsim.Config{Delay: sceneDelay, Decide: func(x netsim.Direction, n int) netsim.Fate {
					return netsim.Fate{Drop: int(x) == d && n == lost && !p.bothConnected()}
				}})
				p.connect()
				p.checkTraffic(t)
			}
		}
	}
}

func TestAResumedSessionNegotiatesConnectionIDsAfresh(t *testing.T) {
	testResumption(t, func(t *testing.T, r *resumption) {
		r.connect(t, epochZero, false)
		for _, cids := range []string{"first", "", "another"} {
			r.client.ConnectionID, r.server.ConnectionID = []byte(cids), []byte(cids+cids)
			p := r.connect(t, epochZero.Add(time.Hour), true)
			if s := p.server.ConnectionState(); string(s.PeerConnectionID) != cids || string(s.LocalConnectionID) != cids+cids {
				t.Errorf("connection IDs %q and %q", s.PeerConnectionID, s.LocalConnectionID)
			}
			p.checkTraffic(t)
		}
	})
}

func TestAProtectedRecordWithoutTheConnectionIDIsDropped(t *testing.T) { // REC-36, CID-02
	client, server := cidConfigs(t)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	s.server.received = nil
	for _, id := range []string{"", "to the SERVER"} {
		// The keys are right, and so is the number.
		sealer, _, err := s.client.schedule.protection(RoleClient)
		if err != nil {
			t.Fatal(err)
		}
		sealer.SetConnectionID([]byte(id), 0)
		for range 10 {
			if _, err := sealer.Append(nil, record.TypeAlert, record.Version12, nil); err != nil {
				t.Fatal(err)
			}
		}
		b, _ := sealer.Append(nil, record.TypeApplicationData, record.Version12, []byte("data"))
		s.inject(s.server, b)
	}
	if n := s.server.Stats().Dropped[DropConnectionID]; n != 2 || len(s.server.received) != 0 || s.server.err != nil {
		t.Errorf("%d dropped, received %q, %v", n, s.server.received, s.server.err)
	}
	s.checkTraffic(t)
}

func TestRecordsOfTheConnectionIDTypeAreDroppedWhereNoneWasNegotiated(t *testing.T) { // REC-36
	s := newQuickScene(t)
	s.connect()
	b := s.client.seal(t, record.TypeConnectionID, []byte("data\x17"))
	s.inject(s.server, b)
	if n := s.server.Stats().Dropped[DropConnectionID]; n != 1 || len(s.server.received) != 0 {
		t.Errorf("%d dropped, received %q", n, s.server.received)
	}
	s.checkTraffic(t)
}

func TestAnAuthenticRecordOfPaddingAloneIsNoise(t *testing.T) {
	for _, conformance := range []bool{false, true} {
		client, server := cidConfigs(t)
		client.Conformance, server.Conformance = conformance, conformance
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		s.inject(s.server, s.client.seal(t, 0, []byte{0, 0, 0}))
		if conformance {
			// RFC 8446, Section 5.4, which RFC 9146, Section 4, refers to.
			var a *AlertError
			if !errors.As(s.server.err, &a) || a.Alert != AlertUnexpectedMessage {
				t.Errorf("error %v", s.server.err)
			}
		} else if s.server.err != nil || s.server.Stats().Dropped[DropContentType] != 1 {
			t.Errorf("error %v, %+v", s.server.err, s.server.Stats())
		}
	}
}

func TestDataIsPaddedWhereThereIsAConnectionID(t *testing.T) {
	client, server := cidConfigs(t)
	server.ConnectionID = []byte{}
	client.RecordPadding, server.RecordPadding = 64, 64
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	sizes := func(e *end) map[int]bool {
		m := map[int]bool{}
		for n := range 63 {
			b, err := e.AppendApplicationData(nil, make([]byte, n))
			if err != nil {
				t.Fatal(err)
			}
			m[len(b)] = true
		}
		return m
	}
	if toServer, toClient := sizes(s.client), sizes(s.server); len(toServer) != 63 || len(toClient) != 1 {
		t.Errorf("%d sizes without connection ID, want 63; %d with, want 1", len(toServer), len(toClient))
	}
	n := s.server.MaxPayload()
	b, err := s.server.AppendApplicationData(nil, make([]byte, n))
	if err != nil || len(b) > DefaultMaxDatagramSize || n < DefaultMaxDatagramSize-64-s.server.RecordOverhead() {
		t.Errorf("MaxPayload %d became %d bytes, %v", n, len(b), err)
	}
	s.checkTraffic(t)
}

func TestTheLargestRecordWithAConnectionIDIsOneByteSmaller(t *testing.T) {
	client, server := cidConfigs(t)
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.connect()
	if _, err := s.client.AppendApplicationData(nil, make([]byte, record.MaxPlaintext)); err != ErrTooLarge {
		t.Errorf("2^14 bytes: %v", err)
	}
	b, err := s.client.AppendApplicationData(nil, make([]byte, record.MaxPlaintext-1))
	if err != nil {
		t.Fatal(err)
	}
	s.inject(s.server, b)
	if len(s.server.received) != 1 || len(s.server.received[0]) != record.MaxPlaintext-1 {
		t.Errorf("received %d records", len(s.server.received))
	}
}

func TestAServerThatWasNotAskedSendsNoConnectionID(t *testing.T) { // CID-01
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.ConnectionID = []byte("id")
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.before = func(to *end, n int, b []byte) [][]byte {
		if to == s.client && n == 0 {
			r, _, _ := record.Next(b)
			_, body, _, _ := wire.ParseFragment(r.Body())
			if hello, err := wire.ParseServerHello(body); err != nil || hello.HasConnectionID {
				t.Errorf("ServerHello %+v, %v", hello, err)
			}
		}
		return nil
	}
	s.connect()
}

func TestUnusableConnectionIDsAreRefused(t *testing.T) {
	for _, change := range []func(c *Config){
		func(c *Config) { c.ConnectionID = make([]byte, 256) },
		func(c *Config) { c.RecordPadding = -1 },
		func(c *Config) { c.RecordPadding = MaxRecordPadding + 1 },
	} {
		client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		change(client)
		if _, err := NewEngine(RoleClient, client); err == nil || !strings.HasPrefix(err.Error(), "dtls: config: ") {
			t.Errorf("error %v", err)
		}
	}
}

func TestRecordPathWithConnectionIDsDoesNotAllocate(t *testing.T) {
	client, server := benchmarkConfigs(t)
	client.ConnectionID, server.ConnectionID, client.RecordPadding = []byte("client"), []byte("server"), 16
	x, y := shakenHands(t, client, server)
	message, buf := make([]byte, benchmarkRecord), make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(1000, func() { exchange(t, x, y, message, buf) }); n != 0 {
		t.Errorf("%v allocations for a record there and back", n)
	}
}

func TestConnectionIDsGoWithEverySuite(t *testing.T) {
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			client, server := pskConfigs(s.id)
			if !s.exchange.preShared() {
				key := fingerprint.ECDSAP256
				if s.auth == keyRSA {
					key = fingerprint.RSA2048
				}
				client, server = configs(t, key, key)
				client.CipherSuites, server.CipherSuites = []CipherSuite{s.id}, []CipherSuite{s.id}
			}
			client.ConnectionID, server.ConnectionID = []byte("to client"), []byte("to the server")
			p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
			p.connect()
			p.checkTraffic(t)
			if id := p.client.ConnectionState().PeerConnectionID; string(id) != "to the server" {
				t.Errorf("connection ID %q", id)
			}
		})
	}
}
