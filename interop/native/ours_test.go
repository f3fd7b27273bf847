//go:build unix

package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// ours is the program of interop/peer.
var ours string

// identities are certificates of each kind, in files.
var identities = map[string]identity{}

type identity struct {
	cert, key string // PEM
	pin       string // as --peer-fingerprint has it
	both      string // PEM, certificate and key in one file
}

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait for others most of the time.
	if f := flag.Lookup("test.parallel"); f != nil {
		_ = f.Value.Set("10")
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "native")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		ours = filepath.Join(dir, "peer")
		if out, err := exec.Command("go", "build", "-o", ours, "github.com/rtctransport/rtctransport/interop/peer").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v\n%s", err, out))
		}
		for name, kind := range map[string]fingerprint.KeyType{"p256": fingerprint.ECDSAP256, "p384": fingerprint.ECDSAP384, "rsa": fingerprint.RSA2048, "ed25519": fingerprint.Ed25519} {
			if identities[name], err = newIdentity(filepath.Join(dir, name), kind); err != nil {
				panic(err)
			}
		}
		shimDir = dir
		return m.Run()
	}())
}

func newIdentity(base string, kind fingerprint.KeyType) (identity, error) {
	c, err := fingerprint.Generate(kind)
	if err != nil {
		return identity{}, err
	}
	text, err := c.MarshalPEM()
	if err != nil {
		return identity{}, err
	}
	id := identity{cert: base + ".crt", key: base + ".key", both: base + ".pem", pin: fmt.Sprintf("sha-256:%x", sha256.Sum256(c.Chain()[0]))}
	leaf, rest := pem.Decode(text)
	for name, text := range map[string][]byte{id.cert: pem.EncodeToMemory(leaf), id.key: rest, id.both: text} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return identity{}, err
		}
	}
	return id, nil
}

// freePort returns a UDP port that nobody has at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.LocalAddr().String())
	return port
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
