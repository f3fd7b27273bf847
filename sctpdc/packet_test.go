package sctpdc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fixturePackets returns the packets in testdata, by file and kind: what real peers sent, as decrypted.
func fixturePackets(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	packets := map[string][]byte{}
	for _, name := range files {
		f, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kind := ""
		lines := bufio.NewScanner(bytes.NewReader(f))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if comment, ok := strings.CutPrefix(line, "# "); ok {
				kind = comment
				continue
			}
			b, err := hex.DecodeString(line)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(b) > 0 {
				packets[strings.TrimSuffix(filepath.Base(name), ".hex")+" "+kind] = b
			}
		}
	}
	return packets
}

func TestPacketsOfRealPeersParse(t *testing.T) {
	types := map[string]chunkType{
		"INIT": chunkInit, "INIT-ACK": chunkInitAck, "COOKIE-ECHO": chunkCookieEcho, "COOKIE-ACK": chunkCookieAck,
		"SACK": chunkSack, "DATA-DCEP": chunkData,
	}
	known := 0
	for name, p := range fixturePackets(t) {
		if !strings.Contains(name, "libdatachannel") { // it negotiates zero checksums (RFC 9653)
			if got := binary.LittleEndian.Uint32(p[8:]); got != checksum(p) {
				t.Errorf("%s: checksum %08x, computed %08x", name, got, checksum(p))
			}
		}
		var got []chunkType
		for rest := p[commonHeaderLen:]; len(rest) > 0; {
			c, r, ok := nextChunk(rest)
			if !ok {
				t.Fatalf("%s: malformed at %x", name, rest)
			}
			got, rest = append(got, c.typ), r
			if c.typ != chunkData && c.typ != chunkIData {
				continue
			}
			d, ok := parseData(c)
			if !ok {
				t.Fatalf("%s: malformed DATA", name)
			}
			if strings.HasSuffix(name, "DCEP") {
				m, err := parseDCEPOpen(d.user)
				if err != nil || m.label != "echo" || !d.first() {
					t.Errorf("%s: %+v, %v on stream %d", name, m, err, d.stream)
				}
			}
		}
		kind := name[strings.LastIndex(name, " ")+1:]
		if want, ok := types[kind]; ok {
			known++
			if len(got) == 0 || got[0] != want && !slices.Contains(got, want) {
				t.Errorf("%s: chunks %v, want %v", name, got, want)
			}
		}
	}
	if known < 20 {
		t.Errorf("only %d fixtures with a known kind", known)
	}
}

// SCTP-08
func TestChunkLengthsThatDoNotFitAreMalformed(t *testing.T) {
	for _, length := range []uint16{0, 1, 2, 3, 9, 65535} {
		b := make([]byte, 8)
		binary.BigEndian.PutUint16(b[2:], length)
		if _, _, ok := nextChunk(b); ok {
			t.Errorf("length %d in %d bytes is taken", length, len(b))
		}
		if _, _, _, ok := nextParameter(b); ok {
			t.Errorf("parameter length %d in %d bytes is taken", length, len(b))
		}
	}
}

func FuzzChunks(f *testing.F) {
	for _, p := range fixturePackets(f) {
		f.Add(p[commonHeaderLen:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; len(rest) > 0; {
			c, r, ok := nextChunk(rest)
			if !ok {
				break
			}
			if used := len(rest) - len(r); used < 4 || used < 4+len(c.value) || used > 4+len(c.value)+3 {
				t.Fatalf("chunk with %d bytes of value uses %d", len(c.value), used)
			}
			if d, ok := parseData(c); ok && len(d.user)+12 > len(c.value) {
				t.Fatalf("%d user bytes in a chunk of %d", len(d.user), len(c.value))
			}
			if s := abortText(c.value); len(s) > 100 {
				t.Fatalf("abort text of %d bytes", len(s))
			}
			rest = r
		}
	})
}
