package dtlstransport

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// sctpAuthSecrets were computed with another implementation of the PRF: master secret
// 00 01 02 .. 2f, client random 32 times c0, server random 32 times 50.
var sctpAuthSecrets = map[crypto.Hash]string{
	crypto.SHA256: "93b3fab8e5cab0859e7f570e6594683437ad57e9aac95ff1b89ab9f4fe01e4282cc26c78fb1876e14762aa983655b58d767f55a9a346dfcf6bdec0998a31f8e8",
	crypto.SHA384: "5f3f3dfd0e317d54bec1eb1031891d78c7b010d7b633cce32116efda408261ed677317cf7d0084097280773b1b33d62ea9010b7ec7973ecca4d995785a269eae",
}

func TestSCTPAuthSecretKnownAnswers(t *testing.T) {
	master := make([]byte, 48)
	for i := range master {
		master[i] = byte(i)
	}
	client, server := bytes.Repeat([]byte{0xc0}, 32), bytes.Repeat([]byte{0x50}, 32)
	for hash, want := range sctpAuthSecrets {
		got := make([]byte, SCTPAuthLen)
		if err := keying.Export(got, hash, master, client, server, SCTPAuthLabel, nil); err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%v: %x, %v", hash, got, err)
		}
	}
}

// reliableScene is a scene whose link loses nothing, and is slower than any timer.
func reliableScene(t *testing.T, change func(client, server *Config)) *scene {
	client, server := configs(t, fingerprint.RSA2048, fingerprint.RSA2048)
	client.ReliableTransport, server.ReliableTransport = true, true
	if change != nil {
		change(client, server)
	}
	return newScene(t, client, server, netsim.Config{Delay: 5 * time.Second})
}

func TestOverAReliableTransportNothingIsSentTwiceOrCut(t *testing.T) { // R6083-01, R6083-02
	s := reliableScene(t, nil)
	s.client.SetMaxDatagramSize(200)
	s.server.SetMaxDatagramSize(200)
	s.before = func(to *end, n int, b []byte) [][]byte {
		r, rest, ok := record.Next(b)
		if !ok || len(rest) > 0 {
			t.Errorf("datagram %d to the %s is not one record", n, to.name)
		}
		if r.Type == record.TypeHandshake && r.Number.Epoch == 0 && len(r.Body()) != 12+int(r.Body()[1])<<16+int(r.Body()[2])<<8+int(r.Body()[3]) {
			t.Errorf("datagram %d to the %s has a piece of a message", n, to.name)
		}
		return nil
	}
	s.connect()
	// ClientHello; ServerHello .. ServerHelloDone; Certificate .. Finished; ChangeCipherSpec, Finished.
	if c, v := s.client.datagrams, s.server.datagrams; c != 1+5 || v != 5+2 {
		t.Errorf("%d records of the client, %d of the server", c, v)
	}
	if n := s.client.Stats().Retransmissions + s.server.Stats().Retransmissions; n != 0 {
		t.Errorf("%d retransmissions", n)
	}
	if n := s.client.MaxPayload(); n != record.MaxPlaintext {
		t.Errorf("MaxPayload %d", n)
	}
}

func TestOverAReliableTransportThereIsNoReplay(t *testing.T) { // R6083-01
	s := reliableScene(t, nil)
	s.connect()
	var sent [][]byte
	for range 3000 {
		sent = append(sent, s.client.seal(t, record.TypeApplicationData, []byte("data")))
	}
	s.inject(s.server, sent[2999])
	for range 3 { // however late, and as often as the transport says
		s.inject(s.server, bytes.Clone(sent[0]))
	}
	if n := len(s.server.received); n != 4 {
		t.Errorf("%d records delivered", n)
	}
}

func TestOverAReliableTransportARefusalIsTheVerdict(t *testing.T) {
	s := reliableScene(t, func(client, _ *Config) { client.RemoteFingerprints = fingerprint.Set{testFingerprint(t, "A")} })
	s.start()
	s.run(time.Minute, func() bool { return s.client.err != nil })
	wantHandshakeError(t, "client", s.client.err, AlertBadCertificate, false)
	if took := s.now.Sub(epochZero); took != 10*time.Second {
		t.Errorf("after %v", took)
	}
}

func TestAProbeOverAReliableTransportIsSentOnce(t *testing.T) {
	s := reliableScene(t, func(client, server *Config) { client.Heartbeat, server.Heartbeat = HeartbeatAnswer, HeartbeatAnswer })
	s.connect()
	if event, sent := s.probed(s.client, 0); event.Kind != EventProbeAnswered || sent != 1 || event.RTT != 10*time.Second {
		t.Errorf("%+v after %d", event, sent)
	}
}

func TestAReliableTransportHasNoCookies(t *testing.T) {
	_, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.ReliableTransport, server.Cookies = true, NewCookies()
	if _, err := NewEngine(RoleServer, server); err == nil {
		t.Error("no error")
	}
	server.Cookies = nil
	if _, err := NewListener(newTestSocket(), &ListenConfig{Config: server}); err == nil {
		t.Error("a Listener on UDP that is said to be reliable")
	}
}
