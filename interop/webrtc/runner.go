//go:build unix

package webrtc

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

const (
	startPatience = 150 * time.Second // for a program to start and ask for the first job
	jobPatience   = 50 * time.Second  // for a job to be done; js/page.html gives up a little sooner
)

// A job is what a peer is asked to do: the function of that name in js/jobs.
type job struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Setup string `json:"setup"` // the server's a=setup: active or passive
}

// An outcome is what a peer says of a job.
type outcome struct {
	ID    int                `json:"id"`
	Error string             `json:"error"` // empty: everything was as it should be
	Facts map[string]float64 `json:"facts"` // figures for the log
	Agent string             `json:"agent"` // the peer's name for itself
}

// A runner serves the page and hands out jobs to it, one at a time.
type runner struct {
	url   string
	jobs  chan job     // to the page
	done  chan outcome // from the page
	last  int          // id of the last job
	seen  bool         // the page has asked
	peer  string       // address of examples/browser
	trace string       // a file: what its DTLS does

	dcpeer string // program, see dcpeer.go
	clip   *clip

	mu      sync.Mutex
	current *call // of the job that runs
}

// A call is where the relays of a job belong.
type call struct {
	trial *table.Trial
	watch *watch.Watch
	lose  func(netsim.Direction, []byte) bool
	open  atomic.Bool // the path
	stand *stand      // nil: the job has none; guarded by runner.mu
}

// newRunner starts examples/browser and the page's server; both end with the fixture.
func newRunner(f *fixture, w *workshop) *runner {
	r := &runner{jobs: make(chan job), done: make(chan outcome, 1), dcpeer: w.dcpeer, clip: &w.clip}
	args := []string{}
	if file, err := os.CreateTemp(w.dir, "trace-"); err == nil {
		file.Close()
		r.trace = file.Name()
		args = append(args, "-trace", r.trace)
	}
	example := process.Start(f, w.example, args...)
	if line := example.Await(`(?m)^LISTENING (http://\S+)$`, 1); line != nil {
		r.peer = line[1]
	}
	routes := http.NewServeMux()
	routes.Handle("/", http.FileServerFS(os.DirFS(w.js())))
	routes.HandleFunc("GET /next", r.next)
	routes.HandleFunc("POST /done", r.finished)
	routes.HandleFunc("/peer/", r.signal)
	routes.HandleFunc("POST /peer/dcpeer/{work}", r.attend)
	routes.HandleFunc("GET /peer/dcpeer", r.progress)
	routes.HandleFunc("POST /described", r.described)
	routes.HandleFunc("GET /clip", r.giveClip)
	routes.HandleFunc("POST /clip", r.takeClip)
	server := httptest.NewServer(routes)
	f.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	r.url = server.URL
	return r
}

// next hands out one job; without one for a while, none, so that the page asks again.
func (r *runner) next(w http.ResponseWriter, request *http.Request) {
	wait, cancel := context.WithTimeout(request.Context(), 10*time.Second)
	defer cancel()
	select {
	case j := <-r.jobs:
		json.NewEncoder(w).Encode(j)
	case <-wait.Done():
		w.WriteHeader(http.StatusNoContent)
	}
}

func (r *runner) finished(w http.ResponseWriter, request *http.Request) {
	var o outcome
	if err := json.NewDecoder(io.LimitReader(request.Body, 1<<20)).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case r.done <- o:
	default: // nobody waits for it any more
	}
	w.WriteHeader(http.StatusNoContent)
}

// run has the peer do a job, in a DTLS role of its. It reports whether the program is fit for another.
func (r *runner) run(t *table.Trial, s *starter, name, role string, p path) bool {
	w := &watch.Watch{One: true}
	t.Watch(w)
	c := &call{trial: t, watch: w, lose: p.judge()}
	c.open.Store(!s.impatient)
	r.mu.Lock()
	r.current = c
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.current = nil
		r.mu.Unlock()
	}()
	why, evidence := s.trouble(name, role)
	s.mayFail(t, name)
	ask := name
	if p.hard() || name == has13 {
		ask = "connects"
	}
	if ask == "connects" && why != "" {
		ask = "connectsSoon"
	}
	explain := r.tracing(t)
	o, ok := r.ask(t, ask, role)
	explain()
	if !ok {
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(o.Facts)) {
		t.Logf("%s %v", name, o.Facts[name])
	}
	if why != "" {
		if o.Error == "" || !strings.Contains(o.Error, evidence) {
			t.Errorf("a fault does not show any more (%s), but: %s", why, o.Error)
		}
		t.Logf("%s", o.Error)
		t.Fault(why)
		return true
	}
	if o.Error != "" {
		t.Errorf("%s: %s", o.Agent, o.Error)
	}
	checkWire(t, w, role)
	if name == has13 {
		check13(t, w, role)
	}
	r.mu.Lock()
	stand := c.stand
	r.mu.Unlock()
	if stand != nil && !t.Failed() {
		stand.check(t, s.goesSilently() || p.data > 0) // nobody repeats a goodbye that was lost
	}
	return true
}

// maxTrace is how much of a trace is read for a job, in bytes: the handshakes are at its beginning.
const maxTrace = 4 << 20

// tracing returns what has the trace from now on explain what was seen.
func (r *runner) tracing(t *table.Trial) (explain func()) {
	f, err := os.Open(r.trace)
	if err != nil {
		return func() {}
	}
	_, err = f.Seek(0, io.SeekEnd)
	return func() {
		defer f.Close()
		if err == nil {
			t.ReadTrace(io.LimitReader(f, maxTrace))
		}
	}
}

// described opens the path of an impatient peer.
func (r *runner) described(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil {
		r.current.open.Store(true)
	}
	w.WriteHeader(http.StatusNoContent)
}

// ask has the page do a job, and reports whether it has said what came of it.
func (r *runner) ask(t *table.Trial, name, role string) (outcome, bool) {
	r.last++
	j := job{ID: r.last, Name: name, Setup: map[string]string{"client": "passive", "server": "active"}[role]}
	patience := jobPatience
	if !r.seen {
		patience = startPatience
	}
	select {
	case r.jobs <- j:
		r.seen = true
	case <-time.After(patience):
		t.Errorf("the peer did not ask for a job in %v", patience)
		return outcome{}, false
	}
	deadline := time.After(jobPatience)
	for {
		select {
		case o := <-r.done:
			if o.ID != r.last {
				continue // of a job that was given up
			}
			return o, true
		case <-deadline:
			t.Errorf("the peer is not done after %v", jobPatience)
			return outcome{}, false
		}
	}
}
