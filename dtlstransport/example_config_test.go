package dtlstransport_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// A policy is a Config without the certificates.
func ExampleHardenedPolicy() {
	clientConfig, serverConfig := peers()
	policy := dtlstransport.HardenedPolicy()
	policy.Certificates, policy.RemoteFingerprints = serverConfig.Certificates, serverConfig.RemoteFingerprints

	client, _ := shakeHands(clientConfig, policy)
	state := client.ConnectionState()
	fmt.Println(state.CipherSuite, state.Group, state.SRTPProfile)
	// Output: TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 secp521r1 SRTP_AEAD_AES_256_GCM
}

// A policy in a file, which whoever runs the program can change.
func ExampleLoadPolicy() {
	config, err := dtlstransport.LoadPolicy(strings.NewReader(`
		# for the machines in the field
		cipher_suites     = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
		srtp_profiles     = none
		initial_timeout   = 1s      # a satellite
		handshake_timeout = 2m
	`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.CipherSuites, config.InitialTimeout, config.HandshakeTimeout)

	_, err = dtlstransport.LoadPolicy(strings.NewReader("groups = X25519\ncipher_suites = RC4\n"))
	fmt.Println(err)
	var wrong *dtlstransport.PolicyError
	fmt.Println(errors.As(err, &wrong), wrong.Line)
	// Output:
	// [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256] 1s 2m0s
	// dtls: policy: line 2: cipher_suites: unknown name "RC4"
	// true 2
}

func ExampleConfig_WritePolicy() {
	config := &dtlstransport.Config{Groups: []dtlstransport.Group{dtlstransport.Secp256r1}, HandshakeTimeout: -1}
	if err := config.WritePolicy(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// groups = secp256r1
	// handshake_timeout = none
}

// A hello that looks like one of Firefox.
func ExampleHelloProfile() {
	clientConfig, serverConfig := peers()
	clientConfig.HelloProfile = dtlstransport.HelloFirefox
	client, _ := shakeHands(clientConfig, serverConfig)
	fmt.Println(client.ConnectionState().State)
	// Output: connected
}

// Who speaks what over the association (RFC 7301).
func ExampleConfig_alpn() {
	clientConfig, serverConfig := peers()
	clientConfig.ALPN = []string{"c-webrtc", "webrtc"}
	serverConfig.ALPN = []string{"webrtc"}
	client, server := shakeHands(clientConfig, serverConfig)
	fmt.Println(client.ConnectionState().ALPN, server.ConnectionState().ALPN)
	// Output: webrtc webrtc
}

// For data channels only: nothing about SRTP is offered.
func ExampleConfig_withoutMedia() {
	clientConfig, serverConfig := peers()
	clientConfig.SRTPProfiles = []keying.SRTPProfile{}
	client, _ := shakeHands(clientConfig, serverConfig)
	_, err := client.SRTPMaterial()
	fmt.Println(client.ConnectionState().State, errors.Is(err, dtlstransport.ErrNoSRTP))
	// Output: connected true
}

// What the cipher suites are, for a table or a choice.
func ExampleCipherSuite_Info() {
	for _, suite := range dtlstransport.DefaultCipherSuites()[:2] {
		info, _ := suite.Info()
		fmt.Println(info.Name, info.KeyExchange, info.Certificate, info.KeyBits, info.AEAD, info.ForwardSecrecy)
	}
	// Output:
	// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ECDHE ECDSA 128 true true
	// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 ECDHE RSA 128 true true
}

// Any server that has the same secret resumes the session that a client brings back
// in a ticket; see package sessions for what the client keeps it in.
func ExampleTicketKeys() {
	clientConfig, serverConfig := peers()
	clientConfig.Sessions = sessionMap{}
	secret := [32]byte{'a', ' ', 's', 'e', 'c', 'r', 'e', 't'} // random, and the same on all machines
	for range 2 {
		machine := *serverConfig
		machine.Tickets = dtlstransport.NewTicketKeys(secret)
		client, _ := shakeHands(clientConfig, &machine)
		fmt.Println("resumed:", client.ConnectionState().Resumed)
	}
	// Output:
	// resumed: false
	// resumed: true
}

// Cookies, for a server that drives engines on its own and whose clients' addresses
// are not known to be true (RFC 6347, Section 4.2.1). A Listener has its own.
func ExampleCookies() {
	clientConfig, serverConfig := peers()
	serverConfig.Cookies = dtlstransport.NewCookies()
	asked := 0
	clientConfig.Trace = func(e dtlstransport.TraceEvent) {
		if e.Kind == dtlstransport.TraceMessage && e.Message.Type.String() == "HelloVerifyRequest" {
			asked++
		}
	}
	client, _ := shakeHands(clientConfig, serverConfig)
	fmt.Println("asked for a cookie:", asked, "round trips:", client.ConnectionState().RoundTrips)
	// Output: asked for a cookie: 1 round trips: 3
}
