package contract

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

func TestUnknownFlagsAndValuesAreUnsupported(t *testing.T) {
	for _, test := range []struct{ args, what string }{
		{"--cid " + strings.Repeat("00", 256), "--cid of 256 bytes"},
		{"--frobnicate", "--frobnicate"},
		{"--ems never", "--ems never"},
		{"--ems maybe", "--ems maybe"},
		{"--suites TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA", "--suites TLS_RSA_WITH_AES_128_CBC_SHA"},
		{"--groups x25519,x448", "--groups x448"},
		{"--srtp SRTP_NULL_HMAC_SHA1_80", "--srtp SRTP_NULL_HMAC_SHA1_80"},
		{"--mtu 100", "--mtu 100"},
		{"--mtu 65508", "--mtu 65508"},
		{"--cookie perhaps", "--cookie perhaps"},
		{"--client-auth request", "--client-auth request"},
		{"--tickets maybe", "--tickets maybe"},
		{"--peer-fingerprint sha-1:00", "--peer-fingerprint sha-1"},
		{"--send " + strings.Repeat("00", 1<<14+1), "--send of 16385 bytes"},
		{"--export a:65537", "--export of 65537 bytes"},
	} {
		_, err := Parse(append(strings.Fields("client --addr 127.0.0.1:1"), strings.Fields(test.args)...))
		unsupported, ok := errors.AsType[*UnsupportedError](err)
		if !ok || unsupported.What != test.what {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		var b bytes.Buffer
		if code := (&Output{&b}).Failed(StageUsage, err); code != 3 || b.String() != "unsupported "+test.what+"\n" {
			t.Errorf("%s: exit code %d, output %q", test.args, code, b.String())
		}
	}
	if _, err := Parse(strings.Fields("server --addr 127.0.0.1:0")); err == nil || err.Error() != "unsupported server without --cert" {
		t.Errorf("server without certificate: %v", err)
	}
}

func TestCommandLinesWithoutSenseAreUsage(t *testing.T) {
	for _, line := range []string{
		"", "peer", "client", "client 127.0.0.1:1", "client --addr", "client --addr 127.0.0.1:1 --cert x", "client --addr 127.0.0.1:1 --cert /nonexistent --key /nonexistent",
		"client --addr 127.0.0.1:1 --send 0", "client --addr 127.0.0.1:1 --send zz", "client --addr 127.0.0.1:1 --export label", "client --addr 127.0.0.1:1 --export :3",
		"client --addr 127.0.0.1:1 --export a:0", "client --addr 127.0.0.1:1 --export a:1:0", "client --addr 127.0.0.1:1 --accept 0", "client --addr 127.0.0.1:1 --close-after -1",
		"client --addr 127.0.0.1:1 --timeout 0", "client --addr 127.0.0.1:1 --timeout NaN", "client --addr 127.0.0.1:1 --mtu x", "client --addr 127.0.0.1:1 --peer-fingerprint sha-256:00",
		"client --addr 127.0.0.1:1 --peer-fingerprint sha-256:zz", "client --addr 127.0.0.1:1 --echo=1", "client --addr= --echo",
	} {
		_, err := Parse(strings.Fields(line))
		if _, ok := errors.AsType[*UsageError](err); !ok {
			t.Errorf("%q: %v", line, err)
			continue
		}
		var b bytes.Buffer
		if code := (&Output{&b}).Failed(StageHandshake, err); code != 2 || !strings.HasPrefix(b.String(), "error stage=usage msg=") || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d, output %q", line, code, b.String())
		}
	}
}

func TestFlagsAreReadInAnyOrderAndForm(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	o, err := Parse(strings.Fields("client --send 01 --suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 --groups secp384r1,x25519 " +
		"--srtp SRTP_AEAD_AES_256_GCM,SRTP_AES128_CM_HMAC_SHA1_32 --ems require --export a:1 --export b:2: --export c:3:0a --mtu 300 --cookie off --client-auth none --tickets off " +
		"--resume file --accept 3 --send 02 --echo --close-after 0 --wait-close --cid 0aff --keylog log --trace trace --timeout 1.5 --peer-fingerprint SHA-256:" + hash + " --addr [::1]:5"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := fingerprint.Parse("sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Options{
		Role: dtlstransport.RoleClient, Addr: "[::1]:5", Peer: fingerprint.Set{f},
		Suites:  []dtlstransport.CipherSuite{dtlstransport.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, dtlstransport.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		Groups:  []dtlstransport.Group{dtlstransport.Secp384r1, dtlstransport.X25519},
		SRTP:    []keying.SRTPProfile{keying.SRTPAEADAES256GCM, keying.SRTPAES128CMHMACSHA1_32},
		EMS:     dtlstransport.EMSRequire,
		Exports: []Export{{"a", 1, nil}, {"b", 2, []byte{}}, {"c", 3, []byte{10}}},
		MTU:     300, Resume: "file", Accept: 3, Send: [][]byte{{1}, {2}}, CloseAfter: 0, WaitClose: true, KeyLog: "log", Trace: "trace", Timeout: 1500 * time.Millisecond,
		ConnectionID: []byte{0x0a, 0xff},
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	o, err := Parse(strings.Fields("client --addr 127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Options{Role: dtlstransport.RoleClient, Addr: "127.0.0.1:1", SRTP: []keying.SRTPProfile{}, EMS: dtlstransport.EMSRequest, MTU: 1200, Cookie: true, ClientAuth: true,
		Tickets: true, Accept: 1, CloseAfter: -1, Timeout: 15 * time.Second}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestAProgramHasFlagsOfItsOwn(t *testing.T) {
	var port string
	_, err := Parse(strings.Fields("client --sctp-port 5000 --addr 127.0.0.1:1"), Flag{Name: "sctp-port", Set: func(v string) error { port = v; return nil }})
	if err != nil || port != "5000" {
		t.Errorf("port %q, error %v", port, err)
	}
}

func TestAlertsArePrintedBeforeTheErrorThatTheyLedTo(t *testing.T) {
	recv := &dtlstransport.AlertError{Alert: dtlstransport.AlertHandshakeFailure, FromPeer: true}
	sent := &dtlstransport.AlertError{Alert: dtlstransport.AlertBadCertificate, Err: errors.New("why\nnot")}
	for _, test := range []struct {
		err   error
		lines string
	}{
		{recv, "alert dir=recv level=fatal desc=40\nerror stage=handshake msg=" + recv.Error() + "\n"},
		{&dtlstransport.HandshakeError{Err: sent, Hints: []error{recv, recv, sent}}, "alert dir=recv level=fatal desc=40\nalert dir=sent level=fatal desc=42\nerror stage=handshake msg="},
		{&dtlstransport.HandshakeError{Err: recv, Hints: []error{recv, errors.New("x")}}, "alert dir=recv level=fatal desc=40\nerror stage=handshake msg="},
		{dtlstransport.ErrTimeout, "error stage=handshake msg=dtls: handshake timed out\n"},
	} {
		var b bytes.Buffer
		if code := (&Output{&b}).Failed(StageHandshake, test.err); code != 1 || !strings.HasPrefix(b.String(), test.lines) || strings.Count(b.String(), "\n") != 1+strings.Count(b.String(), "alert dir") {
			t.Errorf("exit code %d, output\n%s", code, b.String())
		}
	}
}
