package dtlstransport

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestMaxPayloadFillsADatagram(t *testing.T) { // REC-31, REC-33
	for _, suite := range []CipherSuite{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256} {
		for _, size := range []int{MinDatagramSize, 1200, 20000} {
			client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
			client.CipherSuites, client.MaxDatagramSize = []CipherSuite{suite}, size
			p := newPair(t, client, server, netsim.Config{})
			if n := p.client.MaxPayload(); n != 0 {
				t.Errorf("MaxPayload is %d before there are keys", n)
			}
			p.connect()
			n := p.client.MaxPayload()
			b, err := p.client.AppendApplicationData(nil, make([]byte, n))
			if err != nil || len(b) != min(size, 1<<14+p.client.RecordOverhead()) {
				t.Errorf("%v: %d bytes make a datagram of %d (%v), want %d", suite, n, len(b), err, size)
			}
		}
	}
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{})
	p.connect()
	if _, err := p.client.AppendApplicationData(nil, make([]byte, 1<<14+1)); !errors.Is(err, ErrTooLarge) { // REC-05
		t.Errorf("2^14+1 bytes: %v, want ErrTooLarge", err)
	}
}

func TestForgedRecordsEndNothingUnlessThereIsALimit(t *testing.T) { // REC-23, REC-24, REC-42
	for _, limit := range []int{0, 10} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		server.MaxForgedRecords = limit
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
		p.connect()
		for range 1000 {
			b, err := p.client.AppendApplicationData(nil, []byte("genuine until its last byte"))
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)-1] ^= 1
			p.server.note(p.server.HandleDatagram(p.now, b))
			p.flush(p.server)
		}
		var alert *AlertError
		switch {
		case limit == 0 && p.server.err != nil:
			t.Errorf("without a limit: %v", p.server.err)
		case limit == 0:
			p.checkTraffic(t)
			if got := p.server.Stats().Dropped[DropForged]; got != 1000 {
				t.Errorf("%d counted", got)
			}
		case !errors.As(p.server.err, &alert) || alert.Alert != AlertBadRecordMAC || p.server.Stats().Dropped[DropForged] != uint64(limit):
			t.Errorf("with a limit of %d: %v after %d", limit, p.server.err, p.server.Stats().Dropped[DropForged])
		}
	}
}

// Who can send to us, and has no keys, must not end a handshake by the limit, nor use it up
// for the association that comes of it.
func TestForgedRecordsCountFromTheEndOfTheHandshake(t *testing.T) { // REC-23
	const limit = 3
	rubbish := func() (all [][]byte) {
		for i := range 40 {
			body := bytes.Repeat([]byte{byte(i)}, 24+i)
			for _, typ := range []record.ContentType{record.TypeApplicationData, record.TypeHandshake, record.TypeAlert} {
				all = append(all, plainRecord(typ, 1, uint64(1000+i), body), plainRecord(typ, 0, uint64(1000+i), body))
			}
		}
		return all
	}
	for _, resumed := range []bool{false, true} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.MaxForgedRecords, server.MaxForgedRecords = limit, limit
		if resumed {
			client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
			shakenHands(t, client, server)
		}
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.before = func(to *end, _ int, _ []byte) [][]byte {
			if to.hs == nil {
				return nil
			}
			return rubbish()
		}
		s.start()
		if !s.run(time.Minute, s.bothConnected) {
			t.Fatalf("resumed %v: client %v, server %v", resumed, s.client.err, s.server.err)
		}
		s.before = nil
		s.rest(sceneDelay)
		s.checkTraffic(t)
		if n := s.client.Stats().Dropped[DropForged] + s.server.Stats().Dropped[DropForged]; n < limit {
			t.Errorf("resumed %v: %d forged records were tried, want some", resumed, n)
		}
		for _, e := range []*end{s.client, s.server} {
			for i := range limit {
				if e.err != nil {
					t.Errorf("resumed %v: the %s ends after %d: %v", resumed, e.name, i, e.err)
				}
				s.inject(e, plainRecord(record.TypeApplicationData, 1, uint64(1000+i), make([]byte, 30)))
			}
			if a := raised(e.err); a == nil || a.Alert != AlertBadRecordMAC {
				t.Errorf("resumed %v: the %s after %d: %v", resumed, e.name, limit, e.err)
			}
		}
	}
}

func TestMaxMessageSizeMovesTheBoundOnChains(t *testing.T) {
	leaf := testCertificate(t, fingerprint.ECDSAP256)
	chain := [][]byte{leaf.Chain()[0]}
	for range 9 {
		chain = append(chain, make([]byte, 5<<10))
	}
	long, err := fingerprint.New(leaf.Signer(), chain...)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 64 << 10} {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.MaxMessageSize, server.Certificates = size, []*fingerprint.Certificate{long}
		p := newPair(t, client, server, netsim.Config{Delay: sceneDelay})
		p.start()
		if connected := p.run(10*time.Second, p.bothConnected); connected != (size > 0) {
			t.Errorf("bound %d: connected %v with a chain of 46 KB: %v", size, connected, p.client.err)
		}
	}
	for _, size := range []int{-1, 1, minMaxMessageSize - 1, maxMaxMessageSize + 1} {
		c, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		c.MaxMessageSize = size
		if _, err := NewEngine(RoleClient, c); err == nil {
			t.Errorf("MaxMessageSize %d is accepted", size)
		}
	}
}
