package watch

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
	"github.com/rtctransport/rtctransport/keying"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// see has a watch see a datagram.
func see(w *Watch, d netsim.Direction, fate netsim.Fate, b []byte) {
	w.See(relay.Datagram{Time: began, Client: netip.MustParseAddrPort("127.0.0.1:7"), Direction: d, Fate: fate, Bytes: b})
}

// shakeHands has two engines shake hands before a watch. The first datagram is lost.
func shakeHands(t *testing.T, w *Watch, change func(client, server *dtlstransport.Config)) {
	t.Helper()
	engine := func(role dtlstransport.Role, c *dtlstransport.Config) *dtlstransport.Engine {
		e, err := dtlstransport.NewEngine(role, c)
		if err != nil {
			t.Fatal(err)
		}
		e.SetRemoteAddr("peer")
		return e
	}
	config := func() *dtlstransport.Config {
		c, err := fingerprint.Generate(fingerprint.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		return &dtlstransport.Config{
			Certificates: []*fingerprint.Certificate{c}, VerifyPeer: func([][]byte) error { return nil },
			CipherSuites: []dtlstransport.CipherSuite{dtlstransport.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}, Groups: []dtlstransport.Group{dtlstransport.Secp384r1, dtlstransport.Secp256r1},
			SRTPProfiles: []keying.SRTPProfile{keying.SRTPAEADAES128GCM}, MaxDatagramSize: 500,
		}
	}
	cc, sc := config(), config()
	if change != nil {
		change(cc, sc)
	}
	sides := []*dtlstransport.Engine{engine(dtlstransport.RoleClient, cc), engine(dtlstransport.RoleServer, sc)}
	now := began
	if err := sides[0].Start(now); err != nil {
		t.Fatal(err)
	}
	first := true
	for range 200 {
		moved := false
		for i, e := range sides {
			for {
				b, ok := e.AppendDatagram(nil)
				if !ok {
					break
				}
				moved = true
				fate := netsim.Fate{Drop: first}
				first = false
				see(w, []netsim.Direction{netsim.AtoB, netsim.BtoA}[i], fate, b)
				if !fate.Drop {
					_ = sides[1-i].HandleDatagram(now, b) // a refusal is part of it
				}
			}
		}
		if moved {
			continue
		}
		now = now.Add(100 * time.Millisecond)
		for _, e := range sides {
			_ = e.HandleTimeout(now)
		}
	}
}

func TestAWatchReadsAHandshake(t *testing.T) {
	var w Watch
	shakeHands(t, &w, nil)
	all := w.Handshakes()
	if len(all) != 1 {
		t.Fatalf("%d handshakes", len(all))
	}
	f := all[0].Facts
	if f.Version != "DTLS 1.2" || f.Suite != "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" || f.Group != "secp384r1" || f.SRTP != "SRTP_AEAD_AES_128_GCM" ||
		!f.EMS || f.Cookie || f.Resumed || !f.ClientAuth || !f.Complete() || len(f.Alerts) > 0 || f.Offers13 {
		t.Errorf("%+v", f)
	}
	if f.Certificates[0] < 100 || f.Certificates[1] < 100 || f.Largest[0] > 500 || f.Largest[1] > 500 || f.Largest[1] < 400 {
		t.Errorf("sizes: certificates %v, largest datagrams %v", f.Certificates, f.Largest)
	}
	if f.Resent == 0 || all[0].Datagrams[0].Fate != Lost || all[0].Datagrams[0].Records[0].Fragments[0].Message != "ClientHello" || !all[0].Datagrams[1].Records[0].Fragments[0].Again {
		t.Errorf("the lost hello: %+v, %+v", all[0].Datagrams[0], all[0].Datagrams[1])
	}
	if !slices.Contains(f.ClientOffers, "use_srtp") || !slices.Contains(f.ServerAnswers, "use_srtp") || slices.Contains(f.ServerAnswers, "supported_groups") {
		t.Errorf("extensions: offered %v, answered %v", f.ClientOffers, f.ServerAnswers)
	}
}

func TestAWatchReadsAlerts(t *testing.T) {
	var w Watch
	shakeHands(t, &w, func(_, server *dtlstransport.Config) {
		server.CipherSuites = []dtlstransport.CipherSuite{dtlstransport.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	})
	all := w.Handshakes()
	if len(all) != 1 || all[0].Facts.FatalAlert(Server) != 40 || all[0].Facts.FatalAlert(Client) != -1 || all[0].Facts.Complete() {
		t.Errorf("%+v", all)
	}
}

func TestAWatchTellsHandshakesApart(t *testing.T) {
	var w Watch
	shakeHands(t, &w, nil)
	shakeHands(t, &w, func(_, server *dtlstransport.Config) { server.Cookies = dtlstransport.NewCookies() })
	all := w.Handshakes()
	if len(all) != 2 || all[0].Facts.Cookie || !all[1].Facts.Cookie || !all[1].Facts.Complete() {
		t.Errorf("%d handshakes: %+v", len(all), all)
	}
}

func TestACaptureHasWhatArrived(t *testing.T) {
	w := Watch{Keep: true}
	see(&w, netsim.AtoB, netsim.Fate{}, []byte("abc"))
	see(&w, netsim.AtoB, netsim.Fate{Drop: true}, []byte("lost"))
	see(&w, netsim.BtoA, netsim.Fate{}, []byte("de"))
	var b bytes.Buffer
	if err := w.WriteCapture(&b); err != nil {
		t.Fatal(err)
	}
	if n := 24 + 2*(16+28) + 5; b.Len() != n || bytes.Contains(b.Bytes(), []byte("lost")) {
		t.Errorf("%d bytes, want %d: %x", b.Len(), n, b.Bytes())
	}
}

func FuzzAWatchReadsAnything(f *testing.F) {
	f.Add([]byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40})
	hello := append([]byte{22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 0xfe, 0xfd}, make([]byte, 32)...)
	f.Add(append(hello, 0, 0, 0, 2, 0xc0, 0x2b, 1, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var w Watch
		for d := range 2 {
			see(&w, []netsim.Direction{netsim.AtoB, netsim.BtoA}[d], netsim.Fate{}, b)
		}
		for _, h := range w.Handshakes() {
			if len(h.Datagrams) != 2 || h.Datagrams[0].Size != len(b) {
				t.Errorf("%+v", h)
			}
		}
	})
}
