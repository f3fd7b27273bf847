package icelite_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/pion/ice/v2"
	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/icelite"
	"github.com/rtctransport/rtctransport/mux/pionice"
)

// A server with one peer, which is a full ICE agent in the same program. Between browsers and servers the credentials,
// candidates and fingerprints travel in SDP.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	server, err := icelite.Listen("udp4", "127.0.0.1:0", nil)
	check(err)
	defer server.Close()
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	check(err)

	peer, err := server.AddPeer(nil)
	check(err)
	connected := make(chan dtlstransport.ConnectionState, 1)
	go client(ctx, server.Candidates(), peer.Credentials(), certificate, connected)

	transport, err := dtlstransport.NewTransport(peer, dtlstransport.RoleServer, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{certificate},
		RemoteFingerprints: fingerprint.Set{certificate.Fingerprint()},
	})
	check(err)
	defer transport.Close()
	check(transport.Handshake(ctx))
	fmt.Println("peer:  ", (<-connected).SRTPProfile)
	fmt.Println("server:", transport.ConnectionState().SRTPProfile, "on", server.Addr().Network())
	// Output:
	// peer:   SRTP_AEAD_AES_128_GCM
	// server: SRTP_AEAD_AES_128_GCM on udp
}

func client(ctx context.Context, candidates []string, credentials icelite.Credentials, certificate *fingerprint.Certificate,
	connected chan<- dtlstransport.ConnectionState) {
	agent, err := pionice.Gather(ctx, &pionice.Config{Loopback: true, Adjust: func(c *ice.AgentConfig) {
		c.IPFilter = func(ip net.IP) bool { return ip.IsLoopback() }
	}})
	check(err)
	remote := pionice.Description{Ufrag: credentials.Ufrag, Password: credentials.Password}
	for _, c := range candidates {
		remote.Candidates = append(remote.Candidates, "candidate:"+c)
	}
	link, err := agent.Dial(ctx, remote) // a lite agent is controlled
	check(err)
	transport, err := dtlstransport.NewTransport(link, dtlstransport.RoleClient, &dtlstransport.Config{
		Certificates:       []*fingerprint.Certificate{certificate},
		RemoteFingerprints: fingerprint.Set{certificate.Fingerprint()},
	})
	check(err)
	check(transport.Handshake(ctx))
	connected <- transport.ConnectionState()
	<-transport.Done()
	transport.Close()
}

// A burst to many peers leaves in few calls of the kernel: what goes to one peer in one.
func ExampleServer_Batch() {
	server, err := icelite.Listen("udp4", "127.0.0.1:0", nil)
	check(err)
	defer server.Close()
	var links []mux.Link // of the peers, filled as they come
	burst := make([][]byte, 10)

	server.Batch(func() {
		for _, link := range links {
			for _, packet := range burst {
				link.Write(packet)
			}
		}
	})
	fmt.Println(server.Stats().Sends)
	// Output: 0
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
