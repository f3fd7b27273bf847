package dtlstransport

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// traced returns configurations that trust each other, and what each end tells.
func traced(t testing.TB) (client, server *Config, toldByClient, toldByServer *[]TraceEvent) {
	client, server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	toldByClient, toldByServer = new([]TraceEvent), new([]TraceEvent)
	client.Trace = func(e TraceEvent) { *toldByClient = append(*toldByClient, e) }
	server.Trace = func(e TraceEvent) { *toldByServer = append(*toldByServer, e) }
	return client, server, toldByClient, toldByServer
}

// lines writes the events of the given kinds, one a line.
func lines(events []TraceEvent, kinds ...TraceKind) string {
	var b strings.Builder
	for _, e := range events {
		if !slices.Contains(kinds, e.Kind) {
			continue
		}
		fmt.Fprintf(&b, "%v %v ", e.Time.Sub(epochZero), e.Kind)
		switch e.Kind {
		case TraceDatagram:
			fmt.Fprintf(&b, "%v %d", e.Direction, e.Datagram)
		case TraceRecord:
			fmt.Fprintf(&b, "%v %v %d/%d", e.Direction, e.Record.Type, e.Record.Number.Epoch, e.Record.Number.Seq)
		case TraceMessage:
			fmt.Fprintf(&b, "%v %v %d", e.Direction, e.Message.Type, e.Message.Seq)
		case TraceAlert:
			fmt.Fprintf(&b, "%v %v fatal %v", e.Direction, e.Alert.Description, e.Alert.Fatal)
		case TraceFlight:
			fmt.Fprintf(&b, "%v %v %d: %s", e.Direction, e.Flight.Cause, e.Flight.Sends, e.Flight.Messages)
		case TraceDrop:
			fmt.Fprintf(&b, "%v", e.Drop)
		case TraceState:
			fmt.Fprintf(&b, "%v %s", e.State, e.Awaits)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTraceTellsTheHandshake(t *testing.T) {
	client, server, byClient, _ := traced(t)
	p := newPair(t, client, server, netsim.Config{Delay: 10 * time.Millisecond})
	p.connect()
	p.send(p.client, []byte("ping"))
	p.run(time.Second, func() bool { return len(p.server.received) > 0 })
	_ = p.client.Close(p.now)
	p.flush(p.client)
	const want = `0s flight sent new 1: ClientHello
0s state connecting client12Flight4
0s datagram sent 1
0s record sent Handshake 0/0
0s message sent ClientHello 0
20ms datagram received 1
20ms record received Handshake 0/0
20ms message received ServerHello 0
20ms record received Handshake 0/1
20ms message received Certificate 1
20ms record received Handshake 0/2
20ms message received ServerKeyExchange 2
20ms record received Handshake 0/3
20ms message received CertificateRequest 3
20ms record received Handshake 0/4
20ms message received ServerHelloDone 4
20ms flight sent new 1: Certificate ClientKeyExchange CertificateVerify ChangeCipherSpec Finished
20ms state connecting client12Flight6
20ms datagram sent 2
20ms record sent Handshake 0/1
20ms message sent Certificate 1
20ms record sent Handshake 0/2
20ms message sent ClientKeyExchange 2
20ms record sent Handshake 0/3
20ms message sent CertificateVerify 3
20ms record sent ChangeCipherSpec 0/4
20ms record sent Handshake 1/0
20ms message sent Finished 4
40ms datagram received 2
40ms record received ChangeCipherSpec 0/5
40ms record received Handshake 1/0
40ms message received Finished 5
40ms state connected 
40ms datagram sent 3
40ms record sent ApplicationData 1/1
50ms state closed 
50ms datagram sent 4
50ms record sent Alert 1/2
50ms alert sent close_notify fatal false
`
	all := []TraceKind{TraceDatagram, TraceRecord, TraceMessage, TraceAlert, TraceFlight, TraceHint, TraceDrop, TraceState}
	if got := lines(*byClient, all...); got != want {
		t.Errorf("the client told\n%s\nwant\n%s", got, want)
	}
}

// headers returns what the events say of what went one way.
func headers(events []TraceEvent, d Direction) (all []string) {
	for _, e := range events {
		if e.Direction != d {
			continue
		}
		switch e.Kind {
		case TraceDatagram:
			all = append(all, fmt.Sprint(e.Datagram, e.Size))
		case TraceRecord:
			all = append(all, fmt.Sprint(e.Datagram, e.Record))
		case TraceMessage:
			all = append(all, fmt.Sprint(e.Record, e.Message))
		}
	}
	return all
}

func TestWhatOneEndTellsAsSentTheOtherTellsAsReceived(t *testing.T) {
	for _, withIDs := range []bool{false, true} {
		client, server, byClient, byServer := traced(t)
		client.MaxDatagramSize, server.MaxDatagramSize = 200, 300 // cut into fragments
		if withIDs {
			client.ConnectionID, server.ConnectionID, server.RecordPadding = []byte{1, 2, 3}, []byte{9}, 64
		}
		server.Cookies = NewCookies()
		p := newPair(t, client, server, netsim.Config{Delay: 10 * time.Millisecond})
		p.connect()
		p.send(p.server, []byte("data"))
		p.run(time.Second, func() bool { return false })
		_ = p.client.SendAlert(p.now, AlertUserCanceled)
		p.flush(p.client)
		p.run(time.Second, func() bool { return false })
		for _, way := range []struct {
			name     string
			from, to []TraceEvent
		}{{"client to server", *byClient, *byServer}, {"server to client", *byServer, *byClient}} {
			sent, received := headers(way.from, Sent), headers(way.to, Received)
			slices.Sort(sent) // what came before its keys is told when they are there
			slices.Sort(received)
			if !slices.Equal(sent, received) {
				t.Errorf("%s, connection IDs %v: sent\n%s\nreceived\n%s", way.name, withIDs, strings.Join(sent, "\n"), strings.Join(received, "\n"))
			}
		}
	}
}

func TestTraceTellsWhyAFlightIsSentAgain(t *testing.T) {
	client, server, byClient, byServer := traced(t)
	client.InitialTimeout, server.InitialTimeout = 100*time.Millisecond, 100*time.Millisecond
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.start()
	p.link = netsim.New(netsim.Config{Delay: time.Millisecond}) // the hello is lost
	p.run(time.Minute, func() bool { return p.client.datagrams == 3 })
	if !p.run(time.Minute, p.bothConnected) {
		t.Fatal("not connected")
	}
	p.run(time.Second, func() bool { return false })
	flights := func(events []TraceEvent) (all []string) {
		for _, e := range events {
			if e.Kind == TraceFlight {
				first, _, _ := strings.Cut(e.Flight.Messages, " ")
				all = append(all, fmt.Sprintf("%v %v %s %d", e.Direction, e.Flight.Cause, first, e.Flight.Sends))
			}
		}
		return all
	}
	for _, test := range []struct {
		name string
		got  []string
		want []string
	}{
		{"client", flights(*byClient), []string{"sent new ClientHello 1", "sent timeout ClientHello 2", "sent new Certificate 1"}},
		{"server", flights(*byServer), []string{"sent new ServerHello 1", "sent new ChangeCipherSpec 1"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestTraceTellsTheAnswerToARepeatedFlight(t *testing.T) {
	client, server, byClient, byServer := traced(t)
	client.InitialTimeout, server.InitialTimeout = 100*time.Millisecond, time.Second
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.start()
	p.run(time.Second, func() bool { return p.server.datagrams == 1 })
	p.link = netsim.New(netsim.Config{Delay: time.Millisecond}) // flight 4 is lost
	if !p.run(time.Minute, p.bothConnected) {
		t.Fatal("not connected")
	}
	told := lines(*byServer, TraceFlight) + lines(*byClient, TraceFlight)
	for _, want := range []string{"received repeated", "sent repeated 2: ServerHello", "sent timeout 2: "} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not in\n%s", want, told)
		}
	}
}

func TestTraceTellsEveryDropThatStatsCount(t *testing.T) {
	client, server, byClient, _ := traced(t)
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond, Loss: 0.3, Duplicate: 0.5, Seed: 3})
	p.start()
	for _, b := range []string{"", "\x16", "\x80rtp-like-bytes-that-are-no-record", "\x15\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x07\x00\x02\x02\x28"} {
		if err := p.client.HandleDatagram(p.now, []byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	p.run(time.Minute, p.bothConnected)
	var counted [numDropReasons]uint64
	hints := 0
	for _, e := range *byClient {
		switch e.Kind {
		case TraceDrop:
			counted[e.Drop]++
		case TraceHint:
			hints++
			if !e.Deadline.Equal(epochZero.Add(DefaultFailureGrace)) || e.Err == nil {
				t.Errorf("hint %v until %v", e.Err, e.Deadline)
			}
		}
	}
	if stats := p.client.Stats(); counted != stats.Dropped {
		t.Errorf("told %v, counted %v", counted, stats.Dropped)
	}
	if hints != 1 {
		t.Errorf("%d hints, want 1, the forged alert", hints)
	}
}

func TestTraceEndsWithTheVerdict(t *testing.T) {
	client, server, byClient, _ := traced(t)
	client.RemoteFingerprints = client.Certificates[0].Fingerprints() // not the server's
	client.RemoteFingerprints[0] = mustFingerprint(t, "sha-256 "+strings.Repeat("00:", 31)+"00")
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.start()
	p.run(time.Minute, func() bool { return p.client.err != nil })
	states := slices.DeleteFunc(slices.Clone(*byClient), func(e TraceEvent) bool { return e.Kind != TraceState })
	last := states[len(states)-1]
	if last.State != StateFailed || last.Err == nil || last.Err != p.client.Err() {
		t.Errorf("last state %v with %v, want failed with %v", last.State, last.Err, p.client.Err())
	}
}

func TestTraceTellsThatTheVerdictIsAwaited(t *testing.T) {
	client, server, byClient, _ := traced(t)
	remote := client.RemoteFingerprints
	client.RemoteFingerprints = nil
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.start()
	p.run(time.Second, func() bool { return p.client.ConnectionState().HandshakeComplete })
	if err := p.client.SetRemote(p.now, remote); err != nil {
		t.Fatal(err)
	}
	if got, want := lines(*byClient, TraceState), "4ms state connecting verdict\n4ms state connected \n"; !strings.HasSuffix(got, want) {
		t.Errorf("states\n%swant at the end\n%s", got, want)
	}
}

func TestSlogTraceLogsWithoutSecrets(t *testing.T) { // API-05
	client, server, _, _ := traced(t)
	var log, quiet, keys bytes.Buffer
	client.Trace = NewSlogTrace(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server.Trace = NewSlogTrace(slog.New(slog.NewTextHandler(&quiet, nil)))
	client.KeyLogWriter = &keys
	p := newPair(t, client, server, netsim.Config{Delay: time.Millisecond})
	p.connect()
	p.send(p.client, []byte("a secret of the application"))
	p.run(time.Second, func() bool { return false })
	_ = p.client.HandleDatagram(p.now, []byte("\x17\xfe\xfd\x00\x01\x00\x00\x00\x00\x00\x09\x00\x02no"))
	master := strings.Fields(keys.String())[2]
	raw, _ := hex.DecodeString(master)
	for _, secret := range []string{master, string(raw), fmt.Sprint(raw), "a secret of the application"} {
		if strings.Contains(strings.ToLower(log.String()), strings.ToLower(secret)) {
			t.Errorf("the log has %q", secret)
		}
	}
	for _, want := range []string{
		`time=2026-01-01T00:00:00.000Z level=DEBUG msg="dtls message" role=client remote=peer direction=sent datagram=1 type=Handshake epoch=0 seq=0 message=ClientHello message_seq=0 length=`,
		`level=INFO msg="dtls state" role=client remote=peer state=connected`,
		`level=DEBUG msg="dtls drop" role=client remote=peer reason=forged direction=received`,
		`level=DEBUG msg="dtls flight" role=client remote=peer direction=sent cause=new messages="Certificate `,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %s:\n%s", want, log.String())
		}
	}
	if got := strings.Count(quiet.String(), "\n"); got != 4 {
		t.Errorf("at level Info %d lines, want one for each state:\n%s", got, quiet.String())
	}
}

func mustFingerprint(t *testing.T, s string) fingerprint.Fingerprint {
	t.Helper()
	f, err := fingerprint.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
