package dtlstransport

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// fipsOnly reports whether the standard library has nothing but what is approved.
func fipsOnly() bool {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return false
	}
	_, err = cipher.NewGCM(block)
	return fips140.Enabled() && err != nil
}

// The test runs itself with that setting, which counts from the start of a
// process.
func TestFIPSPolicyConnectsUnderFIPSOnly(t *testing.T) {
	if !fipsOnly() {
		child := exec.Command(os.Args[0], "-test.run=^TestFIPSPolicyConnectsUnderFIPSOnly$|^TestOnlySuitesThatSayFIPSConnect$", "-test.v")
		child.Env = append(os.Environ(), "GODEBUG=fips140=only")
		out, err := child.CombinedOutput()
		if bytes.Contains(out, []byte("fips140: ")) && bytes.Contains(out, []byte("not supported")) {
			t.Skipf("%s", out)
		}
		if err != nil || bytes.Count(out, []byte("--- PASS: Test")) != 2 {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for _, kind := range []fingerprint.KeyType{fingerprint.ECDSAP256, fingerprint.ECDSAP384, fingerprint.RSA2048, fingerprint.Ed25519} {
		for _, tickets := range []bool{false, true} {
			client, server := FIPSPolicy(), FIPSPolicy()
			own := testCertificate(t, kind)
			for _, c := range []*Config{client, server} {
				c.Certificates = []*fingerprint.Certificate{own}
				c.RemoteFingerprints = fingerprint.Set{own.Fingerprint()}
			}
			server.Cookies = NewCookies()
			r := &resumption{clientStore: sessionMap{}, serverStore: sessionMap{}, client: client, server: server}
			client.Sessions, server.Sessions = r.clientStore, r.serverStore
			if tickets {
				server.Tickets = NewTicketKeys([32]byte{1})
			}
			r.connect(t, epochZero, false).checkTraffic(t)
			p := r.connect(t, epochZero.Add(time.Hour), true)
			p.checkTraffic(t)
			if _, err := p.client.ExportKeyingMaterial("EXPERIMENTAL test", nil, 32); err != nil {
				t.Error(err)
			}
		}
	}
}

// CipherSuiteInfo.FIPS and GroupInfo.FIPS are what the library says.
func TestOnlySuitesThatSayFIPSConnect(t *testing.T) {
	if !fipsOnly() {
		return // the test above runs it
	}
	connects := func(client, server *Config) (connected bool) {
		defer func() {
			if recover() != nil { // of SHA-1, in crypto/hmac
				connected = false
			}
		}()
		p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
		p.start()
		p.run(time.Second, func() bool { return p.bothConnected() || p.client.err != nil || p.server.err != nil })
		return p.bothConnected()
	}
	for i := range suites {
		client, server := suiteConfigs(t, &suites[i])
		client.Groups, server.Groups = FIPSPolicy().Groups, FIPSPolicy().Groups
		if info := suites[i].public(); connects(client, server) != info.FIPS {
			t.Errorf("%s: FIPS is %v", info.Name, info.FIPS)
		}
	}
	for _, info := range Groups() {
		client, server := suiteConfigs(t, TLS_ECDHE_ECDSA_WITH_AES_128_CCM.info())
		client.Groups, server.Groups = []Group{info.Group, Secp256r1}, []Group{info.Group}
		if connects(client, server) != info.FIPS {
			t.Errorf("%s: FIPS is %v", info.Name, info.FIPS)
		}
	}
}
