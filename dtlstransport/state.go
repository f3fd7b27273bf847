package dtlstransport

import (
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// A State is where an association is, under the names of RTCDtlsTransportState
// (W3C WebRTC, Section 5.5.1).
type State uint8

// The states.
const (
	StateNew        State = iota // nothing has been sent or received
	StateConnecting              // shaking hands, or waiting for the verdict on the peer
	StateConnected               // and verified
	StateClosed                  // by us, or by the peer's close_notify
	StateFailed                  // see Engine.Err
	numStates
)

var stateNames = [numStates]string{"new", "connecting", "connected", "closed", "failed"}

// String returns the name that RTCDtlsTransportState has for it.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return "unknown"
}

func (e *Engine) state() State {
	switch {
	case e.err != nil:
		return StateFailed
	case e.closed:
		return StateClosed
	case e.connected:
		return StateConnected
	case e.started():
		return StateConnecting
	}
	return StateNew
}

// awaits names what the handshake waits for; empty if it has not begun, or is over.
func (e *Engine) awaits() string {
	switch {
	case e.hs != nil && e.hs.started():
		return e.side.flight()
	case e.state() == StateConnecting:
		return "verdict"
	}
	return ""
}

// A ConnectionState says what an association came to. Fields about what was
// negotiated are zero before the handshake has got there.
type ConnectionState struct {
	State   State
	Role    Role
	Version uint16 // as on the wire: 0xfefd is DTLS 1.2

	// HandshakeComplete says that both Finished messages have been accepted.
	HandshakeComplete bool
	// Connected says that, besides, the peer's certificate has matched its
	// fingerprint, and the association has not failed since.
	Connected bool

	// Resumed says that the handshake took up an earlier session; there is no
	// group and no signature then.
	Resumed bool

	CipherSuite          CipherSuite
	Group                Group
	ServerScheme         SignatureScheme // with which the server signed
	ClientScheme         SignatureScheme // with which the client signed; zero: it did not
	SRTPProfile          keying.SRTPProfile
	ALPN                 string
	ServerName           string // that the client asked for; empty: none
	ExtendedMasterSecret bool

	// LocalConnectionID is on the peer's records, PeerConnectionID on ours (RFC 9146);
	// empty if there is none in that direction. They must not be changed.
	LocalConnectionID, PeerConnectionID []byte

	// LocalCertificate is the one of Config.Certificates that the peer was shown, in
	// this handshake or in the one that it resumes; nil if none was yet.
	LocalCertificate *fingerprint.Certificate

	// PeerCertificates is the chain of the peer, DER, its own certificate first.
	// It must not be changed.
	PeerCertificates [][]byte

	// CertificateStatus is the OCSP response that a server has sent with its
	// certificate, in this handshake or in the one that it resumes, if
	// Config.VerifyStatus asks for one. It must not be changed.
	CertificateStatus []byte

	// PSKIdentity is what the client has named its pre-shared key; nil under a suite
	// without one. It must not be changed.
	PSKIdentity []byte

	// RoundTrips is how many round trips the flights of the handshake took: two,
	// or three with a HelloVerifyRequest, of which a server keeps no memory. A
	// resumed handshake takes one and a half, counted as two.
	RoundTrips int

	// Insecure names the fields of Config, and of ListenConfig, that have weakened this
	// association: "ClientAuth" if the client is anybody, "ExtendedMasterSecret" if there is
	// none, "InsecureExportWithoutEMS" if keys are exported nevertheless, although RFC 7627
	// forbids it, "InsecureNoCookies" if nobody knows that the client's address is true,
	// "KeyLogWriter" if the secret is told.
	Insecure []string
}

// ConnectionState returns what the association came to so far.
func (e *Engine) ConnectionState() ConnectionState {
	s := ConnectionState{
		State:                e.state(),
		Role:                 e.role,
		HandshakeComplete:    e.finished,
		Connected:            e.connected,
		Resumed:              e.resumed != nil,
		Group:                e.parameters.group,
		SRTPProfile:          e.parameters.srtpProfile,
		ALPN:                 e.parameters.protocol,
		ServerName:           e.parameters.serverName,
		ExtendedMasterSecret: e.parameters.extendedMasterSecret,
		LocalConnectionID:    e.parameters.ids.local,
		PeerConnectionID:     e.parameters.ids.peer,
		LocalCertificate:     e.localCertificate(),
		PeerCertificates:     e.chain,
		CertificateStatus:    e.parameters.status,
		PSKIdentity:          e.identity,
		RoundTrips:           (e.flights + 1) / 2,
	}
	if suite := e.parameters.suite; suite != nil {
		s.Version, s.CipherSuite = record.Version12, suite.id
	}
	if scheme := e.parameters.serverScheme; scheme != nil {
		s.ServerScheme = scheme.id
	}
	if scheme := e.parameters.clientScheme; scheme != nil {
		s.ClientScheme = scheme.id
	}
	if e.finished {
		s.Insecure = e.weakenedBy()
	}
	return s
}

// weakenedBy returns ConnectionState.Insecure.
func (e *Engine) weakenedBy() (names []string) {
	for _, w := range []struct {
		field string
		is    bool
	}{
		{"ClientAuth", e.role == RoleServer && len(e.chain) == 0 && e.identity == nil},
		{"ExtendedMasterSecret", !e.parameters.extendedMasterSecret},
		{"InsecureExportWithoutEMS", !e.parameters.extendedMasterSecret && e.config.InsecureExportWithoutEMS},
		{"InsecureNoCookies", e.noCookies},
		{"KeyLogWriter", e.config.KeyLogWriter != nil},
	} {
		if w.is {
			names = append(names, w.field)
		}
	}
	return names
}

// localCertificate returns what the peer knows us by.
func (e *Engine) localCertificate() *fingerprint.Certificate {
	if e.resumed != nil {
		return e.config.certificate(e.resumed.local)
	}
	return e.certificate
}
