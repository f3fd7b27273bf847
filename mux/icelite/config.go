package icelite

import (
	"net/netip"
	"time"
)

// Defaults of Config.
const (
	DefaultMaxPeers        = 65536
	DefaultSocketBuffer    = 4 << 20          // bytes
	DefaultConsentTimeout  = 30 * time.Second // RFC 7675, Section 5.1
	DefaultConnectTimeout  = 60 * time.Second
	DefaultMaxDatagramSize = 1200 // bytes
)

// Config holds what can be chosen about a Server. The zero value is good. It is read by Listen and may be shared.
type Config struct {
	// MaxPeers bounds how many peers are registered at a time. Zero means DefaultMaxPeers.
	MaxPeers int

	// Sockets is how many sockets share the port, each with a goroutine of its own, by SO_REUSEPORT. The kernel spreads
	// the peers. Zero means one; more than one needs Linux, and is ErrUnsupported elsewhere.
	Sockets int

	// ReceiveBuffer and SendBuffer are asked of the kernel for each socket, in bytes; Stats tells what it gave. Zero means
	// DefaultSocketBuffer.
	ReceiveBuffer, SendBuffer int

	// ConsentTimeout is how long after its last connectivity check a peer is still sent to. Zero means
	// DefaultConsentTimeout.
	ConsentTimeout time.Duration

	// ConnectTimeout is how long a new peer may take until its first connectivity check. Zero means
	// DefaultConnectTimeout, negative for ever.
	ConnectTimeout time.Duration

	// MaxDatagramSize is what the peers' paths are taken to carry, in bytes of UDP payload. Zero means
	// DefaultMaxDatagramSize.
	MaxDatagramSize int

	// Addresses are advertised by Candidates in place of the host's own: those of a host behind a one-to-one NAT.
	Addresses []netip.Addr

	// Portable uses the plain socket calls of every system, where Linux has better ones.
	Portable bool
}

// filled returns c with the defaults in place.
func (c *Config) filled() Config {
	var f Config
	if c != nil {
		f = *c
	}
	for _, d := range []struct {
		value *int
		zero  int
	}{
		{&f.MaxPeers, DefaultMaxPeers},
		{&f.Sockets, 1},
		{&f.ReceiveBuffer, DefaultSocketBuffer},
		{&f.SendBuffer, DefaultSocketBuffer},
		{&f.MaxDatagramSize, DefaultMaxDatagramSize},
	} {
		if *d.value <= 0 {
			*d.value = d.zero
		}
	}
	if f.ConsentTimeout <= 0 {
		f.ConsentTimeout = DefaultConsentTimeout
	}
	if f.ConnectTimeout == 0 {
		f.ConnectTimeout = DefaultConnectTimeout
	}
	return f
}
