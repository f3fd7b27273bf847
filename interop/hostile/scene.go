package main

import (
	_ "embed"
	"maps"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// epochZero is when virtual time begins.
var epochZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// oneWay is the delay of the simulated path: half a round-trip time of 50 ms.
const oneWay = 25 * time.Millisecond

// patience is how long a handshake may take, in virtual time.
const patience = 60 * time.Second

// A kind is a way to shake hands.
type kind int

const (
	plain kind = iota
	cookie
	small // datagrams of smallMTU bytes
	resumed
	numKinds
)

const smallMTU = 220

func (k kind) String() string { return [...]string{"plain", "cookie", "small MTU", "resumed"}[k] }

// Which end is which.
const (
	client = 0
	server = 1
)

// A scene is a handshake that is to be played.
type scene struct {
	kind      kind
	mtu       int // zero: what the kind says
	classical [2]bool
	knowsRTT  bool          // both ends know the round-trip time
	late      time.Duration // until then nobody listens where the server will be
	link      netsim.Config
	change    func(client, server *dtlstransport.Config) // nil: nothing
}

//go:embed testdata/client.pem
var clientPEM []byte

//go:embed testdata/server.pem
var serverPEM []byte

//go:embed testdata/attacker.pem
var attackerPEM []byte

func mustParse(text []byte) *fingerprint.Certificate {
	c, err := fingerprint.ParsePEM(text)
	if err != nil {
		panic(err)
	}
	return c
}

var certificates = [2]*fingerprint.Certificate{mustParse(clientPEM), mustParse(serverPEM)}
var attacker = mustParse(attackerPEM)

// store is a dtlstransport.SessionStore.
type store map[string][]byte

func (s store) Get(key string) []byte                       { return s[key] }
func (s store) Put(key string, session []byte, _ time.Time) { s[key] = session }
func (s store) Delete(key string)                           { delete(s, key) }

// sessions are what both ends have of a handshake before, for the kind resumed, and sessionMaster is its secret.
var (
	sessions      [2]store
	sessionMaster []byte
)

func rememberedSessions() [2]store {
	if sessions[client] == nil {
		sessions = [2]store{{}, {}}
		var log strings.Builder
		s := &stage{now: epochZero}
		s.change = func(_, server *dtlstransport.Config) { server.KeyLogWriter = &log }
		s.set(sessions[:])
		s.run(patience, s.bothConnected)
		if !s.bothConnected() {
			panic("no session")
		}
		sessionMaster = secretsOf(log.String())
	}
	return [2]store{maps.Clone(sessions[client]), maps.Clone(sessions[server])}
}

// play puts a scene on the stage; everything random follows from seed. Nothing has arrived yet.
func (c scene) play(seed uint64) *stage {
	var stores []store
	if c.kind == resumed {
		reseed(0)
		both := rememberedSessions()
		stores = both[:]
	}
	reseed(seed)
	s := &stage{scene: c, seed: seed, now: epochZero}
	s.set(stores)
	return s
}
