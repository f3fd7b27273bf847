package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readDatagrams reads a file of testdata: lines of hex, a datagram each, and comments.
func readDatagrams(t testing.TB, path string) [][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var datagrams [][]byte
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		datagrams = append(datagrams, b)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(datagrams) == 0 {
		t.Fatalf("%s: no datagrams", path)
	}
	return datagrams
}

// fragment is a fragment with its header, as captured.
type fragment struct {
	Header
	data []byte
}

// readFragments returns the fragments of the plaintext handshake records of a file, in order.
func readFragments(t testing.TB, path string) []fragment {
	t.Helper()
	var fragments []fragment
	for _, b := range readDatagrams(t, path) {
		for len(b) > 0 {
			// type, version, epoch, sequence_number, length: 13 bytes (RFC 6347, Section 4.1).
			if len(b) < 13 {
				t.Fatalf("%s: short record header", path)
			}
			contentType, epoch, n := b[0], binary.BigEndian.Uint16(b[3:]), int(binary.BigEndian.Uint16(b[11:]))
			payload := b[13 : 13+n]
			b = b[13+n:]
			if contentType != 22 || epoch != 0 {
				continue
			}
			for len(payload) > 0 {
				h, data, rest, err := ParseFragment(payload)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if again := append(AppendHeader(nil, h), data...); !bytes.Equal(again, payload[:len(again)]) {
					t.Fatalf("%s: %v appends as %x", path, h, again)
				}
				fragments = append(fragments, fragment{h, data})
				payload = rest
			}
		}
	}
	return fragments
}

// message is a whole message.
type message struct {
	Type HandshakeType
	Seq  uint16
	body []byte
}

// reassemble puts fragments together; repeated and overlapping ones must agree. Incomplete messages are an error.
func reassemble(t testing.TB, fragments []fragment) []message {
	t.Helper()
	type partial struct {
		Header
		body []byte
		have []bool
	}
	bySeq := map[uint16]*partial{}
	for _, f := range fragments {
		p := bySeq[f.Seq]
		if p == nil {
			p = &partial{f.Header, make([]byte, f.Length), make([]bool, f.Length)}
			bySeq[f.Seq] = p
		}
		if p.Type != f.Type || p.Length != f.Length {
			t.Fatalf("message %d: %v of %d bytes, then %v of %d bytes", f.Seq, p.Type, p.Length, f.Type, f.Length)
		}
		for i, c := range f.data {
			at := int(f.FragmentOffset) + i
			if p.have[at] && p.body[at] != c {
				t.Fatalf("message %d: fragments disagree at %d", f.Seq, at)
			}
			p.body[at], p.have[at] = c, true
		}
	}
	var messages []message
	for _, seq := range slices.Sorted(maps.Keys(bySeq)) {
		p := bySeq[seq]
		if slices.Contains(p.have, false) {
			t.Fatalf("message %d: incomplete", seq)
		}
		messages = append(messages, message{p.Type, seq, p.body})
	}
	return messages
}

// fixtures returns the paths of the files in testdata that match pattern.
func fixtures(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures %s: %v", pattern, err)
	}
	return paths
}

// firstMessage returns the body of the first message of a type in a file.
func firstMessage(t testing.TB, name string, wanted HandshakeType) []byte {
	t.Helper()
	path := filepath.Join("testdata", name+".hex")
	for _, m := range reassemble(t, readFragments(t, path)) {
		if m.Type == wanted {
			return m.body
		}
	}
	t.Fatalf("%s: no %v", path, wanted)
	return nil
}
