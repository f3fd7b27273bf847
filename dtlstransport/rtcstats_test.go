package dtlstransport

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

func TestRTCStatsOfATransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: 10 * time.Millisecond}, nil)
		defer a.Close()
		defer b.Close()
		if got := a.RTCStats().Transport; got != (RTCTransportStats{DTLSState: "new", DTLSRole: "client"}) {
			t.Errorf("before the handshake %+v", got)
		}
		mustShakeHands(t, a, b)
		buf := make([]byte, 1500)
		for seq := range uint16(3) {
			if _, err := a.WriteRTP(rtpPacket(seq, "media")); err != nil {
				t.Fatal(err)
			}
			if _, err := b.ReadRTP(buf); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Conn().Write([]byte("data")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Conn().Read(buf); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		own, peer := a.RTCStats(), b.RTCStats()
		// Nothing was lost, so what one end has sent the other has received.
		for _, way := range []struct{ from, to RTCTransportStats }{{own.Transport, peer.Transport}, {peer.Transport, own.Transport}} {
			if way.from.PacketsSent != way.to.PacketsReceived || way.from.BytesSent != way.to.BytesReceived || way.from.BytesSent == 0 {
				t.Errorf("sent %+v, received %+v", way.from, way.to)
			}
		}
		if n := own.Transport.PacketsSent; n != 2+3+1 {
			t.Errorf("%d packets sent, want two of the handshake, three of media, one of data", n)
		}
		state := a.ConnectionState()
		want := own.Transport
		want.DTLSState, want.DTLSRole, want.TLSVersion, want.DTLSCipher = "connected", "client", "FEFD", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
		want.TLSGroup, want.SRTPCipher = "X25519", "SRTP_AEAD_AES_128_GCM"
		want.LocalCertificateID = "CF" + strings.TrimPrefix(state.LocalCertificate.Fingerprint().String(), "sha-256 ")
		remote, _ := fingerprint.Of(fingerprint.SHA256, state.PeerCertificates[0])
		want.RemoteCertificateID = "CF" + strings.TrimPrefix(remote.String(), "sha-256 ")
		if own.Transport != want {
			t.Errorf("%+v\nwant %+v", own.Transport, want)
		}
		if !slices.Equal(own.Certificates[:1], peer.Certificates[1:]) || !slices.Equal(own.Certificates[1:], peer.Certificates[:1]) {
			t.Errorf("certificates %+v and %+v", own.Certificates, peer.Certificates)
		}
		a.Close()
		<-b.Done()
		if x, y := a.RTCStats().Transport.DTLSState, b.RTCStats().Transport.DTLSState; x != "closed" || y != "closed" {
			t.Errorf("after Close %s and %s", x, y)
		}
	})
}

func TestRTCStatsHaveTheNamesOfTheW3C(t *testing.T) {
	state := ConnectionState{State: StateConnected, Role: RoleServer, Version: 0xfefd, CipherSuite: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Group: Secp256r1,
		LocalCertificate: testCertificate(t, fingerprint.ECDSAP256), PeerCertificates: [][]byte{{1}, {2}, {3}}, SRTPProfile: 1}
	text, err := json.Marshal(newRTCStats(state, Stats{DatagramsSent: 1, BytesSent: 2, DatagramsReceived: 3, BytesReceived: 4}))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Transport    map[string]any
		Certificates []map[string]string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"packetsSent": 1.0, "bytesSent": 2.0, "packetsReceived": 3.0, "bytesReceived": 4.0, "dtlsState": "connected", "dtlsRole": "server", "tlsVersion": "FEFD",
		"dtlsCipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "tlsGroup": "secp256r1", "srtpCipher": "SRTP_AES128_CM_HMAC_SHA1_80",
		"localCertificateId": got.Certificates[0]["id"], "remoteCertificateId": got.Certificates[1]["id"],
	} {
		if got.Transport[name] != want {
			t.Errorf("%s is %v, want %v", name, got.Transport[name], want)
		}
		delete(got.Transport, name)
	}
	if len(got.Transport) > 0 || len(got.Certificates) != 4 {
		t.Errorf("besides %v; %d certificates", got.Transport, len(got.Certificates))
	}
	chain := got.Certificates[1:]
	if chain[0]["base64Certificate"] != "AQ==" || chain[0]["issuerCertificateId"] != chain[1]["id"] || chain[1]["issuerCertificateId"] != chain[2]["id"] ||
		chain[2]["issuerCertificateId"] != "" || chain[2]["fingerprintAlgorithm"] != "sha-256" || chain[2]["id"] != "CF"+chain[2]["fingerprint"] {
		t.Errorf("chain %v", chain)
	}
}

func TestConnectionStateTellsOurCertificateAfterResumptionToo(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	second, err := fingerprint.Generate(fingerprint.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	client.Certificates = append([]*fingerprint.Certificate{second}, client.Certificates...)
	client.SignatureSchemes = []SignatureScheme{ECDSAP256SHA256} // so that it is not the first that is used
	server.SignatureSchemes = client.SignatureSchemes
	client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
	for _, resumed := range []bool{false, true} {
		p := newPair(t, client, server, netsim.Config{})
		p.connect()
		s := p.client.ConnectionState()
		if s.Resumed != resumed || s.LocalCertificate != client.Certificates[1] || p.server.ConnectionState().LocalCertificate != server.Certificates[0] {
			t.Errorf("resumed %v: %+v", resumed, s)
		}
	}
}
