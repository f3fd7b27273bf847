// Command webrtc is pion/webrtc for the table of interop: it asks an address for jobs, does them and posts what came of them, as
// interop/webrtc/js/page.html does in a browser.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

const jobTime = 45 * time.Second // who asked for a job waits a little longer

// A task is what the other side asks for.
type task struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Setup string `json:"setup"` // the server's a=setup
}

// An outcome is what came of a task.
type outcome struct {
	ID    int                `json:"id"`
	Error string             `json:"error"` // empty: everything was as it should be
	Facts map[string]float64 `json:"facts"`
	Agent string             `json:"agent"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: webrtc version | webrtc ADDRESS")
		os.Exit(2)
	}
	if os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == "github.com/pion/webrtc/v4" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "unknown"
}

// serve does jobs for as long as there is somebody who asks for them.
func serve(address string) error {
	for {
		response, err := http.Get(address + "/next")
		if err != nil {
			return err
		}
		var t task
		if response.StatusCode == http.StatusOK {
			err = json.NewDecoder(response.Body).Decode(&t)
		}
		response.Body.Close()
		if err != nil {
			return err
		}
		if t.Name == "" {
			continue
		}
		o := outcome{ID: t.ID, Facts: map[string]float64{}, Agent: "pion/webrtc " + version()}
		if err := do(&t, address, o.Facts); err != nil {
			o.Error = err.Error()
		}
		b, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if response, err = http.Post(address+"/done", "application/json", bytes.NewReader(b)); err != nil {
			return err
		}
		response.Body.Close()
	}
}

func do(t *task, address string, facts map[string]float64) error {
	f, ok := jobs[t.Name]
	if !ok {
		return fmt.Errorf("no job %s", t.Name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), jobTime)
	defer cancel()
	j := &job{ctx: ctx, address: address, setup: t.Setup, facts: facts}
	defer j.clean()
	return f(j)
}

// ask sends a request to the server that is tested and reads its answer into v.
func (j *job) ask(path string, body, v any) error { return j.fetch("/peer/"+path, body, v) }

// fetch sends a request to who gives the jobs.
func (j *job) fetch(path string, body, v any) error {
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		method, reader = http.MethodPost, bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(j.ctx, method, j.address+path, reader)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", path, response.Status, b)
	}
	return json.Unmarshal(b, v)
}
