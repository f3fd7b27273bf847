package sessions_test

import (
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
	"github.com/rtctransport/rtctransport/fingerprint"
)

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

// meet shakes hands without a network and says how it went. With a network, use
// dtlstransport.NewTransport.
func meet(clientConfig, serverConfig *dtlstransport.Config) {
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
	datagrams := 0
	for !server.ConnectionState().Connected || !client.ConnectionState().Connected {
		for _, way := range []struct{ from, to *dtlstransport.Engine }{{client, server}, {server, client}} {
			for b, ok := way.from.AppendDatagram(nil); ok; b, ok = way.from.AppendDatagram(nil) {
				datagrams++
				if err := way.to.HandleDatagram(now, b); err != nil {
					log.Fatal(err)
				}
			}
		}
	}
	fmt.Printf("resumed %v, %d datagrams\n", client.ConnectionState().Resumed, datagrams)
}

// Both sides remember: the second handshake takes one round trip and no
// public-key work.
func ExampleMemoryStore() {
	client, server := peers()
	client.Sessions = sessions.NewMemoryStore(nil)
	store := sessions.NewMemoryStore(&sessions.MemoryConfig{MaxSessions: 1000, MaxBytes: 2 << 20})
	server.Sessions = store

	meet(client, server)
	meet(client, server)

	// The operator of the server has the client forgotten.
	n, err := sessions.DeletePeer(store, client.Certificates[0].Fingerprint())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("forgotten:", n)
	meet(client, server)
	// Output:
	// resumed false, 4 datagrams
	// resumed true, 3 datagrams
	// forgotten: 1
	// resumed false, 4 datagrams
}

// Two servers of a farm have one certificate and one secret in common, and
// nothing else: the client carries its session from one to the other.
func Example_farm() {
	client, first := peers()
	client.Sessions = sessions.NewMemoryStore(nil)

	var secret [32]byte // shared by the servers, by whatever way their certificate is
	rand.Read(secret[:])
	second := *first
	first.Tickets = dtlstransport.NewTicketKeys(secret)
	second.Tickets = dtlstransport.NewTicketKeys(secret)

	meet(client, first)
	meet(client, &second)
	meet(client, first)
	// Output:
	// resumed false, 4 datagrams
	// resumed true, 3 datagrams
	// resumed true, 3 datagrams
}

// What leaves the process, or this part of its memory, is sealed.
func ExampleSealedStore() {
	var current, previous [32]byte // from where secrets are kept
	rand.Read(current[:])
	rand.Read(previous[:])

	client, server := peers()
	store, err := sessions.NewSealedStore(sessions.NewMemoryStore(nil), current, previous)
	if err != nil {
		log.Fatal(err)
	}
	client.Sessions = store
	server.Sessions = sessions.NewMemoryStore(nil)

	meet(client, server)
	meet(client, server)
	fmt.Printf("%+v\n", store.Stats())
	// Output:
	// resumed false, 4 datagrams
	// resumed true, 3 datagrams
	// {Opened:1 Unopened:0}
}

// A choosyStore keeps sessions only while it is willing: a Put that does nothing
// is a refusal, and the next handshake is a full one.
type choosyStore struct {
	*sessions.MemoryStore
	willing func(key string) bool
}

func (s choosyStore) Put(key string, session []byte, expires time.Time) {
	if s.willing(key) {
		s.MemoryStore.Put(key, session, expires)
	}
}

// An application that wants to keep nothing of some peers says so in Put. A
// client stores under the fingerprint of the peer.
func Example_refuse() {
	client, server := peers()
	known := map[string]bool{}
	client.Sessions = choosyStore{sessions.NewMemoryStore(nil), func(key string) bool { return known[key] }}
	server.Sessions = sessions.NewMemoryStore(nil)

	meet(client, server)
	meet(client, server)
	known["client "+client.RemoteFingerprints[0].String()] = true
	meet(client, server)
	meet(client, server)
	// Output:
	// resumed false, 4 datagrams
	// resumed false, 4 datagrams
	// resumed false, 4 datagrams
	// resumed true, 3 datagrams
}
