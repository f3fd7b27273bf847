package dtls

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// association is an end of either make.
type association interface {
	io.ReadWriteCloser
	HandshakeContext(ctx context.Context) error
}

type oursEnd struct{ *dtlstransport.Conn }

func (o oursEnd) HandshakeContext(ctx context.Context) error { return o.Handshake(ctx) }

// Records with connection IDs (RFC 9146) of another implementation, and ours at it: what
// both authenticate is the same only if both have read the RFC alike.
func TestConnectionIDsWithPion(t *testing.T) {
	own, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	for _, ids := range []struct{ ours, pions []byte }{
		{[]byte("to us"), []byte("to pion")}, {[]byte{}, []byte("to pion")}, {[]byte("to us"), []byte{}}, {bytes.Repeat([]byte{1}, 255), []byte{2}},
	} {
		for _, role := range []dtlstransport.Role{dtlstransport.RoleClient, dtlstransport.RoleServer} {
			t.Run(fmt.Sprintf("%v with %d, pion with %d", role, len(ids.ours), len(ids.pions)), func(t *testing.T) {
				config := &dtlstransport.Config{
					Certificates:  []*fingerprint.Certificate{own},
					VerifyPeer:    func([][]byte) error { return nil },
					ConnectionID:  ids.ours,
					RecordPadding: 32,
					SRTPProfiles:  []keying.SRTPProfile{},
				}
				pions := &dtls.Config{
					Certificates:           []tls.Certificate{{Certificate: own.Chain(), PrivateKey: own.Signer()}},
					ExtendedMasterSecret:   dtls.RequireExtendedMasterSecret,
					ClientAuth:             dtls.RequireAnyClientCert,
					InsecureSkipVerify:     true, // who it is does not matter here
					ConnectionIDGenerator:  func() []byte { return ids.pions },
					PaddingLengthGenerator: func(n uint) uint { return n % 17 },
				}
				a, b := pipe()
				var x, y association
				var conn *dtlstransport.Conn
				var errX, errY error
				if role == dtlstransport.RoleClient {
					conn, errX = dtlstransport.Client(a, config)
					y, errY = dtls.Server(b, address{}, pions)
				} else {
					conn, errX = dtlstransport.Server(a, config)
					y, errY = dtls.Client(b, address{}, pions)
				}
				if err := errors.Join(errX, errY); err != nil {
					t.Fatal(err)
				}
				x = oursEnd{conn}
				defer x.Close()
				defer y.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				var wait sync.WaitGroup
				wait.Go(func() { errY = y.HandshakeContext(ctx) })
				errX = x.HandshakeContext(ctx)
				wait.Wait()
				if err := errors.Join(errX, errY); err != nil {
					t.Fatal(err)
				}
				if s := conn.ConnectionState(); !bytes.Equal(s.LocalConnectionID, ids.ours) || !bytes.Equal(s.PeerConnectionID, ids.pions) {
					t.Errorf("connection IDs %x and %x", s.LocalConnectionID, s.PeerConnectionID)
				}
				buf := make([]byte, 2048)
				for _, way := range []struct{ from, to association }{{x, y}, {y, x}} {
					for _, size := range []int{1, 16, 300, 1000} {
						message := bytes.Repeat([]byte{byte(size)}, size)
						if _, err := way.from.Write(message); err != nil {
							t.Fatal(err)
						}
						if n, err := way.to.Read(buf); err != nil || !bytes.Equal(buf[:n], message) {
							t.Fatalf("%d bytes: read %d, %v", size, n, err)
						}
					}
				}
			})
		}
	}
}
