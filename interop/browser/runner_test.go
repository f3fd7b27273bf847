//go:build unix

package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	browserPatience = 60 * time.Second // for the browser to start and ask for the first job
	jobPatience     = 30 * time.Second // for a job to be done
)

// A job is what the page is asked to do: the function of that name in testdata/jobs.
type job struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Setup string `json:"setup"` // the server's a=setup: active or passive
}

// An outcome is what the page says of a job.
type outcome struct {
	ID    int                `json:"id"`
	Error string             `json:"error"` // empty: everything was as it should be
	Facts map[string]float64 `json:"facts"` // figures for the log
	Agent string             `json:"agent"` // the browser's name for itself
}

// A runner serves the page and hands out jobs to it. It is used from one test at a time.
type runner struct {
	url  string
	jobs chan job     // to the page
	done chan outcome // from the page
	last int          // id of the last job
	seen bool         // the page has asked
}

// newRunner starts the signalling server and the page's server; both end with the test.
func newRunner(t *testing.T) *runner {
	t.Helper()
	peer, err := url.Parse(startExample(t))
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{jobs: make(chan job), done: make(chan outcome, 1)}
	routes := http.NewServeMux()
	routes.Handle("/", http.FileServerFS(os.DirFS("testdata")))
	routes.HandleFunc("GET /next", r.next)
	routes.HandleFunc("POST /done", r.finished)
	routes.Handle("/peer/", http.StripPrefix("/peer", &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(peer) },
	}))
	server := httptest.NewServer(routes)
	t.Cleanup(func() {
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

// run has the page do a job and fails the test if it does not succeed.
func (r *runner) run(t *testing.T, name, setup string) {
	t.Helper()
	r.last++
	patience := jobPatience
	if !r.seen {
		patience = browserPatience
	}
	select {
	case r.jobs <- job{ID: r.last, Name: name, Setup: setup}:
		r.seen = true
	case <-time.After(patience):
		t.Fatalf("the page did not ask for a job in %v", patience)
	}
	deadline := time.After(jobPatience)
	for {
		select {
		case o := <-r.done:
			if o.ID != r.last {
				continue // of a job that was given up
			}
			if len(o.Facts) > 0 {
				t.Logf("%v", o.Facts)
			}
			if o.Error != "" {
				t.Errorf("%s: %s", o.Agent, o.Error)
			}
			return
		case <-deadline:
			t.Fatalf("the page is not done after %v", jobPatience)
		}
	}
}

// example is the signalling server's binary, built once.
var example struct {
	once sync.Once
	dir  string
	err  error
}

// startExample starts examples/browser as a person would and returns its address. It ends with the test.
func startExample(t *testing.T) string {
	t.Helper()
	example.once.Do(func() {
		if example.dir, example.err = os.MkdirTemp("", "rtc-example-"); example.err != nil {
			return
		}
		args := []string{"build", "-o", filepath.Join(example.dir, "browser")}
		if raceEnabled {
			args = append(args, "-race")
		}
		out, err := exec.Command("go", append(args, "github.com/rtctransport/rtctransport/examples/browser")...).CombinedOutput()
		if err != nil {
			example.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if example.err != nil {
		t.Fatal(example.err)
	}
	stdout, output := io.Pipe()
	var stderr lockedBuffer
	t.Cleanup(func() {
		if s := stderr.String(); s != "" {
			t.Errorf("the server says: %s", s) // a panic, or what the race detector found
		}
	})
	start(t, output, &stderr, nil, filepath.Join(example.dir, "browser"))
	line := make(chan string, 1)
	go func() {
		s, _ := bufio.NewReader(stdout).ReadString('\n')
		line <- s
		io.Copy(io.Discard, stdout)
	}()
	select {
	case s := <-line:
		address, ok := strings.CutPrefix(strings.TrimSpace(s), "LISTENING ")
		if !ok {
			t.Fatalf("the server printed %q, want LISTENING and its address", s)
		}
		return address
	case <-time.After(10 * time.Second):
		t.Fatalf("the server printed nothing in 10 s; on standard error %q", stderr.String())
	}
	panic("unreachable")
}

// TestMain removes the built binary at the end.
func TestMain(m *testing.M) {
	code := m.Run()
	if example.dir != "" {
		os.RemoveAll(example.dir)
	}
	os.Exit(code)
}

// A lockedBuffer is a buffer that a process writes to while the test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
