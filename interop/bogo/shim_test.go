package main

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// runner is the other end of the TCP connections: what the suite's runner is to
// the shim.
type runner struct {
	t        *testing.T
	listener net.Listener
}

func newRunner(t *testing.T) *runner {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &runner{t, l}
}

// shim starts a shim with the given flags and returns where its error will be.
func (r *runner) shim(id int, flags ...string) <-chan error {
	port := r.listener.Addr().(*net.TCPAddr).Port
	done := make(chan error, 1)
	go func() {
		done <- run(append([]string{"-port", strconv.Itoa(port), "-shim-id", strconv.Itoa(id), "-dtls"}, flags...))
	}()
	return done
}

// accept returns the next connection and the number of its shim.
func (r *runner) accept() (net.Conn, int) {
	r.t.Helper()
	c, err := r.listener.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	r.t.Cleanup(func() { c.Close() })
	var id [8]byte
	if _, err := io.ReadFull(c, id[:]); err != nil {
		r.t.Fatal(err)
	}
	return c, int(binary.LittleEndian.Uint64(id[:]))
}

// command sends an opcode with a number of n bytes.
func command(t *testing.T, c net.Conn, op opcode, n int, value uint64) {
	t.Helper()
	b := binary.BigEndian.AppendUint64(nil, value)
	if _, err := c.Write(append([]byte{byte(op)}, b[8-n:]...)); err != nil {
		t.Fatal(err)
	}
}

// datagram reads a datagram.
func datagram(t *testing.T, c net.Conn) []byte {
	t.Helper()
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil || opcode(head[0]) != opDatagram {
		t.Fatalf("%q, %v, want a datagram", head, err)
	}
	b := make([]byte, binary.BigEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// files returns the flags of a fresh certificate.
func files(t *testing.T) []string {
	t.Helper()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.Signer())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, typ string, b []byte) string {
		name = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return []string{"-cert-file", write("cert", "CERTIFICATE", certificate.Chain()[0]), "-key-file", write("key", "PRIVATE KEY", key)}
}

func TestTwoShimsMeetTwiceAndResume(t *testing.T) {
	r := newRunner(t)
	flags := []string{"-resume-count", "1", "-mtu", "400"}
	client := r.shim(1, append(flags, "-shim-writes-first", "-shim-shuts-down")...)
	server := r.shim(2, append(append(flags, "-server"), files(t)...)...)
	for range 2 {
		a, idA := r.accept()
		b, idB := r.accept()
		if idA+idB != 3 {
			t.Fatalf("shims %d and %d", idA, idB)
		}
		go relay(a, b)
		relay(b, a)
	}
	if err := <-client; err != nil {
		t.Errorf("client: %v", err)
	}
	if err := <-server; err != nil {
		t.Errorf("server: %v", err)
	}
}

// relay copies what one shim sends to the other, until the one is through.
func relay(from, to net.Conn) {
	io.Copy(to, from)
	to.(*net.TCPConn).CloseWrite()
}

func TestTheClockIsTheRunners(t *testing.T) {
	r := newRunner(t)
	done := r.shim(1, "-initial-timeout-duration-ms", "250")
	c, _ := r.accept()
	hello := datagram(t, c)
	advance := func(d time.Duration) {
		t.Helper()
		command(t, c, opAdvance, 8, uint64(d))
		var b [1]byte
		if _, err := io.ReadFull(c, b[:]); err != nil || opcode(b[0]) != opAdvanced {
			t.Fatalf("%q, %v, want the answer of the clock before anything else", b, err)
		}
	}
	command(t, c, opExpectTimer, 8, uint64(250*time.Millisecond))
	advance(100 * time.Millisecond)
	command(t, c, opExpectTimer, 8, uint64(150*time.Millisecond))
	advance(140 * time.Millisecond) // with 10 ms to go it is due
	if again := datagram(t, c); !bytes.Equal(again[13:], hello[13:]) {
		t.Error("what is sent again is another message")
	}
	command(t, c, opTimeout, 4, 500) // twice that: the wait of 500 ms is one of a second now
	advance(980 * time.Millisecond)
	command(t, c, opMTU, 4, 128)
	advance(30 * time.Millisecond)
	if cut := datagram(t, c); len(cut) != 128 {
		t.Errorf("a datagram of %d bytes, want the 128 that the path has", len(cut))
	}
	for range 3 { // the rest of the hello, and what the runner thinks of the timer is wrong
		command(t, c, opExpectTimer, 8, 1)
	}
	go func() {
		io.Copy(io.Discard, c)
		c.Close()
	}()
	if err := <-done; !errors.Is(err, errMustFail) {
		t.Errorf("%v, want that the test must fail", err)
	}
}

func TestFlagsApplyToTheirConnections(t *testing.T) {
	initial, resumed, err := parseFlags(strings.Fields("-dtls -port 1 -shim-id 2 -on-resume-verify-fail -on-initial-expect-alpn a -mtu 300 " +
		"-on-handshaker-async -curves 23 -curves 29"))
	if err != nil {
		t.Fatal(err)
	}
	if initial.verifyFail || !resumed.verifyFail || initial.expectALPN != "a" || resumed.expectALPN != "" || initial.mtu != 300 || resumed.mtu != 300 || len(resumed.groups) != 2 {
		t.Errorf("%+v and %+v", initial, resumed)
	}
}

func TestWhatWeDoNotHaveIsUnimplemented(t *testing.T) {
	for _, flags := range []string{
		"-port 1", "-dtls -no-such-flag", "-dtls -new-rpk-credential", "-dtls -srtp-profiles NULL", "-dtls -curves 4588",
		"-dtls -on-resume-no-such-flag", "-dtls -verify-prefs 513",
	} {
		_, _, err := parseFlags(strings.Fields(flags))
		if _, ok := errors.AsType[unimplementedError](err); !ok {
			t.Errorf("%s: %v", flags, err)
		}
	}
	for _, o := range []*options{{noTLS12: true}, {minVersion: version13}, {maxVersion: 0xfeff}} {
		_, err := newShim().config(o, false)
		if _, ok := errors.AsType[unimplementedError](err); !ok {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestStatusesAreThoseOfTheRunner(t *testing.T) {
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	os.Stderr, _ = os.Open(os.DevNull) // the lines that status prints
	for want, err := range map[int]error{0: nil, 1: io.ErrUnexpectedEOF, 89: unimplementedError("x"), 90: errMustFail} {
		if got := status(err); got != want {
			t.Errorf("%v: status %d, want %d", err, got, want)
		}
	}
}
