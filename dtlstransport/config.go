package dtlstransport

import (
	"io"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// A Role is the side an endpoint takes in the handshake. In WebRTC it follows
// from a=setup: active is the client, passive the server (RFC 5763, Section 5).
type Role = keying.Role

// The roles.
const (
	RoleClient = keying.RoleClient
	RoleServer = keying.RoleServer
)

// An EMSPolicy says what to do about the extended master secret (RFC 7627).
type EMSPolicy uint8

const (
	// EMSRequire refuses peers that do not know the extension.
	EMSRequire EMSPolicy = iota
	// EMSRequest uses the extension where the peer knows it. Without it no keys
	// are exported, so there is no SRTP, unless InsecureExportWithoutEMS is set.
	EMSRequest
	// InsecureEMSOff neither offers the extension nor answers it, for peers that
	// break on it, and for tests of others. No session is resumed; on exported keys see
	// EMSRequest.
	InsecureEMSOff
)

// A ClientAuth says what a server does about the client's certificate.
type ClientAuth uint8

const (
	// ClientAuthRequire asks for a certificate and refuses a client without one.
	ClientAuthRequire ClientAuth = iota
	// InsecureClientAuthRequest asks for a certificate, judges the one it is
	// given, and connects to a client without one: to anybody.
	InsecureClientAuthRequest
	// InsecureClientAuthNone does not ask.
	InsecureClientAuthNone
)

// The defaults of Config.
const (
	DefaultMaxDatagramSize  = 1200
	DefaultHandshakeTimeout = 60 * time.Second
	DefaultFailureGrace     = 2 * time.Second

	// MinDatagramSize is the smallest MaxDatagramSize, in bytes: the headers of
	// a protected record and of a message, and a useful number of bytes.
	MinDatagramSize = 128

	// MinReplayWindow and MaxReplayWindow bound ReplayWindow, in records.
	MinReplayWindow = record.MinWindow
	MaxReplayWindow = record.MaxWindow

	// MaxRecordPadding is the largest RecordPadding, in bytes.
	MaxRecordPadding = 1 << 10
)

// A Config says how to shake hands. The zero value plus one certificate, and the
// peer's fingerprints, is right for WebRTC; every other field has a default that its
// zero value stands for. HardenedPolicy, FIPSPolicy and LoadPolicy make others to begin
// with.
//
// A Config must not be changed after use and may be shared by any number of
// associations. Slices and maps in it are kept, not copied.
type Config struct {
	// Who we are, and whom we talk to.

	// Certificates are what we may present, in order of preference; the first
	// one that the peer can use is taken, at a server after the choice of the suite.
	// For long-lived endpoints see fingerprint.Rotation. At least one is needed: WebRTC
	// authenticates both sides (RFC 8827, Section 6.5). Only a client with another
	// ClientAuth than ClientAuthRequire may have none.
	Certificates []*fingerprint.Certificate

	// CertificateUses narrows down when some of Certificates are presented. Those
	// without an entry are whenever the peer can verify them.
	CertificateUses map[*fingerprint.Certificate]CertificateUse

	// RemoteFingerprints are the a=fingerprint values that came with the peer's
	// session description. Empty means that they will follow: see
	// Engine.SetRemote. Until then the handshake may run, but nothing is
	// delivered or exported.
	RemoteFingerprints fingerprint.Set

	// VerifyPeer, if not nil, takes the place of the fingerprints: whoever it
	// lets through is authenticated, so that nil for every chain means that
	// anybody is. chain is what the peer has shown, DER, its own certificate first,
	// and must be neither changed nor kept. An *AlertError chooses the alert that the
	// peer gets, any other error means bad_certificate. The answer must follow from
	// chain alone: VerifyPeer may be asked several times in a handshake, from within
	// the engine, and must not call into it.
	VerifyPeer func(chain [][]byte) error

	// VerifyStatus, if not nil, makes a client ask for an OCSP response, and judges what
	// the server has sent with its chain: nil if that is nothing. It comes on top of the
	// fingerprints or of VerifyPeer, for peers that are known by an authority. An
	// *AlertError chooses the alert that the peer gets, any other error means
	// bad_certificate_status_response. What VerifyPeer says of its arguments and of when
	// it is asked holds here too; a resumed session is not judged again.
	VerifyStatus func(chain [][]byte, response []byte) error

	// ClientAuth is ClientAuthRequire by default. The others are for tests against
	// peers of other protocols: "the server MUST request a certificate from the
	// client" and both "MUST" be judged (after RFC 5763, Section 5).
	ClientAuth ClientAuth

	// PSK has the keys for cipher suites with a pre-shared key, if CipherSuites names
	// such. RemoteFingerprints must then be empty. Only who names no other suites needs no
	// certificate.
	PSK *PSK

	// What is agreed on.

	// CipherSuites are offered or accepted in this order. Empty means
	// DefaultCipherSuites.
	CipherSuites []CipherSuite

	// Groups are offered or accepted in this order. Empty means DefaultGroups.
	Groups []Group

	// SignatureSchemes are those that we sign with, and take signatures with, in
	// this order. They say nothing about the signature in a certificate, which
	// nobody looks at. Empty means DefaultSignatureSchemes.
	SignatureSchemes []SignatureScheme

	// SRTPProfiles are offered or accepted in this order. Nil means
	// keying.DefaultSRTPProfiles; empty but not nil means that use_srtp is
	// neither offered nor answered. If nothing is in common, the handshake goes
	// on without SRTP, for the sake of peers that only want data channels
	// but offer use_srtp all the same, as browsers do.
	SRTPProfiles []keying.SRTPProfile

	// ExtendedMasterSecret is EMSRequire by default.
	ExtendedMasterSecret EMSPolicy

	// ALPN are the application protocols offered or accepted, in order of
	// preference (RFC 7301). A server that has some and shares none with a client
	// that offers some refuses it. Empty means that the extension is not used.
	ALPN []string

	// SelectProtocol, if not nil, takes the place of ALPN at a server. It is given
	// what a client offers, which it must neither change nor keep, and returns one of
	// these names; or ErrDeclineProtocol, to go on without; or an error, which refuses
	// the client: an *AlertError chooses the alert, any other means
	// no_application_protocol. A name that was not offered is a fault of ours, and the
	// client gets internal_error. It may be asked several times in a handshake, from
	// within the engine, must answer the same then, and must not call into it.
	SelectProtocol func(offered []string) (string, error)

	// ServerName is the host name that a client asks for, or under which a server
	// acknowledges that it was asked for (RFC 6066, Section 3). It decides nothing: a
	// server connects under any other name too, which ConnectionState has. Empty, the
	// default and the rule in WebRTC, means that a client sends none. It is in the
	// clear.
	ServerName string

	// HelloProfile says what a client's hello looks like on the wire. Zero is
	// HelloDefault: in random order.
	HelloProfile HelloProfile

	// ConnectionID, if not nil, negotiates connection IDs (RFC 9146): it is what the peer
	// shall put on its records to us, up to 255 bytes, so that they are found to be of
	// this association wherever they come from. Empty but not nil means that we put the
	// peer's on ours and want none: right for a client of a Listener that follows its
	// clients to new addresses. Nil means none at all. A Listener makes its own.
	ConnectionID []byte

	// Sizes, in bytes, and times.

	// MaxDatagramSize bounds the datagrams of the handshake, in bytes, all DTLS
	// headers included, those of UDP and IP not. Zero means what the link says,
	// or else DefaultMaxDatagramSize.
	MaxDatagramSize int

	// MaxMessageSize bounds the handshake messages of the peer, in bytes, and with
	// them the chain of its certificates. While the handshake lasts, the peer can make us
	// hold as much and 4 KiB more. Zero means 32 KiB; it is from 4 KiB to 1 MiB.
	MaxMessageSize int

	// ReceiveBuffer bounds the application data that a Conn holds for Read, in
	// bytes. What arrives beyond is dropped and counted. Zero means 1 MiB.
	ReceiveBuffer int

	// RecordPadding hides the size of application data where records carry the peer's
	// connection ID: they are padded to a multiple of so many bytes, up to
	// MaxRecordPadding. Zero means no padding. Other records have no room for it.
	RecordPadding int

	// InitialTimeout is the first retransmission timeout. Zero means twice the
	// round-trip time if the link knows it, from 50 ms to 1 s, or else 200 ms.
	InitialTimeout time.Duration

	// LongestTimeout bounds the retransmission timeouts, which double from the
	// first on. Zero means 3 s, for a handshake is four datagrams, or the 60 s of RFC
	// 6347, Section 4.2.4.1 with Conformance. A longer InitialTimeout stays as it is.
	LongestTimeout time.Duration

	// HandshakeTimeout bounds the whole handshake, the wait for a late
	// fingerprint included. Zero means DefaultHandshakeTimeout, negative no bound.
	HandshakeTimeout time.Duration

	// FailureGrace is how long the genuine peer has to make progress after
	// something on the wire said that the handshake fails, for anybody can forge
	// that. Zero means DefaultFailureGrace, which covers the second resend of every
	// known peer; negative means that the first such sign is the verdict. In so much
	// time or more a peer repeats what it means: a flight that came once and was refused is
	// then no sign.
	FailureGrace time.Duration

	// Against forgers and floods.

	// Cookies makes a server prove the client's address by a HelloVerifyRequest
	// before it keeps any state (RFC 6347, Section 4.2.1). Nil means no
	// cookies, which is right where ICE has verified the address.
	Cookies *Cookies

	// ReliableTransport is for a link that loses nothing, sends nothing twice and keeps
	// the order of messages of up to 18,445 bytes, as an ordered, reliable stream of SCTP
	// does: DTLS over SCTP (RFC 6083). Nothing is sent again or cut for a path's MTU, each
	// message is one record, replays are not looked for, the first refusal is the verdict,
	// and a Conn whose reader is slow leaves it to the transport to wait.
	//
	// What RFC 6083 asks of SCTP itself is the transport's: "DATA chunks of SCTP MUST be
	// sent in an authenticated way as described in RFC 4895" (after Section 4.5), under the
	// secret of Conn.SCTPAuthSecret, without which whoever can forge packets can end the
	// transport, reorder streams and drop what is partially reliable, but not read or
	// change a record. pion/sctp has no AUTH. "All DTLS messages [...] on stream 0" (Section
	// 4.4): the caller opens it. A CloseNotify after all data is acknowledged (Section 4.9):
	// on one ordered stream it is behind all data.
	ReliableTransport bool

	// Heartbeat negotiates heartbeats (RFC 6520), for Conn.Probe. HeartbeatOff, the
	// default, means none.
	Heartbeat HeartbeatMode

	// ReplayWindow is how many records behind the newest are told from replays, from
	// MinReplayWindow to MaxReplayWindow; older ones are dropped. Zero means 256. A
	// larger one is for paths that delay some packets by more than others take to send.
	ReplayWindow int

	// MaxForgedRecords ends an association, with bad_record_mac, after as many
	// records that failed authentication since its handshake was over; before, they are
	// dropped, and end nothing. Zero means never: whoever can send to us could then end
	// it. It bounds what an attacker can try against one key, for those who have to state
	// such a bound.
	MaxForgedRecords int

	// Sessions that are resumed.

	// Sessions keeps sessions, so that ends that meet again shake hands in one
	// round trip: at a client under the peer's first fingerprint, or under one name for
	// all if VerifyPeer decides, so that it needs a store for each peer then; at a
	// server under the session_id that it gives out. Nil, the default, means that a
	// client offers no session and a server keeps none.
	Sessions SessionStore

	// SessionLifetime is how long a session may be resumed. Zero means
	// DefaultSessionLifetime.
	SessionLifetime time.Duration

	// NoTickets makes a client with Sessions ask for a session_id only, not for a
	// ticket (RFC 5077). What it has kept with a ticket is not offered.
	NoTickets bool

	// Tickets seals a server's sessions into tickets that clients keep (RFC 5077),
	// for clients that want them. Nil means none.
	Tickets TicketSealer

	// Media, and insight.

	// NewProtector makes the SRTP of a Transport, for example pionsrtp.New. Nil
	// means that the application protects media itself.
	NewProtector func(m *keying.Material, local Role) (keying.Protector, error)

	// Trace, if not nil, is told what an association sends, receives, drops and
	// waits for: for a log, see NewSlogTrace, or a picture of the handshake. It is
	// called from within the engine, must be quick and must not call into it, and has to
	// be safe for concurrent use if the Config is shared. The path of application data
	// stays without allocations; nil costs nothing at all.
	Trace func(TraceEvent)

	// KeyLogWriter receives one line in NSS key log format for each handshake, with
	// which anyone can decrypt the traffic. Only for debugging. It has to be safe
	// for concurrent use if the Config is shared.
	KeyLogWriter io.Writer

	// Only for tests.

	// InsecureExportWithoutEMS allows exporting keys from a session without
	// extended master secret, against RFC 7627, Section 5.4. Only for tests
	// against old peers.
	InsecureExportWithoutEMS bool

	// Conformance is the classical behaviour that test suites expect: what
	// arrives first wins, the first refusal is fatal with the RFC's alert, as is what
	// makes no sense on the wire, early records are dropped, flights are sent again by
	// the timer alone, which doubles up to 60 s without jitter. One forged datagram
	// then ends a handshake.
	Conformance bool
}
