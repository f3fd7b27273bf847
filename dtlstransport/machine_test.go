package dtlstransport

import (
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

func TestTheStatesAwaitTheMessagesOfTheRFC(t *testing.T) { // HS-18, HS-20, HS-24, HS-19, HS-22
	var b strings.Builder
	for i, g := range client12Grammar {
		fmt.Fprintf(&b, "%v: %v\n", client12State(i), g)
	}
	for i, g := range server12Grammar {
		fmt.Fprintf(&b, "%v: %v\n", server12State(i), g)
	}
	fmt.Fprintf(&b, "%v, %v\n", client12State(len(client12Grammar)), server12State(len(server12Grammar)))
	const want = `client12Flight4: ServerHello Certificate CertificateStatus* ServerKeyExchange CertificateRequest* ServerHelloDone
client12Flight6: Finished
server12Flight1: ClientHello
server12Flight5: Certificate ClientKeyExchange CertificateVerify
server12Finished: Finished
server12ResumedFinished: Finished
client12(2), server12(4)
`
	if got := b.String(); got != want {
		t.Errorf("the states are\n%swant\n%s", got, want)
	}
}

// stateConnected stands for an engine whose handshake is over.
const stateConnected = "connected"

// sceneIn returns a scene that has come to a state, and the end in it.
func sceneIn(t testing.TB, state string, conformance bool) (*scene, *end) {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	if state == server12ResumedFinished.String() {
		client.Sessions, server.Sessions = sessionMap{}, sessionMap{}
		newPair(t, client, server, netsim.Config{}).connect()
	}
	role := RoleClient
	if strings.HasPrefix(state, "server12") || state == "server "+stateConnected {
		role = RoleServer
		server.Conformance = conformance
	} else {
		client.Conformance = conformance
	}
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	e := s.client
	if role == RoleServer {
		e = s.server
	}
	if strings.HasSuffix(state, stateConnected) {
		s.connect()
		return s, e
	}
	if state == server12Finished.String() {
		s.instead = func(to *end, n int, b []byte) [][]byte {
			if to == s.server && n == 1 {
				b = inTheClear(b)
			}
			return [][]byte{b}
		}
	}
	s.start()
	if !s.run(time.Second, func() bool { return e.side != nil && e.side.flight() == state }) {
		t.Fatalf("state %s is not reached", state)
	}
	return s, e
}

// inTheClear returns the records of a datagram in front of the first that is
// protected.
func inTheClear(datagram []byte) []byte {
	n := 0
	for b := datagram; len(b) > 0; {
		r, rest, ok := record.Next(b)
		if !ok || r.Number.Epoch > 0 {
			break
		}
		n += len(b) - len(rest)
		b = rest
	}
	return datagram[:n]
}

// nextSeq returns the message_seq that e awaits next.
func (e *end) nextSeq() uint16 {
	if e.hs == nil {
		return e.finalSeq + 1
	}
	return max(e.hs.inbox[0].Next(), e.hs.inbox[1].Next())
}

// sealTo returns a record in epoch 1 as the peer of e could make it, with a
// number of its own, out of the way of the genuine ones.
func (e *end) sealTo(t testing.TB, seq uint64, typ record.ContentType, content []byte) []byte {
	t.Helper()
	sealer, _, err := e.schedule.protection(e.role.Peer())
	if err != nil {
		t.Fatal(err)
	}
	sealer.StartAt(seq)
	b, err := sealer.Append(nil, typ, record.Version12, content)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The outcomes of the table.
const (
	outcomeNothing    = "-" // the handshake completes, or the association lives on
	outcomeUnexpected = "U" // unexpected_message
	outcomeDecode     = "D" // decode_error
	outcomeDecrypt    = "V" // decrypt_error: verify_data
	outcomeKeptOut    = "I" // illegal_parameter, when the genuine message contradicts the one that came first
)

// outcome lets the handshake go on after an injection and says what comes of it.
func (s *scene) outcome(e *end) string {
	at := s.now
	if e.err == nil {
		s.instead = nil
		s.run(70*time.Second, func() bool { return s.bothConnected() || e.err != nil })
	}
	var a *AlertError
	if errors.As(e.err, &a) && !a.FromPeer {
		switch {
		case a.Alert == AlertUnexpectedMessage && s.now == at:
			return outcomeUnexpected
		case a.Alert == AlertDecodeError && s.now == at:
			return outcomeDecode
		case a.Alert == AlertDecryptError && s.now == at:
			return outcomeDecrypt
		case a.Alert == AlertIllegalParameter && s.now != at:
			return outcomeKeptOut
		}
	}
	if e.err != nil || !s.bothConnected() {
		return fmt.Sprintf("[%v; %v]", s.client.err, s.server.err)
	}
	s.checkTraffic(s.t.(*testing.T))
	return outcomeNothing
}

// machineTypes are the types that the table is about: those of RFC 5246, and what
// DTLS and extensions add.
var machineTypes = []wire.HandshakeType{
	wire.TypeHelloRequest, wire.TypeClientHello, wire.TypeServerHello, wire.TypeHelloVerifyRequest, wire.TypeNewSessionTicket,
	wire.TypeCertificate, wire.TypeServerKeyExchange, wire.TypeCertificateRequest, wire.TypeServerHelloDone,
	wire.TypeCertificateVerify, wire.TypeClientKeyExchange, wire.TypeFinished, wire.TypeCertificateStatus,
}

// conformanceTable is what a message of twelve zeros, with the message_seq that is
// due, does in each state if the first refusal is final: in the clear, and under
// the keys where there are some. A Finished before its ChangeCipherSpec waits for it.
const conformanceTable = `state                   epoch  0  1  2  3  4 11 12 13 14 15 16 20 22
client12Flight4             0  -  U  I  D  U  U  U  U  U  U  U  U  U
client12Flight6             0  -  -  -  -  -  -  -  -  -  -  -  -  -
client12Flight6             1  -  U  U  U  U  U  U  U  U  U  U  I  U
client connected            0  -  -  -  -  -  -  -  -  -  -  -  -  -
client connected            1  U  U  U  U  U  U  U  U  U  U  U  U  U
server12Flight1             0  -  D  U  U  U  U  U  U  U  U  U  U  U
server12Flight5             0  -  U  U  U  U  I  U  U  U  U  U  U  U
server12Finished            0  -  -  -  -  -  -  -  -  -  -  -  -  -
server12Finished            1  -  U  U  U  U  U  U  U  U  U  U  V  U
server12ResumedFinished     0  -  -  -  -  -  -  -  -  -  -  -  -  -
server12ResumedFinished     1  -  U  U  U  U  U  U  U  U  U  U  I  U
server connected            0  -  -  -  -  -  -  -  -  -  -  -  -  -
server connected            1  U  U  U  U  U  U  U  U  U  U  U  U  U
`

func TestAnyMessageInAnyStateEndsNoHandshakeUnlessThatIsWanted(t *testing.T) { // HS-18, HS-22, HS-23, HS-27, HS-50, REC-13
	states := []string{"client12Flight4", "client12Flight6", "client connected",
		"server12Flight1", "server12Flight5", "server12Finished", "server12ResumedFinished", "server connected"}
	table := "state                   epoch"
	for _, typ := range machineTypes {
		table += fmt.Sprintf(" %2d", typ)
	}
	table += "\n"
	for _, state := range states {
		for epoch := range 2 {
			row := fmt.Sprintf("%-28s%d", state, epoch)
			for _, typ := range machineTypes {
				for _, conformance := range []bool{false, true} {
					s, e := sceneIn(t, state, conformance)
					message := wire.AppendHeader(nil, wire.Header{Type: typ, Length: 12, Seq: e.nextSeq(), FragmentLength: 12})
					message = append(message, make([]byte, 12)...)
					switch {
					case epoch == 0:
						s.inject(e, plainRecord(record.TypeHandshake, 0, 1000, message))
					case e.read == nil:
						row += "  ."
						continue
					default:
						s.inject(e, e.sealTo(t, 40, record.TypeHandshake, message))
					}
					got := s.outcome(e)
					if conformance {
						row += "  " + got
					} else if got != outcomeNothing {
						t.Errorf("%s: %v in epoch %d: %s", state, typ, epoch, got)
					}
				}
			}
			if !strings.HasSuffix(row, " .") {
				table += row + "\n"
			}
		}
	}
	if table != conformanceTable {
		t.Errorf("with Conformance:\n%swant\n%s", table, conformanceTable)
	}
}
