package dtlstransport

import (
	"errors"
	"net"
)

// The defaults of ListenConfig.
const (
	DefaultMaxHandshakes = 1024
	DefaultBacklog       = 128

	// MinListenerConnectionID is the smallest ListenConfig.ConnectionIDLength but
	// zero: random ones are to be all different.
	MinListenerConnectionID = 4
)

// A ListenConfig says whom a Listener takes, and how many at a time. How many may
// stay is up to who accepts them, and to GetConfig. It must not be changed after use
// and may be shared.
type ListenConfig struct {
	// Config is that of all associations if there is no GetConfig. Unless the
	// client stays anonymous it needs VerifyPeer or RemoteFingerprints: without,
	// nobody could be let in. Its Cookies, if not nil, are used in place of new
	// ones, for several listeners that share a port.
	Config *Config

	// GetConfig, if not nil, returns the Config for a client whose address is
	// proved, by its cookie, and which is otherwise unknown; an error refuses it.
	// The Cookies of that Config are not looked at. GetConfig is called from the loop
	// that reads the socket and must be quick.
	GetConfig func(remote net.Addr) (*Config, error)

	// MaxHandshakes bounds the handshakes that go on at a time, each of which holds
	// some 7 kB for up to Config.HandshakeTimeout. One more takes the place of the
	// oldest. Zero means DefaultMaxHandshakes.
	MaxHandshakes int

	// Backlog is how many connections may wait for Accept before no new handshake
	// is begun; those that go on are still completed. Zero means DefaultBacklog.
	Backlog int

	// ConnectionIDLength, if not zero, has each client that is willing put a random
	// connection ID of as many bytes, MinListenerConnectionID to 255, on its records
	// (RFC 9146), by which it is known again when its address has changed. 8 is right for
	// most. Such a client is not replaced by another one at its address.
	ConnectionIDLength int

	// MayMove decides whether what is sent to a client with a connection ID follows it to
	// another address, when an authentic record that is newer than all before came from
	// there. On its way it may have been given that address by anybody, so MayMove should
	// know that the client receives what is sent there (RFC 9146, Section 6). It is
	// called from the loop that reads the socket, once for each such datagram, and must
	// be quick. Nil means that a heartbeat sent there decides, by its answer, and that
	// nothing follows a client that answers none: see Config.Heartbeat. Records from
	// anywhere are delivered in any case.
	MayMove func(c *Conn, to net.Addr) bool

	// InsecureNoCookies lets anybody make the listener send, and compute and keep
	// state, with forged source addresses: a ClientHello is answered with several
	// times its size, and again when that stays unanswered. Only where all
	// addresses are known to be true.
	InsecureNoCookies bool
}

// prepare returns a Config for associations of l.
func (l *Listener) prepare(config *Config) (*Config, error) {
	if err := config.check(RoleServer); err != nil {
		return nil, err
	}
	if len(config.RemoteFingerprints) == 0 && config.VerifyPeer == nil && config.ClientAuth != InsecureClientAuthNone {
		return nil, errors.New("dtls: listen: neither VerifyPeer nor RemoteFingerprints")
	}
	if config.ReliableTransport {
		return nil, errors.New("dtls: listen: UDP is no ReliableTransport")
	}
	own := *config
	own.Cookies = l.cookies
	return &own, nil
}
