package boltstore_test

import (
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions/boltstore"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// Sessions in a file, sealed with a key that is kept elsewhere, outlive the
// process.
func Example() {
	folder, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	var key [32]byte // from where secrets are kept
	rand.Read(key[:])
	client, server := peers()
	server.Sessions = sessions.NewMemoryStore(nil)

	for range 2 { // two lives of the client
		file, err := boltstore.Open(filepath.Join(folder, "sessions"), nil)
		if err != nil {
			log.Fatal(err)
		}
		client.Sessions, err = sessions.NewSealedStore(file, key)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("resumed", meet(client, server))
		if err := file.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// resumed false
	// resumed true
}

// peers returns the configurations of a client and a server that have exchanged
// their fingerprints, as signalling does.
func peers() (client, server *dtlstransport.Config) {
	var certificates [2]*fingerprint.Certificate
	for i := range certificates {
		var err error
		if certificates[i], err = fingerprint.Generate(fingerprint.ECDSAP256); err != nil {
			log.Fatal(err)
		}
	}
	config := func(own, peer *fingerprint.Certificate) *dtlstransport.Config {
		return &dtlstransport.Config{Certificates: []*fingerprint.Certificate{own}, RemoteFingerprints: fingerprint.Set{peer.Fingerprint()}}
	}
	return config(certificates[0], certificates[1]), config(certificates[1], certificates[0])
}

// meet shakes hands without a network and reports whether a session was resumed.
// With a network, use dtlstransport.NewTransport.
func meet(clientConfig, serverConfig *dtlstransport.Config) bool {
	client, err := dtlstransport.NewEngine(dtlstransport.RoleClient, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	server, err := dtlstransport.NewEngine(dtlstransport.RoleServer, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Now()
	if err := client.Start(now); err != nil {
		log.Fatal(err)
	}
	for !server.ConnectionState().Connected || !client.ConnectionState().Connected {
		for _, way := range []struct{ from, to *dtlstransport.Engine }{{client, server}, {server, client}} {
			for b, ok := way.from.AppendDatagram(nil); ok; b, ok = way.from.AppendDatagram(nil) {
				if err := way.to.HandleDatagram(now, b); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
	return client.ConnectionState().Resumed
}
