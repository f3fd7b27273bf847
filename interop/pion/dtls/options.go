package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/elliptic"
)

// options are what a command line asks for.
type options struct {
	server  bool
	port    int
	rounds  int
	exports []export
	config  *dtls.Config
}

var curves = map[string]elliptic.Curve{"x25519": elliptic.X25519, "secp256r1": elliptic.P256, "secp384r1": elliptic.P384}

func parse(args []string) (*options, error) {
	if len(args) < 2 {
		return nil, errors.New("usage")
	}
	o := &options{server: args[0] == "server", rounds: 1, config: &dtls.Config{
		InsecureSkipVerify: true, InsecureSkipVerifyHello: true, SessionStore: &store{sessions: map[string]dtls.Session{}}, MTU: 1400,
		VerifyConnection: func(*dtls.State) error { return nil },
	}}
	var err error
	if o.port, err = strconv.Atoi(args[1]); err != nil {
		return nil, err
	}
	o.config.ClientAuth = dtls.RequireAnyClientCert
	o.config.ExtendedMasterSecret = dtls.RequestExtendedMasterSecret
	var cert, key string
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "cert":
			cert = value
		case "key":
			key = value
		case "suite":
			n, err := strconv.ParseUint(value, 16, 16)
			if err != nil {
				return nil, err
			}
			o.config.CipherSuites = []dtls.CipherSuiteID{dtls.CipherSuiteID(n)}
		case "groups":
			for g := range strings.SplitSeq(value, ",") {
				o.config.EllipticCurves = append(o.config.EllipticCurves, curves[g])
			}
		case "srtp":
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, err
			}
			o.config.SRTPProtectionProfiles = []dtls.SRTPProtectionProfile{dtls.SRTPProtectionProfile(n)}
		case "mtu":
			if o.config.MTU, err = strconv.Atoi(value); err != nil {
				return nil, err
			}
		case "cookie":
			o.config.InsecureSkipVerifyHello = value != "1"
		case "clientauth":
			o.config.ClientAuth = dtls.NoClientCert
		case "noems":
			o.config.ExtendedMasterSecret = dtls.DisableExtendedMasterSecret
		case "notickets": // it has none
		case "rounds":
			if o.rounds, err = strconv.Atoi(value); err != nil {
				return nil, err
			}
		case "export":
			e, err := parseExport(value)
			if err != nil {
				return nil, err
			}
			o.exports = append(o.exports, e)
		default:
			return nil, fmt.Errorf("usage: %s", arg)
		}
	}
	if o.rounds == 1 {
		o.config.SessionStore = nil
	}
	if cert == "" {
		return o, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	o.config.Certificates = []tls.Certificate{pair}
	return o, err
}

// A store keeps sessions in memory.
type store struct {
	mu       sync.Mutex
	sessions map[string]dtls.Session
}

func (s *store) Set(key []byte, session dtls.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[string(key)] = session
	return nil
}

func (s *store) Get(key []byte) (dtls.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[string(key)], nil
}

func (s *store) Del(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, string(key))
	return nil
}
