//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/interop/headless"
)

const pagePatience = 90 * time.Second // for a browser to start on a busy machine, and a transfer

// A pageResult is what testdata/drive.html says in the end.
type pageResult struct{ Status, Rate, Name, SHA256 string }

// A driven page is in a browser; testdata/drive.html presses its buttons.
type drivenPage struct {
	url            string
	toPage, toTest chan string // codes
	result         chan pageResult
}

func drive(t *testing.T) *drivenPage {
	d := &drivenPage{toPage: make(chan string, 4), toTest: make(chan string, 4), result: make(chan pageResult, 1)}
	routes := http.NewServeMux()
	routes.Handle("/", pageHandler())
	routes.HandleFunc("GET /drive.html", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/drive.html") })
	routes.HandleFunc("GET /drive/code", func(w http.ResponseWriter, r *http.Request) {
		select {
		case code := <-d.toPage:
			_, _ = io.WriteString(w, code)
		case <-r.Context().Done():
		}
	})
	routes.HandleFunc("POST /drive/code", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		d.toTest <- string(code)
	})
	routes.HandleFunc("POST /drive/result", func(_ http.ResponseWriter, r *http.Request) {
		var result pageResult
		_ = json.NewDecoder(r.Body).Decode(&result)
		d.result <- result
	})
	server := httptest.NewServer(routes)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	d.url = server.URL
	return d
}

// next returns what comes out of a channel in time.
func next[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(pagePatience):
		t.Fatalf("no %s in %v", what, pagePatience)
		panic("unreachable")
	}
}

// command runs the program in this process and carries its codes to and from the page.
func (d *drivenPage) command(t *testing.T, args ...string) (ended <-chan error, messages *bytes.Buffer) {
	pasted, paste := io.Pipe()
	shown, show := io.Pipe()
	messages = new(bytes.Buffer)
	p := &program{in: bufio.NewScanner(pasted), out: show, messages: messages}
	done := make(chan error, 1)
	go func() { done <- p.run(t.Context(), args) }()
	go func() {
		for lines := bufio.NewScanner(shown); lines.Scan(); {
			d.toPage <- lines.Text()
		}
	}()
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case code := <-d.toTest:
				fmt.Fprintln(paste, code)
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		_ = paste.Close()
		_ = pasted.Close()
		_ = show.Close()
	})
	return done, messages
}

func TestChromiumTransfersBothWays(t *testing.T) { testPage(t, headless.Chromium) }
func TestFirefoxTransfersBothWays(t *testing.T)  { testPage(t, headless.Firefox) }

// A field trial of Chromium has SCTP begin without a handshake (draft-hancke-tsvwg-snap), as we do if the other side can.
func TestChromiumNeedsNoHandshakeOfSCTP(t *testing.T) {
	messages := testPage(t, headless.Chromium, "--force-fieldtrials=WebRTC-Sctp-Snap/Enabled/")
	if n := strings.Count(messages, "SCTP took 0 round trips"); n != 2 {
		t.Errorf("%d of 2 associations without a handshake:\n%s", n, messages)
	}
}

// testPage transfers both ways and returns what our side said.
func testPage(t *testing.T, browser *headless.Browser, flags ...string) (said string) {
	browser.Find(t)
	t.Run("to the page", func(t *testing.T) {
		path, content := randomFile(t, "for the page.bin", 1_500_000)
		d := drive(t)
		ended, messages := d.command(t, "send", "-loopback", path)
		browser.Open(t, d.url+"/drive.html", flags...)
		result := next(t, "result of the page", d.result)
		if err := next(t, "end of the program", ended); err != nil {
			t.Errorf("%v\n%s", err, messages)
		}
		sum := sha256.Sum256(content)
		if result.SHA256 != hex.EncodeToString(sum[:]) || result.Name != "for the page.bin" || !strings.Contains(result.Rate, "1.5 MB of 1.5 MB") {
			t.Errorf("the page says %+v", result)
		}
		said += messages.String()
	})
	t.Run("from the page", func(t *testing.T) {
		const size = 1_500_000
		folder := t.TempDir()
		d := drive(t)
		ended, messages := d.command(t, "receive", "-loopback", "-o", folder)
		browser.Open(t, d.url+"/drive.html?send="+fmt.Sprint(size), flags...)
		result := next(t, "result of the page", d.result)
		if err := next(t, "end of the program", ended); err != nil {
			t.Errorf("%v\n%s", err, messages)
		}
		if !strings.Contains(result.Status, "has arrived") {
			t.Errorf("the page says %+v", result)
		}
		got, err := os.ReadFile(filepath.Join(folder, "from the page.bin"))
		if sum := sha256.Sum256(got); err != nil || hex.EncodeToString(sum[:]) != result.SHA256 || len(got) != size {
			t.Errorf("%d bytes have come, %v", len(got), err)
		}
		said += messages.String()
	})
	return said
}
