//go:build unix

package wireshark

import (
	"context"
	"encoding/pem"
	"os"
	"path/filepath"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/process"
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

func newLab(ctx context.Context) (*lab, error) {
	dir, err := os.MkdirTemp("", "rtc-wireshark-")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, peer: filepath.Join(dir, "peer"), identities: map[fingerprintKey]identity{}}
	if err := process.Build(ctx, "go", "build", "-o", l.peer, "github.com/rtctransport/rtctransport/interop/peer"); err != nil {
		return l, err
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
