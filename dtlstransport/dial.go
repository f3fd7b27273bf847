package dtlstransport

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// Dial connects to a server at a bare UDP address, without ICE: network is "udp",
// "udp4" or "udp6", address is as net.Dial has it. It returns when the handshake is
// complete and the server verified, which takes Config.RemoteFingerprints or
// VerifyPeer, or with ctx's error. config is kept and must not be changed. A
// refused port (ICMP) is not the end: the server may be about to start.
func Dial(ctx context.Context, network, address string, config *Config) (*Conn, error) {
	if !strings.HasPrefix(network, "udp") {
		return nil, fmt.Errorf("dtls: dial: network %q is not UDP", network)
	}
	var dialer net.Dialer
	link, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn, err := Client(link, config)
	if err != nil {
		link.Close()
		return nil, err
	}
	if err := conn.Handshake(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
