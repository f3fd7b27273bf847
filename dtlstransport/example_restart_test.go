package dtlstransport_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// What offer and answer say of a=setup, a=fingerprint and a=tls-id decides who is the
// client, and whether a later exchange makes a new association.
func ExampleAgreeOnOffer() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	mine := dtlstransport.Description{Fingerprints: fingerprint.Set{certificate.Fingerprint()}, TLSID: dtlstransport.NewTLSID()}
	offer := dtlstransport.Description{Setup: dtlstransport.SetupActPass, TLSID: dtlstransport.NewTLSID()} // and the peer's fingerprints

	first, err := dtlstransport.AgreeOnOffer(offer, mine, dtlstransport.RoleClient, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("a=setup:%v, we are the %v\n", first.Local.Setup, first.Role)

	again, err := dtlstransport.AgreeOnOffer(offer, mine, dtlstransport.RoleServer, &first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the same offer: a=setup:%v, new association %v\n", again.Local.Setup, again.NeedsAssociation(&first))

	offer.TLSID = dtlstransport.NewTLSID()
	again, err = dtlstransport.AgreeOnOffer(offer, mine, dtlstransport.RoleServer, &first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("another a=tls-id: a=setup:%v, new association %v\n", again.Local.Setup, again.NeedsAssociation(&first))
	// Output:
	// a=setup:active, we are the client
	// the same offer: a=setup:active, new association false
	// another a=tls-id: a=setup:passive, new association true
}

// Both ends change their certificates, and their roles, while media goes on.
func ExampleTransport_Restart() {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
	a, err := dtlstransport.NewTransport(clientLink, dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	b, err := dtlstransport.NewTransport(serverLink, dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go b.Handshake(ctx)
	for _, end := range []*dtlstransport.Transport{a, b} {
		if err := end.Handshake(ctx); err != nil {
			log.Fatal(err)
		}
	}
	before := a.Conn()

	// Signalling has brought new fingerprints.
	newClientConfig, newServerConfig := peers()
	restarted := make(chan error)
	go func() { restarted <- b.Restart(ctx, dtlstransport.RoleClient, newClientConfig) }()
	if err := a.Restart(ctx, dtlstransport.RoleServer, newServerConfig); err != nil {
		log.Fatal(err)
	}
	if err := <-restarted; err != nil {
		log.Fatal(err)
	}
	fmt.Println("we are the", a.Role(), "now")
	fmt.Println("a new Conn, for a new SCTP association:", a.Conn() != before)
	if _, err := b.Conn().Write([]byte("under the new keys")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := a.Conn().Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf[:n])
	// Output:
	// we are the server now
	// a new Conn, for a new SCTP association: true
	// under the new keys
}
