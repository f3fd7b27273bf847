package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// shim is what the connections of one test share.
type shim struct {
	now      time.Time // virtual, but today: sessions have dates
	sessions *sessions
	tickets  *dtlstransport.TicketKeys
}

func newShim() *shim {
	return &shim{now: time.Now(), sessions: newSessions(), tickets: dtlstransport.NewTicketKeys([32]byte{})}
}

// The versions of DTLS as they are on the wire.
const (
	version12 = 0xfefd
	version13 = 0xfefc
)

// config says to the engine what the flags say.
func (s *shim) config(o *options, resume bool) (*dtlstransport.Config, error) {
	switch {
	case o.noTLS1 && o.noTLS12 && o.noTLS13:
		return nil, errors.New("no version is left")
	case o.noTLS12 || o.minVersion != 0 && o.minVersion < version12 || o.maxVersion != 0 && o.maxVersion > version12:
		return nil, unimplementedError("DTLS 1.0 and 1.3")
	case o.quicParameters:
		return nil, errors.New("there is no place for parameters of QUIC")
	}
	config := &dtlstransport.Config{
		Conformance:      true,
		ClientAuth:       dtlstransport.InsecureClientAuthNone,
		VerifyPeer:       o.judge(resume),
		CipherSuites:     o.suites,
		Groups:           o.groups,
		SignatureSchemes: o.verifySchemes,
		SRTPProfiles:     append([]keying.SRTPProfile{}, o.srtpProfiles...), // not nil: none by default
		ALPN:             o.advertiseALPN,
		ServerName:       o.serverName,
		MaxDatagramSize:  o.mtu,
		MaxMessageSize:   o.maxCertificateList,
		InitialTimeout:   400 * time.Millisecond,
		HandshakeTimeout: -1,
		Sessions:         s.sessions,
		NoTickets:        o.noTickets,
	}
	if err := o.addCertificates(config); err != nil {
		return nil, err
	}
	if o.psk != "" {
		o.addPSK(config)
	}
	if o.initialTimeout > 0 {
		config.InitialTimeout = o.initialTimeout
	}
	if !o.server {
		if o.requestStatus {
			config.VerifyStatus = o.status.judge
		}
		// The reference refuses a server that can use none of its certificates.
		if len(config.Certificates) > 0 {
			config.ClientAuth = dtlstransport.ClientAuthRequire
		}
		return config, nil
	}
	switch {
	case o.requireClient:
		config.ClientAuth = dtlstransport.ClientAuthRequire
	case o.verifyPeer:
		config.ClientAuth = dtlstransport.InsecureClientAuthRequest
	}
	switch {
	case o.tickets != nil:
		config.Tickets = o.tickets
	case !o.noTickets:
		config.Tickets = s.tickets
	}
	if o.cookies {
		config.Cookies = dtlstransport.NewCookies()
	}
	config.SelectProtocol = o.selectProtocol
	if o.serverNameAck {
		config.ServerName = o.expectServerName
	}
	return config, nil
}

// addPSK adds the suites with the pre-shared key.
func (o *options) addPSK(config *dtlstransport.Config) {
	if !o.server || len(config.Certificates) > 0 {
		config.CipherSuites = dtlstransport.DefaultCipherSuites()
	}
	config.CipherSuites = append(config.CipherSuites,
		dtlstransport.TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, dtlstransport.TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
		dtlstransport.TLS_PSK_WITH_AES_128_GCM_SHA256, dtlstransport.TLS_PSK_WITH_CHACHA20_POLY1305_SHA256)
	config.PSK = &dtlstransport.PSK{
		IdentityFor: func(hint []byte) (identity, key []byte, err error) {
			if string(hint) != o.pskIdentity {
				return nil, nil, fmt.Errorf("hint %q, want %q", hint, o.pskIdentity)
			}
			return []byte(o.pskIdentity), []byte(o.psk), nil
		},
		KeyFor: func(identity []byte) []byte {
			if string(identity) != o.pskIdentity {
				return nil
			}
			return []byte(o.psk)
		},
		Hint: []byte(o.pskIdentity),
	}
}

// selectProtocol is what the reference asks an application about ALPN.
func (o *options) selectProtocol(offered []string) (string, error) {
	var list []byte
	for _, name := range offered {
		list = append(append(list, byte(len(name))), name...)
	}
	switch {
	case o.expectAdvertised != "" && o.expectAdvertised != string(list):
		return "", fmt.Errorf("%w: protocols %q, want %q", errMustFail, list, o.expectAdvertised)
	case o.rejectALPN:
		return "", errors.New("the test says so")
	case o.selectALPN == nil:
		return "", dtlstransport.ErrDeclineProtocol
	}
	return *o.selectALPN, nil
}

// judge returns the verdict on certificates. The reference has two kinds of
// callback with an alert each, judges a resumed session only if told to, and lets
// a client ignore the verdict.
func (o *options) judge(resume bool) func([][]byte) error {
	return func([][]byte) error {
		if !o.verifyFail || !o.verifyPeer && !o.requireClient || resume && !o.reverify {
			return nil
		}
		alert := dtlstransport.AlertHandshakeFailure
		if o.customVerify {
			alert = dtlstransport.AlertCertificateUnknown
		}
		return &dtlstransport.AlertError{Alert: alert, Err: errors.New("the test says so")}
	}
}

// check compares what has come of the handshake with what the flags expect.
func (s *shim) check(a *association, resume bool) error {
	o, state := a.o, a.engine.ConnectionState()
	if want := resume && !o.expectMiss; state.Resumed != want {
		return fmt.Errorf("resumed %v, want %v", state.Resumed, want)
	}
	if state.Version != version12 {
		return fmt.Errorf("version %#04x", state.Version)
	}
	if want := (!o.server || o.requireClient) && o.psk == ""; len(state.PeerCertificates) == 0 && want || len(state.PeerCertificates) > 0 && o.expectNoPeer {
		return fmt.Errorf("%d certificates of the peer", len(state.PeerCertificates))
	}
	if state.ALPN != o.expectALPN && o.expectALPN != "" {
		return fmt.Errorf("protocol %q, want %q", state.ALPN, o.expectALPN)
	}
	if o.server && o.expectServerName != "" && state.ServerName != o.expectServerName {
		return fmt.Errorf("server name %q, want %q", state.ServerName, o.expectServerName)
	}
	if o.expectStatus != nil && !bytes.Equal(state.CertificateStatus, o.expectStatus) {
		return fmt.Errorf("status %x, want %x", state.CertificateStatus, o.expectStatus)
	}
	if o.hasExpectCredential && !state.Resumed {
		if index, ok := o.selected(); !ok || index != o.expectCredential {
			return fmt.Errorf("credential %d (%v), want %d", index, ok, o.expectCredential)
		}
	}
	switch hasID := s.sessions.holds("server "); {
	case o.expectID && !hasID:
		return errors.New("no session_id was given out")
	case o.expectNoID && hasID:
		return errors.New("a session_id was given out")
	}
	if o.expectRenewal && !s.sessions.put("client") {
		return errors.New("the ticket was not renewed")
	}
	return nil
}

// sessions is a store that remembers what has been put into it.
type sessions struct {
	held map[string][]byte
	last []string // keys that were put since begin
}

func newSessions() *sessions { return &sessions{held: map[string][]byte{}} }

func (s *sessions) begin() { s.last = nil }

// holds reports whether there is a session under a key that begins so.
func (s *sessions) holds(prefix string) bool {
	for key := range s.held {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// put reports whether a session was stored under a key that begins so.
func (s *sessions) put(prefix string) bool {
	for _, key := range s.last {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func (s *sessions) Get(key string) []byte { return s.held[key] }

func (s *sessions) Put(key string, session []byte, _ time.Time) {
	s.held[key] = session
	s.last = append(s.last, key)
}

func (s *sessions) Delete(key string) { delete(s.held, key) }
