package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// write writes what has happened on a stage to a file in dir and returns its name. Lines that begin with # are for
// people; the others are time, receiver, whether it was forged, and the datagram.
//
//	25ms server genuine 16fefd...
func (s *stage) write(dir, figure, text string) (string, error) {
	f, err := os.CreateTemp(dir, "hostile-"+figure+"-*.txt")
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "# %s\n", strings.ReplaceAll(text, "\n", " "))
	fmt.Fprintf(w, "%s\n", s.header())
	for _, l := range s.script {
		to, from := "client", "genuine"
		if l.to == server {
			to = "server"
		}
		if l.forged {
			from = "forged"
		}
		fmt.Fprintf(w, "%v %s %s %x\n", l.at, to, from, l.bytes)
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return filepath.Clean(f.Name()), f.Close()
}

// header is what it takes to set the same stage again.
func (s *stage) header() string {
	return fmt.Sprintf("scene %d %d %t %t %t %d", s.kind, s.scene.mtu, s.classical[client], s.classical[server], s.knowsRTT, s.seed)
}

// A recording is what such a file holds.
type recording struct {
	scene scene
	seed  uint64
	lines []line
}

// readRecording reads a file that write has written.
func readRecording(name string) (r recording, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return r, err
	}
	for text := range strings.Lines(string(b)) {
		text = strings.TrimSpace(text)
		switch words := strings.Fields(text); {
		case text == "" || text[0] == '#':
		case words[0] == "scene":
			c := &r.scene
			if _, err := fmt.Sscanf(text, "scene %d %d %t %t %t %d", &c.kind, &c.mtu, &c.classical[client], &c.classical[server], &c.knowsRTT, &r.seed); err != nil {
				return r, err
			}
		case len(words) == 4:
			var l line
			if l.at, err = time.ParseDuration(words[0]); err != nil {
				return r, err
			}
			if words[1] == "server" {
				l.to = server
			}
			l.forged = words[2] == "forged"
			if l.bytes, err = hex.DecodeString(words[3]); err != nil {
				return r, err
			}
			r.lines = append(r.lines, l)
		default:
			return r, fmt.Errorf("line %q", text)
		}
	}
	return r, nil
}

// replay plays a recording: the same engines are given the same datagrams at the same times, whatever they send.
func (r *recording) replay() *stage {
	s := r.scene.play(r.seed)
	for _, l := range r.lines {
		// What is due before.
		for {
			next := earlier(s.ends[client].Deadline(), s.ends[server].Deadline())
			if next.IsZero() || next.Sub(epochZero) >= l.at {
				break
			}
			s.now = next
			for _, e := range s.ends {
				if d := e.Deadline(); !d.IsZero() && !d.After(s.now) {
					s.after(e, e.HandleTimeout(s.now))
				}
			}
		}
		s.now = epochZero.Add(l.at)
		s.deliver(l.to, l.bytes, l.forged)
	}
	return s
}
