package dtlstransport_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// sessionMap is the least that a SessionStore can be, for one goroutine.
type sessionMap map[string][]byte

func (m sessionMap) Get(key string) []byte                 { return m[key] }
func (m sessionMap) Put(key string, s []byte, _ time.Time) { m[key] = s }
func (m sessionMap) Delete(key string)                     { delete(m, key) }

// The answer, with the peer's fingerprint, is slower than the handshake. Until it
// is there nothing is delivered and no key is exported.
func ExampleConn_SetRemoteFingerprints() {
	clientConfig, serverConfig := peers()
	answer := clientConfig.RemoteFingerprints // not here yet
	clientConfig.RemoteFingerprints = nil
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()

	client.Start(nil, nil)
	mustHandshake(server) // which knows the client
	if _, err := server.Write([]byte("early")); err != nil {
		log.Fatal(err)
	}
	_, err := client.ExportKeyingMaterial("EXPORTER-example", nil, 16)
	fmt.Println(errors.Is(err, dtlstransport.ErrNotConnected))

	if err := client.SetRemoteFingerprints(answer); err != nil {
		log.Fatal(err)
	}
	mustHandshake(client)
	buf := make([]byte, 1500)
	n, err := client.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf[:n])
	// Output:
	// true
	// early
}

// An application that knows its peers by other means than one fingerprint, here by
// a list. The error chooses the alert.
func ExampleConfig_verifyPeer() {
	clientConfig, serverConfig := peers()
	var list fingerprint.Set // of everybody that may connect
	serverConfig.RemoteFingerprints = nil
	serverConfig.VerifyPeer = func(chain [][]byte) error {
		if len(list) > 0 && list.Verify(chain[0]) == nil {
			return nil
		}
		return &dtlstransport.AlertError{Alert: dtlstransport.AlertAccessDenied, Err: errors.New("not on the list")}
	}
	clientConfig.FailureGrace, serverConfig.FailureGrace = -1, -1
	_, server := shakeHands(clientConfig, serverConfig)
	fmt.Println(server.ConnectionState().State)

	list = append(list, clientConfig.Certificates[0].Fingerprint())
	_, server = shakeHands(clientConfig, serverConfig)
	fmt.Println(server.ConnectionState().State)
	// Output:
	// failed
	// connected
}

// An end that has two certificates shows the one that the peer can verify.
func ExampleConfig_certificates() {
	clientConfig, serverConfig := peers()
	modern, err := fingerprint.Generate(fingerprint.Ed25519)
	if err != nil {
		log.Fatal(err)
	}
	serverConfig.Certificates = append([]*fingerprint.Certificate{modern}, serverConfig.Certificates...)
	clientConfig.RemoteFingerprints = append(clientConfig.RemoteFingerprints, modern.Fingerprint())
	for _, schemes := range [][]dtlstransport.SignatureScheme{nil, {dtlstransport.ECDSAP256SHA256}} {
		clientConfig.SignatureSchemes = schemes
		client, _ := shakeHands(clientConfig, serverConfig)
		fmt.Println(client.ConnectionState().ServerScheme)
	}
	// Output:
	// ed25519
	// ecdsa_secp256r1_sha256
}

// Sessions make the second handshake one round trip. The store here forgets nothing;
// package sessions has those for use.
func ExampleSessionStore() {
	clientConfig, serverConfig := peers()
	clientConfig.Sessions, serverConfig.Sessions = sessionMap{}, sessionMap{}
	for range 2 {
		client, server := shakeHands(clientConfig, serverConfig)
		fmt.Println("resumed:", client.ConnectionState().Resumed, "data goes both ways:", server.ConnectionState().State)
	}
	// Output:
	// resumed: false data goes both ways: connected
	// resumed: true data goes both ways: connected
}
