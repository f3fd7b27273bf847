package contract

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

const (
	defaultMTU     = 1200
	defaultTimeout = 15 * time.Second

	maxDatagram     = 65507   // 65535 - 20 (IPv4) - 8 (UDP)
	maxRecord       = 1 << 14 // RFC 5246, Section 6.2.1
	maxConnectionID = 255     // RFC 9146, Section 3
	maxExport       = 1 << 16

	// verdictTime is how long before the end of --timeout a handshake gives up, so
	// that it can still say why.
	verdictTime = 500 * time.Millisecond
)

// Options are what a command line asks for.
type Options struct {
	Role        dtlstransport.Role
	Addr        string                   // host:port
	Certificate *fingerprint.Certificate // nil: present none
	Peer        fingerprint.Set          // nil: accept anybody
	Suites      []dtlstransport.CipherSuite
	Groups      []dtlstransport.Group
	SRTP        []keying.SRTPProfile // empty: no use_srtp; never nil
	EMS         dtlstransport.EMSPolicy
	Exports     []Export
	MTU         int
	Cookie      bool
	ClientAuth  bool
	Tickets     bool
	Resume      string // a file; empty: off
	Accept      int
	Send        [][]byte
	CloseAfter  int // echoes; negative: off
	WaitClose   bool
	KeyLog      string // a file; empty: off
	Trace       string // a file for what happens, as lines of JSON; empty: off
	Timeout     time.Duration

	HandshakeTimeout time.Duration // of one handshake, from its first datagram; 0: what Timeout leaves

	ConnectionID []byte // on the peer's records; nil: connection IDs are off

	PSKIdentity, PSKKey []byte // nil: none
}

// An Export asks for keying material (RFC 5705).
type Export struct {
	Label   string
	Length  int    // bytes
	Context []byte // nil: none, which is another than an empty one
}

// Config returns the configuration of the DTLS of one program, but for its
// Sessions. It opens the key log and the trace.
func (o *Options) Config() (*dtlstransport.Config, error) {
	c := &dtlstransport.Config{
		RemoteFingerprints:   o.Peer,
		CipherSuites:         o.Suites,
		Groups:               o.Groups,
		SRTPProfiles:         o.SRTP,
		ExtendedMasterSecret: o.EMS,
		MaxDatagramSize:      o.MTU,
		ConnectionID:         o.ConnectionID,
		HandshakeTimeout:     max(o.Timeout-verdictTime, o.Timeout/2),
	}
	if o.HandshakeTimeout != 0 {
		c.HandshakeTimeout = o.HandshakeTimeout
	}
	if o.Certificate != nil {
		c.Certificates = []*fingerprint.Certificate{o.Certificate}
	}
	if o.Peer == nil {
		c.VerifyPeer = func([][]byte) error { return nil }
	}
	switch {
	case o.Role == dtlstransport.RoleServer && !o.ClientAuth, o.Role == dtlstransport.RoleClient && o.Certificate == nil:
		c.ClientAuth = dtlstransport.InsecureClientAuthNone
	}
	if o.PSKKey != nil {
		c.PSK = o.psk()
	}
	if o.Role == dtlstransport.RoleServer {
		if o.Cookie {
			c.Cookies = dtlstransport.NewCookies()
		}
		if o.Tickets {
			c.Tickets = dtlstransport.NewTicketKeys([32]byte{})
		}
	}
	if o.KeyLog != "" {
		f, err := openLog(o.KeyLog)
		if err != nil {
			return nil, err
		}
		c.KeyLogWriter = f
	}
	if o.Trace != "" {
		f, err := openLog(o.Trace)
		if err != nil {
			return nil, err
		}
		c.Trace = dtlstransport.NewSlogTrace(slog.New(slog.NewJSONHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	return c, nil
}

// openLog opens a file that lines are appended to, one with each Write. It is
// closed with the process.
func openLog(name string) (io.Writer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &UsageError{err}
	}
	return f, nil
}

// psk returns the key for either role.
func (o *Options) psk() *dtlstransport.PSK {
	return &dtlstransport.PSK{
		IdentityFor: func([]byte) (identity, key []byte, err error) { return o.PSKIdentity, o.PSKKey, nil },
		KeyFor: func(identity []byte) []byte {
			if bytes.Equal(identity, o.PSKIdentity) {
				return o.PSKKey
			}
			return nil
		},
	}
}
