// Quickstart is two WebRTC peers in one process, over ICE on the loopback
// interface: DTLS with our engine, one SRTP packet, one data channel. It says in
// four lines what happened.
//
//	go run ./examples/quickstart
package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/ice/v2"
	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux/pionice"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A peer is one end, connected.
type peer struct {
	link        *pionice.Link
	iceDone     time.Time
	transport   *dtlstransport.Transport
	association *sctpdc.Association
}

// A description is what one end tells the other through signalling, in WebRTC
// as SDP.
type description struct {
	ice         pionice.Description
	fingerprint fingerprint.Fingerprint
}

// An establishFunc is (*pionice.Agent).Dial, for ICE's controlling side, or
// Accept.
type establishFunc = func(*pionice.Agent, context.Context, pionice.Description) (*pionice.Link, error)

// connect makes one end: ICE, DTLS over it, SCTP over that.
func connect(ctx context.Context, role dtlstransport.Role, establish establishFunc, local chan<- description, remote <-chan description) *peer {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	check("certificate", err)
	agent, err := pionice.Gather(ctx, &pionice.Config{Loopback: true, Adjust: func(c *ice.AgentConfig) {
		c.IPFilter = func(ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) }
	}})
	check("ICE", err)
	local <- description{agent.Description(), certificate.Fingerprint()}
	other := <-remote

	link, err := establish(agent, ctx, other.ice)
	check("ICE", err)
	p := &peer{link: link, iceDone: time.Now()}
	p.transport, err = dtlstransport.NewTransport(link, role, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{certificate},
		RemoteFingerprints: fingerprint.Set{other.fingerprint},
		NewProtector:       pionsrtp.New,
	})
	check("DTLS", err)
	check("DTLS", p.transport.Handshake(ctx))
	p.association, err = sctpdc.New(p.transport.Conn(), &sctpdc.Config{Role: role})
	check("SCTP", err)
	return p
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	aToB, bToA, bDone := make(chan description, 1), make(chan description, 1), make(chan *peer)
	go func() { bDone <- connect(ctx, dtlstransport.RoleServer, (*pionice.Agent).Accept, bToA, aToB) }()
	a := connect(ctx, dtlstransport.RoleClient, (*pionice.Agent).Dial, aToB, bToA)
	chat, err := a.association.Open(ctx, "chat", nil)
	check("channel", err)
	opened := time.Since(a.iceDone)
	b := <-bDone

	fmt.Printf("ICE        %v <-> %v\n", a.link.LocalAddr(), a.link.RemoteAddr())
	state := a.transport.ConnectionState()
	fmt.Printf("DTLS 1.2   %v, %v, %s, fingerprint %s matched\n", state.CipherSuite, state.Group,
		map[bool]string{true: "EMS", false: "no EMS"}[state.ExtendedMasterSecret], fingerprint.SHA256)
	packet := append([]byte{0x80, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4}, "an Opus frame"...) // RFC 3550, Section 5.1
	_, err = a.transport.WriteRTP(packet)
	check("SRTP", err)
	_ = b.transport.SetReadDeadline(time.Now().Add(5 * time.Second))
	got := make([]byte, 1500)
	n, err := b.transport.ReadRTP(got)
	check("SRTP", err)
	if !bytes.Equal(got[:n], packet) {
		check("SRTP", fmt.Errorf("packet opened by B is %x, sealed by A %x", got[:n], packet))
	}
	fmt.Printf("SRTP       %v: packet sealed by A opened by B\n", state.SRTPProfile)

	go func() { // B sends the first message back
		channel, err := b.association.Accept(ctx)
		check("channel", err)
		m, err := channel.Receive(ctx)
		check("channel", err)
		check("channel", channel.Send(ctx, m))
	}()
	check("channel", chat.SendText(ctx, "hello"))
	answer, err := chat.Receive(ctx)
	check("channel", err)
	fmt.Printf("channel    %q open %.1f ms after ICE (round trips: DTLS %d, SCTP %d); echo: %s\n", chat.Label(),
		opened.Seconds()*1000, state.RoundTrips, a.association.Stats().RoundTrips, answer.Data)
	check("close", a.association.Shutdown(ctx))
}

// check ends the program if its stage has failed.
func check(stage string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "quickstart: %s: %v\n", stage, err)
		os.Exit(1)
	}
}
