package main

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// A bucket is a dtlstransport.SessionStore in a bucket of NATS JetStream, whose TTL is Config.SessionLifetime. SCALING.md has
// it, and says when one is wanted.
type bucket struct{ kv jetstream.KeyValue }

// storePatience bounds how long a handshake waits for the store: an engine asks while a loop waits for it.
const storePatience = 50 * time.Millisecond

func (b bucket) do(f func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), storePatience)
	defer cancel()
	f(ctx)
}

// Get returns nil as well if the store does not answer: the handshake is a full one then.
func (b bucket) Get(key string) (session []byte) {
	b.do(func(ctx context.Context) {
		if entry, err := b.kv.Get(ctx, hex.EncodeToString([]byte(key))); err == nil {
			session = entry.Value()
		}
	})
	return session
}

func (b bucket) Put(key string, session []byte, _ time.Time) {
	b.do(func(ctx context.Context) { _, _ = b.kv.Put(ctx, hex.EncodeToString([]byte(key)), session) })
}

func (b bucket) Delete(key string) {
	b.do(func(ctx context.Context) { _ = b.kv.Purge(ctx, hex.EncodeToString([]byte(key))) })
}

// openBucket returns that of a NATS server of the test's own.
func openBucket(t *testing.T) jetstream.KeyValue {
	t.Helper()
	n, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	t.Cleanup(func() { n.Shutdown(); n.WaitForShutdown() })
	if !n.ReadyForConnections(30 * time.Second) {
		t.Fatal("no NATS server")
	}
	conn, err := nats.Connect("", nats.InProcessServer(n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "sessions", TTL: time.Hour, Storage: jetstream.MemoryStorage})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

// meet has two engines shake hands, and reports whether they have resumed a session.
func meet(t *testing.T, client, server *dtlstransport.Config) (resumed bool) {
	t.Helper()
	var ends [2]*dtlstransport.Engine
	for i, config := range []*dtlstransport.Config{client, server} {
		var err error
		if ends[i], err = dtlstransport.NewEngine([]dtlstransport.Role{dtlstransport.RoleClient, dtlstransport.RoleServer}[i], config); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	if err := ends[0].Start(now); err != nil {
		t.Fatal(err)
	}
	for round := 0; !ends[0].ConnectionState().Connected || !ends[1].ConnectionState().Connected; round++ {
		for i, from := range ends {
			for b, ok := from.AppendDatagram(nil); ok; b, ok = from.AppendDatagram(nil) {
				if err := ends[1-i].HandleDatagram(now, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		if round == 10 {
			t.Fatal("the handshake does not end")
		}
	}
	return ends[1].ConnectionState().Resumed
}

// A peer that has been on one machine resumes on another, which shares nothing with the first but the store, the key that it is
// sealed with, and the certificate.
func TestSessionsAreSharedThroughJetStream(t *testing.T) {
	kv := openBucket(t)
	key := [32]byte{7}
	var certificates [2]*fingerprint.Certificate
	for i := range certificates {
		var err error
		if certificates[i], err = fingerprint.Generate(fingerprint.ECDSAP256); err != nil {
			t.Fatal(err)
		}
	}
	config := func(own int, store dtlstransport.SessionStore) *dtlstransport.Config {
		return &dtlstransport.Config{
			Certificates: certificates[own : own+1], RemoteFingerprints: fingerprint.Set{certificates[1-own].Fingerprint()}, Sessions: store,
		}
	}
	machine := func() *dtlstransport.Config {
		sealed, err := sessions.NewSealedStore(bucket{kv}, key)
		if err != nil {
			t.Fatal(err)
		}
		return config(1, sealed)
	}
	peer := config(0, sessions.NewMemoryStore(nil))
	if meet(t, peer, machine()) {
		t.Error("resumed what never was")
	}
	// A store that is slow to answer makes a full handshake, not a failure.
	eventually(t, "another machine resumes", func() bool { return meet(t, peer, machine()) })
}
