package dtlstransport_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// Tables of what there is to choose from.
func ExampleGroups() {
	for _, g := range dtlstransport.Groups() {
		if g.Default {
			fmt.Println(g.Name, g.Security, "bits")
		}
	}
	// Output:
	// X25519 128 bits
	// secp256r1 128 bits
	// secp384r1 192 bits
	// secp521r1 256 bits
}

func ExampleSignatureSchemes() {
	for _, s := range dtlstransport.SignatureSchemes() {
		if s.Key == "RSA" && s.PSS {
			fmt.Println(s.Name, s.Hash)
		}
	}
	// Output:
	// rsa_pss_rsae_sha256 SHA-256
	// rsa_pss_rsae_sha384 SHA-384
	// rsa_pss_rsae_sha512 SHA-512
}

// A client that may be anybody: it has no certificate. The state says so.
func ExampleClientAuth() {
	clientConfig, serverConfig := peers()
	clientConfig.Certificates, clientConfig.ClientAuth = nil, dtlstransport.InsecureClientAuthNone
	serverConfig.RemoteFingerprints, serverConfig.ClientAuth = nil, dtlstransport.InsecureClientAuthNone
	_, server := shakeHands(clientConfig, serverConfig)
	state := server.ConnectionState()
	fmt.Println(state.State, len(state.PeerCertificates), state.Insecure)
	// Output: connected 0 [ClientAuth]
}

// What was agreed on.
func ExampleConnectionState() {
	clientConfig, serverConfig := peers()
	client, _ := shakeHands(clientConfig, serverConfig)
	state := client.ConnectionState()
	fmt.Println(state.State, state.Role, state.CipherSuite, state.Group)
	fmt.Println(state.ServerScheme, state.ClientScheme, state.SRTPProfile, state.ExtendedMasterSecret)
	fmt.Println(state.LocalCertificate == clientConfig.Certificates[0], len(state.PeerCertificates), state.RoundTrips)
	// Output:
	// connected client TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 X25519
	// ecdsa_secp256r1_sha256 ecdsa_secp256r1_sha256 SRTP_AEAD_AES_128_GCM true
	// true 1 2
}

// An answerer's a=setup, and the role that follows.
func ExampleAnswerSetup() {
	offer, err := dtlstransport.ParseSetup("actpass")
	if err != nil {
		log.Fatal(err)
	}
	answer, role, err := dtlstransport.AnswerSetup(offer, dtlstransport.RoleClient)
	if err != nil {
		log.Fatal(err)
	}
	theirs, err := dtlstransport.OffererRole(offer, answer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer, role, theirs)
	// Output: active client server
}

// A server that has another Config for each client, or none.
func ExampleListenConfig_getConfig() {
	clientConfig, serverConfig := peers()
	clientLink, link := netsim.Pipe(netsim.Config{})
	client1 := &net.UDPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 5000}
	socket := packetPipe{link, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4433}, client1}
	listener, err := dtlstransport.NewListener(socket, &dtlstransport.ListenConfig{
		GetConfig: func(remote net.Addr) (*dtlstransport.Config, error) {
			if remote.String() != client1.String() {
				return nil, errors.New("nobody we know") // it is dropped, and counted
			}
			return serverConfig, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	client, err := dtlstransport.Client(clientLink, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	mustHandshake(client)
	conn, err := listener.AcceptContext(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	stats := listener.Stats()
	fmt.Println(conn.RemoteAddr(), stats.Handshakes, stats.Refused[dtlstransport.RefusedConfig])
	// Output: 198.51.100.7:5000 1 0
}

// Media that is read packet by packet. OnRTP does without the copy.
func ExampleTransport_ReadRTP() {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{})
	server, err := dtlstransport.NewTransport(serverLink, dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	go server.Handshake(context.Background())
	client, err := dtlstransport.NewTransport(clientLink, dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := client.Handshake(context.Background()); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		// The second is a replay, which is not protected, and so not sent.
		_, err := client.WriteRTP([]byte("\x80\x6f\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04hello"))
		fmt.Println("sent:", err == nil)
	}
	packet := make([]byte, 1500)
	n, err := server.ReadRTP(packet)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", packet[12:n])
	stats := server.Stats().RTP
	fmt.Println(stats.Received, "received,", stats.Refused, "refused,", stats.Dropped, "dropped")
	// Output:
	// sent: true
	// sent: false
	// hello
	// 1 received, 0 refused, 0 dropped
}
