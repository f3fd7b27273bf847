//go:build unix

package native

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/process"
)

// A lab has what all stacks need: our program, certificates, a place for programs that are built.
type lab struct {
	dir        string
	ours       string // the program of interop/peer
	identities map[string]identity
}

type identity struct {
	cert, key string // PEM; a chain, leaf first
	pin       string // as --peer-fingerprint has it
	above     string // PEM, the chain without the leaf; empty: there is none
}

// newLab builds our program and makes certificates in a directory.
func newLab(ctx context.Context, dir string) (*lab, error) {
	l := &lab{dir: dir, ours: filepath.Join(dir, "peer"), identities: map[string]identity{}}
	if err := process.Build(ctx, "go", "build", "-o", l.ours, "github.com/rtctransport/rtctransport/interop/peer"); err != nil {
		return nil, err
	}
	for name, kind := range map[string]fingerprint.KeyType{"p256": fingerprint.ECDSAP256, "p384": fingerprint.ECDSAP384, "rsa": fingerprint.RSA2048, "ed25519": fingerprint.Ed25519} {
		c, err := fingerprint.Generate(kind)
		if err != nil {
			return nil, err
		}
		text, err := c.MarshalPEM()
		if err != nil {
			return nil, err
		}
		leaf, key := pem.Decode(text)
		if err := l.add(name, [][]byte{leaf.Bytes}, key); err != nil {
			return nil, err
		}
	}
	leaf, p521, err := newP521()
	if err != nil {
		return nil, err
	}
	if err := l.add(p521Identity, [][]byte{leaf}, p521); err != nil {
		return nil, err
	}
	chain, key, err := newChain()
	if err != nil {
		return nil, err
	}
	return l, l.add("chain", chain, key)
}

// add writes an identity to files. key is PEM.
func (l *lab) add(name string, chain [][]byte, key []byte) error {
	base := filepath.Join(l.dir, name)
	id := identity{cert: base + ".crt", key: base + ".key", pin: fmt.Sprintf("sha-256:%x", sha256.Sum256(chain[0]))}
	var certs [][]byte
	for _, der := range chain {
		certs = append(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	files := map[string][]byte{id.cert: bytes.Join(certs, nil), id.key: key}
	if len(chain) > 1 {
		id.above = base + ".above"
		files[id.above] = bytes.Join(certs[1:], nil)
	}
	for file, text := range files {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	l.identities[name] = id
	return nil
}

// freePort returns a UDP port that nobody has at the moment.
func freePort() (string, error) {
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", err
	}
	defer s.Close()
	_, port, err := net.SplitHostPort(s.LocalAddr().String())
	return port, err
}

// payload is a line of text of a given size, its end included, that no tool takes
// for a command.
func payload(i, size int) string {
	line := fmt.Sprintf("x%d-%d-", i, size)
	if len(line) < size-1 {
		line += strings.Repeat("x", size-1-len(line))
	}
	return line
}

// asHex is a line as our program prints it.
func asHex(line string) string { return hex.EncodeToString([]byte(line + "\n")) }
