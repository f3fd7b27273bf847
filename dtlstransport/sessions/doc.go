// Package sessions keeps DTLS sessions between handshakes: what to put into
// dtlstransport.Config.Sessions.
//
//	Engine --> SealedStore --> boltstore.Store      a file, that outlives the process
//	Engine ------------------> MemoryStore          as long as the process
//	server --> Config.Tickets                       the clients keep it; no store at all
//
// MemoryStore holds a bounded number of sessions and bytes in memory.
// SealedStore encrypts what another store keeps, for whoever reads a session can
// take the peer's place until it expires. The package boltstore, a module of its
// own so that nobody else has to link a database, keeps sessions in a file.
// KeysOfPeer and DeletePeer look through any of them for one peer.
//
// To keep no session of some peers, or to give some other place to them, write a
// dtlstransport.SessionStore: three methods, of which Put may refuse. An example
// shows it.
//
// Read memory.go first, then sealed.go (its format is above seal) and peer.go.
//
// # What a store need not do
//
// A session carries its own expiry, suite and peer certificates, and the engine
// judges all three again before it uses one: a store that keeps too long or mixes
// keys up costs a full handshake and nothing else. A store that lets others read
// does harm.
//
// # What a store cannot do
//
// Tickets (dtlstransport.TicketKeys) are kept by the clients, so DeletePeer at a
// server does not reach them. What revokes them, and sessions as well, is the
// verdict on the peer's certificate: Config.RemoteFingerprints or
// Config.VerifyPeer is asked in every handshake, resumed ones included.
package sessions
