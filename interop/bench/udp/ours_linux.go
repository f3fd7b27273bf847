package udp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun"

	"github.com/rtctransport/rtctransport/mux/icelite"
)

// ours is a server of mux/icelite with one peer, to which the client has proved its address.
func ours(client *socket) (netip.AddrPort, func() error, error) {
	s, err := icelite.Listen("udp4", "127.0.0.1:0", nil)
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	fail := func(err error) (netip.AddrPort, func() error, error) {
		s.Close()
		return netip.AddrPort{}, nil, err
	}
	peer, err := s.AddPeer(nil)
	if err != nil {
		return fail(err)
	}
	peer.Push(func(b []byte) { _, _ = peer.Write(b) }, func(error) {})
	c := peer.Credentials()
	check, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":peer"),
		stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, 1)},
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)},
		stun.RawAttribute{Type: stun.AttrUseCandidate},
		stun.NewShortTermIntegrity(c.Password), stun.Fingerprint)
	if err != nil {
		return fail(err)
	}
	if _, err := client.WriteToUDPAddrPort(check.Raw, s.AddrPort()); err != nil {
		return fail(err)
	}
	answer := make([]byte, 1500)
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return fail(err)
	}
	if n, _, err := client.ReadFromUDPAddrPort(answer); err != nil || n < 2 || answer[0] != 1 || answer[1] != 1 {
		return fail(fmt.Errorf("no answer to the check: %w", err))
	}
	return s.AddrPort(), s.Close, nil
}
