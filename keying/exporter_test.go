package keying

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
)

// tlsSecrets is what a TLS 1.2 connection of crypto/tls was keyed from, with the connection to ask for the answers.
type tlsSecrets struct {
	master, clientRandom, serverRandom []byte
	state                              tls.ConnectionState
}

// handshakeTLS12 runs crypto/tls against itself in memory.
func handshakeTLS12(t *testing.T, suite uint16) tlsSecrets {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var keylog bytes.Buffer
	clientEnd, serverEnd := net.Pipe()
	defer clientEnd.Close()
	defer serverEnd.Close()
	server := tls.Server(serverEnd, &tls.Config{
		MaxVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	recorder := &recordingConn{Conn: clientEnd}
	client := tls.Client(recorder, &tls.Config{
		MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}, InsecureSkipVerify: true, KeyLogWriter: &keylog,
	})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(keylog.String())
	if len(words) != 3 {
		t.Fatalf("key log has %d words", len(words))
	}
	return tlsSecrets{
		clientRandom: unhex(t, words[1]), master: unhex(t, words[2]),
		serverRandom: recorder.read[5+4+2:][:32], // record header, handshake header, version: ServerHello comes first
		state:        client.ConnectionState(),
	}
}

type recordingConn struct {
	net.Conn
	read []byte
}

func (c *recordingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read = append(c.read, b[:n]...)
	return n, err
}

// EXP-01: an independent implementation gives the same bytes for no context, an empty one and others, under both PRF hashes.
func TestExportAgreesWithCryptoTLS(t *testing.T) {
	for suite, h := range map[uint16]crypto.Hash{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: crypto.SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: crypto.SHA384,
	} {
		s := handshakeTLS12(t, suite)
		seen := map[string]string{}
		for _, label := range []string{SRTPLabel, "EXPORTER-rtctransport-test", "EXPERIMENTAL x"} {
			for _, context := range [][]byte{nil, {}, {0}, []byte("context"), make([]byte, 0xffff)} {
				want, err := s.state.ExportKeyingMaterial(label, context, 60)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 60)
				if err := Export(got, h, s.master, s.clientRandom, s.serverRandom, label, context); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s, label %q, context of %d (nil %t):\n got %x\nwant %x", tls.CipherSuiteName(suite), label, len(context), context == nil, got, want)
				}
				// EXP-02: nothing is exported twice, so labels and contexts do keep users apart.
				if other, ok := seen[hex.EncodeToString(got)]; ok {
					t.Errorf("label %q exports what %s did", label, other)
				}
				seen[hex.EncodeToString(got)] = label
			}
		}
	}
}

// EXP-04
func TestExportRefusesLabelsOfTheHandshake(t *testing.T) {
	for _, label := range []string{"client finished", "server finished", "master secret", "key expansion"} {
		out := []byte{1, 2, 3}
		if err := Export(out, crypto.SHA256, make([]byte, 48), make([]byte, 32), make([]byte, 32), label, nil); !errors.Is(err, ErrReservedLabel) {
			t.Errorf("label %q: error %v", label, err)
		}
		if !bytes.Equal(out, []byte{1, 2, 3}) {
			t.Errorf("label %q: out was written", label)
		}
	}
}

// Without the refusal, an exporter with a reserved label would be a key block oracle for whoever may call it.
func TestReservedLabelWouldGiveAwayTheKeyBlock(t *testing.T) {
	master, a, b := make([]byte, 48), bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	block, exported := make([]byte, 40), make([]byte, 40)
	KeyBlock(block, crypto.SHA256, master, a, b)
	PRF(exported, crypto.SHA256, master, "key expansion", b, a)
	if !bytes.Equal(block, exported) {
		t.Fatal("the key block is no longer what the label says")
	}
}

func TestExportRefusesAContextThatItsLengthCannotSay(t *testing.T) { // EXP-06
	err := Export(make([]byte, 1), crypto.SHA256, nil, nil, nil, "EXPORTER", make([]byte, 0x10000))
	if !errors.Is(err, ErrContextTooLong) {
		t.Fatalf("error %v", err)
	}
}
