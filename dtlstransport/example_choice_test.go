package dtlstransport_test

import (
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// The choices that an end makes about its peer's hello or chain, where names of
// protocols and fingerprints do not say all.

// A server that chooses the protocol by more than a list of names.
func ExampleErrDeclineProtocol() {
	clientConfig, serverConfig := peers()
	serverConfig.SelectProtocol = func(offered []string) (string, error) {
		switch {
		case slices.Contains(offered, "control/2"):
			return "control/2", nil
		case slices.Contains(offered, "control/1"):
			return "", errors.New("too old") // refuses the client
		}
		return "", dtlstransport.ErrDeclineProtocol
	}
	clientConfig.FailureGrace, serverConfig.FailureGrace = -1, -1
	for _, offer := range [][]string{{"control/1", "control/2"}, {"other"}, {"control/1"}} {
		clientConfig.ALPN = offer
		client, _ := shakeHands(clientConfig, serverConfig)
		fmt.Printf("%v: %v %q\n", offer, client.ConnectionState().State, client.ConnectionState().ALPN)
	}
	// Output:
	// [control/1 control/2]: connected "control/2"
	// [other]: connected ""
	// [control/1]: failed ""
}

// The name that a client asks for, as servers of many names see it.
func ExampleConfig_serverName() {
	clientConfig, serverConfig := peers()
	clientConfig.ServerName = "sfu.example"
	_, server := shakeHands(clientConfig, serverConfig)
	fmt.Println(server.ConnectionState().ServerName)
	// Output: sfu.example
}

// A certificate that is only for peers that name who issued it; others get the next
// one.
func ExampleCertificateUse() {
	clientConfig, serverConfig := peers()
	issued, err := fingerprint.Generate(fingerprint.ECDSAP384)
	if err != nil {
		log.Fatal(err)
	}
	serverConfig.Certificates = append([]*fingerprint.Certificate{issued}, serverConfig.Certificates...)
	serverConfig.CertificateUses = map[*fingerprint.Certificate]dtlstransport.CertificateUse{issued: {MatchIssuer: true}}
	_, server := shakeHands(clientConfig, serverConfig)
	fmt.Println(server.ConnectionState().LocalCertificate == serverConfig.Certificates[1])
	// Output: true
}

// A server known by an authority sends what that says of its certificate now, and the
// client judges it.
func ExampleConfig_verifyStatus() {
	clientConfig, serverConfig := peers()
	serverConfig.CertificateUses = map[*fingerprint.Certificate]dtlstransport.CertificateUse{
		serverConfig.Certificates[0]: {Status: func() ([]byte, error) { return []byte("an OCSP response, in DER"), nil }},
	}
	clientConfig.VerifyStatus = func(chain [][]byte, response []byte) error {
		if response == nil {
			return errors.New("we want to know")
		}
		return nil // after golang.org/x/crypto/ocsp has read it
	}
	client, _ := shakeHands(clientConfig, serverConfig)
	fmt.Println(client.ConnectionState().State)
	fmt.Printf("%s\n", client.ConnectionState().CertificateStatus)
	// Output:
	// connected
	// an OCSP response, in DER
}

// sealedTickets leaves the keys of tickets to other hands.
type sealedTickets struct{ dtlstransport.TicketSealer }

func (s sealedTickets) SealTicket(now time.Time, session []byte) ([]byte, time.Time) {
	fmt.Println("sealed")
	return s.TicketSealer.SealTicket(now, session)
}

func (s sealedTickets) OpenTicket(now time.Time, ticket []byte) ([]byte, bool) {
	fmt.Println("opened")
	return s.TicketSealer.OpenTicket(now, ticket)
}

// Tickets that the application seals, here by way of TicketKeys.
func ExampleTicketSealer() {
	clientConfig, serverConfig := peers()
	clientConfig.Sessions = sessionMap{}
	serverConfig.Tickets = sealedTickets{dtlstransport.NewTicketKeys([32]byte{})}
	for range 2 {
		client, _ := shakeHands(clientConfig, serverConfig)
		fmt.Println("resumed:", client.ConnectionState().Resumed)
	}
	// Output:
	// sealed
	// resumed: false
	// opened
	// resumed: true
}
