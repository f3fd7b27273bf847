package dtls

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// pion is pion/dtls over a link in memory. It resumes by session_id, but no session with
// a client's certificate: there it saves the client's half of the work.
type pion struct {
	client, server map[kind]*dtls.Config
}

// pionStore keeps all sessions, under the last key for clients.
type pionStore struct {
	mu       sync.Mutex
	sessions map[string]dtls.Session
}

func (s *pionStore) Set(key []byte, session dtls.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[string(key)] = session
	return nil
}

func (s *pionStore) Get(key []byte) (dtls.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[string(key)], nil
}

func (s *pionStore) Del(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, string(key))
	return nil
}

func newPion() (*pion, error) {
	p := &pion{client: map[kind]*dtls.Config{}, server: map[kind]*dtls.Config{}}
	a, errA := fingerprint.Generate(fingerprint.ECDSAP256)
	b, errB := fingerprint.Generate(fingerprint.ECDSAP256)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	for _, k := range []kind{full, resumed} {
		config := func(own, peer *fingerprint.Certificate) *dtls.Config {
			want := sha256.Sum256(peer.Chain()[0])
			c := &dtls.Config{
				Certificates:         []tls.Certificate{{Certificate: own.Chain(), PrivateKey: own.Signer()}},
				CipherSuites:         []dtls.CipherSuiteID{dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
				EllipticCurves:       []elliptic.Curve{elliptic.X25519},
				ExtendedMasterSecret: dtls.RequireExtendedMasterSecret,
				ClientAuth:           dtls.RequireAnyClientCert,
				InsecureSkipVerify:   true, // names and issuers: what counts is below
				VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
					if sha256.Sum256(chain[0]) != want {
						return errors.New("another certificate")
					}
					return nil
				},
				SRTPProtectionProfiles:  []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM},
				InsecureSkipVerifyHello: true, // no cookie
				ServerName:              "peer",
			}
			if k == resumed {
				c.ClientAuth = dtls.NoClientCert
				c.SessionStore = &pionStore{sessions: map[string]dtls.Session{}}
			}
			return c
		}
		p.client[k], p.server[k] = config(a, b), config(b, a)
		client, server, err := p.connect(k)
		if err != nil {
			return nil, err
		}
		client.Close()
		server.Close()
	}
	return p, nil
}

func (p *pion) name() string    { return "pion/dtls " + rounds.Version("github.com/pion/dtls/v3") }
func (p *pion) can(k kind) bool { return k != ticketed }
func (p *pion) slow(kind) int   { return 0 }
func (p *pion) close()          {}

func (p *pion) connect(k kind) (client, server *dtls.Conn, err error) {
	a, b := pipe()
	client, errC := dtls.Client(a, address{}, p.client[k])
	server, errS := dtls.Server(b, address{}, p.server[k])
	if err := errors.Join(errC, errS); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() { errS = server.HandshakeContext(ctx) })
	errC = client.HandshakeContext(ctx)
	wait.Wait()
	return client, server, errors.Join(errC, errS)
}

func (p *pion) run(k kind, n int) (float64, error) {
	return runConns(k, n, func(k kind) (client, server io.ReadWriteCloser, err error) { return p.connect(k) })
}
