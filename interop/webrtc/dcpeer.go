//go:build unix

package webrtc

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pion/ice/v2"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/mux/pionice"
)

// Some jobs have interop/dcpeer in place of examples/browser. It knows nothing of ICE and SDP, so both are here: an agent
// that passes datagrams between the peer and the program's port, and the few lines of an answer.
//
//	the peer ◀── ICE, relay ──▶ agent ◀── UDP ──▶ dcpeer

// dcpeerWork is what the program does, by the last part of the path that an offer is posted to.
var dcpeerWork = map[string][]string{
	"echoes":            {"--idata", "on"},
	"opens":             opens("54657874", "53", "42", "5a31323030", "5a3230303030"), // Text, S, B, Z1200, Z20000
	"opensWithoutEmpty": opens("54657874", "5a31323030", "5a3230303030"),
}

// dcpeerChannels is how many channels the opener has.
const dcpeerChannels = 50

// opens are the flags that open channels of all kinds, with what is sent on each.
func opens(payloads ...string) (flags []string) {
	for i := range dcpeerChannels {
		kind := []string{"1:0:0", "0:0:0:proto", "1:0:0"}[i%3]
		switch i {
		case 1:
			kind = "0:1:0"
		case 2:
			kind = "1:2:500"
		}
		flags = append(flags, "--dc", fmt.Sprintf("d%d:%s", i, kind))
	}
	for _, p := range payloads {
		flags = append(flags, "--send", p)
	}
	return flags
}

// A stand is the program of one job, behind its agent.
type stand struct {
	trial   *table.Trial
	agent   *pionice.Agent
	program *process.Process
	args    []string
	ready   chan struct{} // closed when program is there
}

// attend answers an offer by starting the program.
func (r *runner) attend(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	r.mu.Lock()
	c := r.current
	r.mu.Unlock()
	var offer description
	if err == nil {
		err = json.Unmarshal(r.edit(body, r.relayed), &offer)
	}
	work, known := dcpeerWork[request.PathValue("work")]
	if err != nil || !known || c == nil {
		http.Error(w, fmt.Sprint("no job, no work, or ", err), http.StatusBadRequest)
		return
	}
	setup := request.URL.Query().Get("setup")
	role := map[string]string{"active": "client", "passive": "server"}[setup]
	// Werift fails without use_srtp, also if there are no media.
	s := &stand{trial: c.trial, ready: make(chan struct{}), args: append([]string{role, "--timeout", "60", "--srtp", "SRTP_AES128_CM_HMAC_SHA1_80"}, work...)}
	answer, err := s.begin(r.dcpeer, offer.SDP, setup)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	c.stand = s
	r.mu.Unlock()
	_ = json.NewEncoder(w).Encode(description{Type: "answer", SDP: answer})
}

// begin starts the agent and, when a pair works, the program. It returns the answer.
func (s *stand) begin(program, offer, setup string) (answer string, err error) {
	value := func(name string) string {
		m := regexp.MustCompile(`(?m)^a=` + name + `:(.*?)\s*$`).FindStringSubmatch(offer)
		if m == nil {
			return ""
		}
		return m[1]
	}
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return "", err
	}
	text, err := certificate.MarshalPEM()
	if err != nil {
		return "", err
	}
	identity := filepath.Join(s.trial.TempDir(), "dcpeer.pem")
	if err := os.WriteFile(identity, text, 0o600); err != nil {
		return "", err
	}
	hash, sum, _ := strings.Cut(value("fingerprint"), " ")
	s.args = append(s.args, "--cert", identity, "--key", identity, "--peer-fingerprint", strings.ToLower(hash)+":"+sum)
	if s.agent, err = pionice.Gather(s.trial.Context, &pionice.Config{Loopback: true, Adjust: func(c *ice.AgentConfig) {
		interval, patience := 50*time.Millisecond, uint16(600)
		c.CheckInterval, c.MaxBindingRequests = &interval, &patience
		c.NetworkTypes = []ice.NetworkType{ice.NetworkTypeUDP4}
		c.CandidateTypes = []ice.CandidateType{ice.CandidateTypeHost}
	}}); err != nil {
		return "", err
	}
	s.trial.Cleanup(func() { _ = s.agent.Close() })
	remote := pionice.Description{Ufrag: value("ice-ufrag"), Password: value("ice-pwd")}
	for _, m := range regexp.MustCompile(`(?m)^a=(candidate:.*?)\s*$`).FindAllStringSubmatch(offer, -1) {
		remote.Candidates = append(remote.Candidates, m[1])
	}
	go s.run(program, remote)
	local := s.agent.Description()
	return strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + value("mid"),
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:" + value("mid"),
		"a=ice-ufrag:" + local.Ufrag, "a=ice-pwd:" + local.Password,
		"a=fingerprint:" + certificate.Fingerprint().String(), "a=setup:" + setup,
		"a=sctp-port:5000", "a=max-message-size:262144", "",
	}, "\r\n"), nil
}

// run connects and starts the program; a server first, so that it is there for what comes.
func (s *stand) run(program string, remote pionice.Description) {
	link, err := s.agent.Accept(s.trial.Context, remote)
	if err != nil {
		return // the job says what is missing
	}
	port, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		s.trial.Errorf("%v", err)
		return
	}
	s.trial.Cleanup(func() { _ = port.Close() })
	_ = port.SetReadBuffer(4 << 20)
	address := port.LocalAddr().String()
	if s.args[0] == "server" {
		address = "127.0.0.1:0"
	}
	s.program = process.Start(s.trial, program, append(s.args, "--addr", address)...)
	close(s.ready)
	var to *net.UDPAddr
	first := make([]byte, 1<<16)
	var n int
	if s.args[0] == "server" {
		listening := s.program.Await(`listening addr=(\S+)`, 1)
		if listening == nil {
			return
		}
		if to, err = net.ResolveUDPAddr("udp4", listening[1]); err != nil {
			s.trial.Errorf("%v", err)
			return
		}
	} else if n, to, err = port.ReadFromUDP(first); err != nil {
		return
	}
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := link.Read(b)
			if err != nil {
				return
			}
			if n > 0 && b[0] >= 20 && b[0] <= 63 { // DTLS, RFC 7983
				_, _ = port.WriteToUDP(b[:n], to)
			}
		}
	}()
	for ; err == nil; n, _, err = port.ReadFromUDP(first) {
		if n > 0 {
			_, _ = link.Write(first[:n])
		}
	}
}

// progress tells the peer how many channels the program has seen closed, and whether it has ended.
func (r *runner) progress(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var p struct {
		Closed int  `json:"closed"`
		Ended  bool `json:"ended"`
	}
	if r.current != nil && r.current.stand != nil && isClosed(r.current.stand.ready) {
		text := r.current.stand.program.Text()
		p.Closed, p.Ended = strings.Count(text, "\ndc reset "), strings.Contains(text, "\nclosed by=")
	}
	_ = json.NewEncoder(w).Encode(p)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

var dcpeerSummary = regexp.MustCompile(`(?m)^dc summary opened=(\d+) echoed=(\d+) closed=(\d+)$`)

// check looks how the program ended: well, with every channel closed by resets. silent is for a peer that may go without a
// word: then it is enough that the peer has been told of the closed channels.
func (s *stand) check(t *table.Trial, silent bool) {
	if !isClosed(s.ready) {
		t.Errorf("dcpeer was not started: ICE did not connect")
		return
	}
	if silent && !strings.Contains(s.program.Text(), "\nclosed by=") {
		return
	}
	code := s.program.Exit()
	m := dcpeerSummary.FindStringSubmatch(s.program.Text())
	if code != 0 || m == nil || m[1] != m[3] {
		t.Errorf("dcpeer: exit code %d, %q", code, m)
		return
	}
	t.Logf("%s", m[0])
}
