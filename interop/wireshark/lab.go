//go:build unix

package wireshark

import (
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// A fingerprintKey says what kind of certificate both ends have.
type fingerprintKey int

const (
	ecdsa fingerprintKey = iota
	rsa
)

func (k fingerprintKey) name() string { return []string{"ECDSA", "RSA"}[k] }

// A lab has our program and certificates.
type lab struct {
	dir, peer  string
	identities map[fingerprintKey]identity
}

type identity struct{ cert, key string } // PEM files

func newLab() (*lab, error) {
	dir, err := os.MkdirTemp("", "rtc-wireshark-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, peer: filepath.Join(dir, "peer"), identities: map[fingerprintKey]identity{}}
	if out, err := exec.Command("go", "build", "-o", l.peer, "github.com/rtctransport/rtctransport/interop/peer").CombinedOutput(); err != nil {
		return l, fmt.Errorf("go build: %w\n%s", err, out)
	}
	for key, kind := range map[fingerprintKey]fingerprint.KeyType{ecdsa: fingerprint.ECDSAP256, rsa: fingerprint.RSA2048} {
		c, err := fingerprint.Generate(kind)
		if err != nil {
			return l, err
		}
		text, err := c.MarshalPEM()
		if err != nil {
			return l, err
		}
		leaf, rest := pem.Decode(text)
		id := identity{cert: filepath.Join(dir, key.name()+".crt"), key: filepath.Join(dir, key.name()+".key")}
		for name, b := range map[string][]byte{id.cert: pem.EncodeToMemory(leaf), id.key: rest} {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				return l, err
			}
		}
		l.identities[key] = id
	}
	return l, nil
}
