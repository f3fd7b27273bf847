package dtlstransport

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// goldenSession is a recorded session of two foreign stacks.
type goldenSession struct {
	name                 string
	clientRandom, master []byte // from the key log
	sides                [2]goldenSide
}

// goldenClient and goldenServer are the places of the sides.
const (
	goldenClient = 0
	goldenServer = 1
)

// goldenSide is what one side sent.
type goldenSide struct {
	messages  []received            // of epoch 0, in order of message_seq
	ccs       int                   // how many ChangeCipherSpec
	protected [][]byte              // records of epoch 1, in order
	versions  map[uint16]bool       // of the records
	numbers   map[RecordNumber]bool // of the records, each at most once
}

func goldenHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenRead reads a recording with the code that reads datagrams in earnest.
func goldenRead(t *testing.T, path string) *goldenSession {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &goldenSession{name: filepath.Base(path)}
	var inbox [2]flight.Reassembler
	for i := range s.sides {
		s.sides[i].versions, s.sides[i].numbers = map[uint16]bool{}, map[RecordNumber]bool{}
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			if words[1] == "keylog" {
				s.clientRandom, s.master = goldenHex(t, words[3]), goldenHex(t, words[4])
			}
			continue
		}
		from := goldenServer
		if (words[0] == ">") == strings.Contains(s.name, "-client") {
			from = goldenClient
		}
		for b := goldenHex(t, words[1]); len(b) > 0; {
			r, rest, ok := record.Next(b)
			if !ok {
				t.Fatalf("not a record: %x", b)
			}
			b = rest
			s.sides[from].add(t, &inbox[from], &r)
		}
	}
	for i := range s.sides {
		for seq := uint16(0); ; seq++ {
			typ, body, ok := inbox[i].Message(seq)
			if !ok {
				if inbox[i].Holds(seq) || inbox[i].Holds(seq+1) {
					t.Fatalf("message %d of side %d is incomplete", seq, i)
				}
				break
			}
			s.sides[i].messages = append(s.sides[i].messages, received{true, typ, seq, body})
		}
	}
	return s
}

func (s *goldenSide) add(t *testing.T, inbox *flight.Reassembler, r *record.Record) {
	t.Helper()
	if s.numbers[r.Number] {
		t.Errorf("record %v is sent twice", r.Number)
	}
	s.numbers[r.Number], s.versions[r.Version] = true, true
	switch {
	case r.Number.Epoch == 1:
		s.protected = append(s.protected, r.Raw)
	case r.Type == record.TypeChangeCipherSpec:
		s.ccs++
	case r.Type == record.TypeHandshake:
		for b := r.Body(); len(b) > 0; {
			h, fragment, rest, err := wire.ParseFragment(b)
			if err != nil {
				t.Fatal(err)
			}
			b = rest
			if outcome := inbox.Add(h, fragment); outcome != flight.Kept && outcome != flight.Repeated {
				t.Errorf("%+v: outcome %d", h, outcome)
			}
		}
	default:
		t.Errorf("record of type %v in the clear", r.Type)
	}
}

// flight returns the messages of a grammar, of which the first has the given type.
func (s *goldenSide) flight(t *testing.T, g grammar) []received {
	t.Helper()
	var inbox flight.Reassembler
	for _, m := range s.messages {
		inbox.Add(wire.Header{Type: m.typ, Seq: m.seq, Length: uint32(len(m.body)), FragmentLength: uint32(len(m.body))}, m.body)
	}
	for _, m := range s.messages {
		if m.typ != g[0].typ {
			continue
		}
		messages, complete, a := g.match(&inbox, m.seq, "golden")
		if a != nil || !complete {
			t.Fatalf("flight %v: complete %v, %v", g, complete, a)
		}
		return messages[:len(g)]
	}
	t.Fatalf("no flight %v", g)
	return nil
}

// lastHello returns the ClientHello that was answered.
func (s *goldenSide) lastHello(t *testing.T) received {
	t.Helper()
	i := len(s.messages) - 1
	for ; i >= 0 && s.messages[i].typ != wire.TypeClientHello; i-- {
	}
	if i < 0 {
		t.Fatal("no ClientHello")
	}
	return s.messages[i]
}

// TestRecordedSessionsOfForeignStacks replays sessions whose master secret is
// known through everything in here that computes: records, reassembly, the
// transcript, signatures, the key schedule, Finished, and application data.
func TestRecordedSessionsOfForeignStacks(t *testing.T) { // HS-12, COOK-12, REC-25, EMS-02
	paths, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(paths) != 14 {
		t.Fatalf("%d recordings, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { goldenReplay(t, goldenRead(t, path)) })
	}
}

func goldenReplay(t *testing.T, s *goldenSession) {
	client, server := &s.sides[goldenClient], &s.sides[goldenServer]
	hello := client.lastHello(t)
	flight4 := server.flight(t, client12Grammar[client12Flight4])
	flight5 := client.flight(t, server12Grammar[server12Flight5])

	clientHello, err := wire.ParseClientHello(hello.body)
	if err != nil {
		t.Fatal(err)
	}
	serverHello, err := wire.ParseServerHello(flight4[inServerHello].body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(clientHello.Random[:], s.clientRandom) {
		t.Error("the key log is of another session")
	}
	if hello.seq > 0 && len(clientHello.Cookie) == 0 {
		t.Error("the second hello has no cookie")
	}
	// The master secret is the extended one (RFC 7627); that its hash was over the
	// right messages cannot be seen, for the premaster secret is gone.
	if !clientHello.ExtendedMasterSecret || !serverHello.ExtendedMasterSecret {
		t.Error("no extended master secret")
	}
	suite := CipherSuite(serverHello.CipherSuite).info()
	if suite == nil {
		t.Fatalf("suite %#04x", serverHello.CipherSuite)
	}

	var covered transcript
	covered.addReceived(hello)
	for _, m := range flight4 {
		if m.present {
			covered.addReceived(m)
		}
	}
	goldenCheckServerKeyExchange(t, clientHello, serverHello, suite, flight4)
	covered.addReceived(flight5[inClientCertificate])
	covered.addReceived(flight5[inClientKeyExchange])
	goldenCheckCertificateVerify(t, flight5, &covered)
	covered.addReceived(flight5[inCertificateVerify])

	schedule := &schedule12{suite: suite, clientRandom: clientHello.Random, serverRandom: serverHello.Random, master: s.master}
	for i, role := range []Role{RoleClient, RoleServer} {
		side := &s.sides[i]
		if side.ccs == 0 || side.versions[record.Version10] && role == RoleServer {
			t.Errorf("%v: %d ChangeCipherSpec, versions %v", role, side.ccs, side.versions)
		}
		// OpenSSL and werift make explicit nonces of their own (REC-27); BoringSSL,
		// NSS and pion take the record number, as we do (REC-26).
		foreign := strings.Contains(s.name, "-"+strings.ToLower(role.String()))
		ownNonces := foreign && (strings.HasPrefix(s.name, "libdatachannel") || strings.HasPrefix(s.name, "werift"))
		finished := goldenOpen(t, schedule, role, side, ownNonces)
		want := schedule.verifyData(role, &covered)
		if m, err := wire.ParseFinished(finished.body); err != nil || m.VerifyData != want {
			t.Errorf("%v: Finished %x, want %x", role, finished.body, want)
		}
		covered.addReceived(finished)
	}
}

func goldenCheckServerKeyExchange(t *testing.T, clientHello *wire.ClientHello, serverHello *wire.ServerHello, suite *suiteInfo, flight4 []received) {
	t.Helper()
	certificate, err := wire.ParseCertificate(flight4[inServerCertificate].body)
	if err != nil {
		t.Fatal(err)
	}
	key, keyType, err := peerKey(certificate.Chain[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseServerKeyExchange(flight4[inServerKeyExchange].body)
	if err != nil {
		t.Fatal(err)
	}
	scheme := SignatureScheme(m.Scheme).info()
	if scheme == nil || scheme.key != keyType || !suite.serves(keyType) || !slices.Contains(clientHello.SignatureAlgorithms, m.Scheme) {
		t.Fatalf("scheme %v for %v", SignatureScheme(m.Scheme), suite.id)
	}
	signed := slices.Concat(clientHello.Random[:], serverHello.Random[:], m.Params)
	if err := scheme.verify(key, signed, m.Signature); err != nil {
		t.Errorf("ServerKeyExchange: %v", err)
	}
	for _, i := range []int{0, 31, 32, 63, 64, len(signed) - 1} { // HS-21
		signed[i] ^= 1
		if scheme.verify(key, signed, m.Signature) == nil {
			t.Errorf("ServerKeyExchange verifies with byte %d altered", i)
		}
		signed[i] ^= 1
	}
	curve := Group(m.Group).curve()
	if curve == nil || !slices.Contains(clientHello.SupportedGroups, m.Group) {
		t.Fatalf("group %v", Group(m.Group))
	}
	if _, err := curve.NewPublicKey(m.PublicKey); err != nil {
		t.Errorf("public key in %v: %v", Group(m.Group), err)
	}
}

func goldenCheckCertificateVerify(t *testing.T, flight5 []received, covered *transcript) {
	t.Helper()
	certificate, err := wire.ParseCertificate(flight5[inClientCertificate].body)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := peerKey(certificate.Chain[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseCertificateVerify(flight5[inCertificateVerify].body)
	if err != nil {
		t.Fatal(err)
	}
	scheme := SignatureScheme(m.Scheme).info()
	if scheme == nil {
		t.Fatalf("scheme %v", SignatureScheme(m.Scheme))
	}
	if err := scheme.verify(key, covered.messages, m.Signature); err != nil {
		t.Errorf("CertificateVerify: %v", err)
	}
	if scheme.verify(key, covered.messages[1:], m.Signature) == nil {
		t.Error("CertificateVerify verifies over other messages")
	}
}

// goldenOpen decrypts all that a side sent in epoch 1 and returns its Finished.
// Where the stack makes its nonces as we do, our sealer makes the same records.
func goldenOpen(t *testing.T, schedule *schedule12, role Role, side *goldenSide, ownNonces bool) (finished received) {
	t.Helper()
	sealer, _, err := schedule.protection(role)
	if err != nil {
		t.Fatal(err)
	}
	_, opener, err := schedule.protection(role.Peer())
	if err != nil {
		t.Fatal(err)
	}
	data, resealed := 0, 0
	for _, raw := range side.protected {
		original := bytes.Clone(raw)
		r, _, _ := record.Next(raw)
		content, err := opener.Open(&r)
		if err != nil {
			t.Fatalf("%v: record %v: %v", role, r.Number, err)
		}
		sealer.StartAt(r.Number.Seq) // the recording leaves large records out
		again, err := sealer.Append(nil, r.Type, r.Version, content)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(original) {
			t.Errorf("%v: record %v has %d bytes, ours %d", role, r.Number, len(original), len(again))
		}
		if n := record.HeaderLen + 8; bytes.Equal(again[:n], original[:n]) {
			resealed++
			if !bytes.Equal(again, original) {
				t.Errorf("%v: record %v is sealed as\n%x, was\n%x", role, r.Number, again, original)
			}
		}
		switch r.Type {
		case record.TypeHandshake:
			h, body, rest, err := wire.ParseFragment(content)
			if err != nil || len(rest) > 0 || h.Type != wire.TypeFinished {
				t.Fatalf("%v: %+v, %d bytes more, %v", role, h, len(rest), err)
			}
			finished = received{true, h.Type, h.Seq, bytes.Clone(body)}
		case record.TypeApplicationData:
			// SCTP over DTLS begins with its ports, and both are 5000 (RFC 8841).
			data++
			if !bytes.HasPrefix(content, []byte{0x13, 0x88, 0x13, 0x88}) {
				t.Errorf("%v: application data %.8x", role, content)
			}
		default:
			t.Errorf("%v: record of type %v", role, r.Type)
		}
	}
	if !finished.present || data < 2 {
		t.Fatalf("%v: Finished %v, %d records of application data", role, finished.present, data)
	}
	if ownNonces == (resealed == len(side.protected)) {
		t.Errorf("%v: %d of %d records are sealed alike", role, resealed, len(side.protected))
	}
	return finished
}
