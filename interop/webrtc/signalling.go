//go:build unix

package webrtc

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/relay"
)

// A description is one of SDP on its way between the two.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	ID   string `json:"id,omitempty"`
}

// signal passes requests to examples/browser. In descriptions of the peer, candidates become those of relays, and ours lose
// theirs: the two sides meet over a relay or not at all. Our agent checks what it is given; of us the peer learns from these
// checks.
func (r *runner) signal(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	path := strings.TrimPrefix(request.URL.Path, "/peer")
	describes := path == "/offer" || path == "/answer"
	if describes {
		body = r.edit(body, r.relayed)
	}
	out, err := http.NewRequestWithContext(request.Context(), request.Method, r.peer+path+"?"+request.URL.RawQuery, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out.Header = request.Header.Clone()
	response, err := http.DefaultClient.Do(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if response.StatusCode == http.StatusOK && (path == "/offer" || path == "/call") {
		body = r.edit(body, withoutCandidates)
	}
	for name, values := range response.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(body)
}

// edit changes the lines of a description. Without a job everything stays: the page for a person goes on after one.
func (r *runner) edit(body []byte, change func(*call, string) string) []byte {
	r.mu.Lock()
	c := r.current
	r.mu.Unlock()
	var d description
	if c == nil || json.Unmarshal(body, &d) != nil {
		return body
	}
	var lines []string
	for line := range strings.SplitSeq(d.SDP, "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") || line == "a=end-of-candidates" {
			if line = change(c, line); line == "" {
				continue
			}
		}
		lines = append(lines, line)
	}
	d.SDP = strings.Join(lines, "\r\n")
	edited, err := json.Marshal(d)
	if err != nil {
		return body
	}
	return edited
}

func withoutCandidates(*call, string) string { return "" }

// relayed makes a candidate over UDP and IPv4 that of a relay to it, and leaves out the others.
//
//	a=candidate:foundation component transport priority address port typ ... (RFC 8839, Section 5.1)
func (r *runner) relayed(c *call, line string) string {
	f := strings.Fields(line)
	if line == "a=end-of-candidates" {
		return line
	}
	if len(f) < 8 || !strings.EqualFold(f[2], "udp") || net.ParseIP(f[4]).To4() == nil {
		return ""
	}
	f[4], f[5] = "127.0.0.1", c.trial.RelayTo(relay.Config{Target: net.JoinHostPort(f[4], f[5]), Lose: c.loses}, c.watch)
	return strings.Join(f, " ")
}

// loses is a relay.Config.Lose.
func (c *call) loses(d netsim.Direction, b []byte) bool {
	return !c.open.Load() || c.lose != nil && c.lose(d, b)
}
