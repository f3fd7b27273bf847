// Package boltstore keeps DTLS sessions in a file, so that a process that starts
// again resumes the sessions of the one before. It is a module of its own: who
// keeps sessions elsewhere does not link go.etcd.io/bbolt.
//
//	Put, Delete --> pending, in memory --> one goroutine --> one transaction each time
//	Get         --> pending, or else ----> the file
//
// Engines call a store while they hold up a handshake, and a transaction has to
// reach the disk. So Put and Delete only note what to do; one goroutine does all
// that was noted during one transaction in the next. Get sees what was noted. Read
// store.go first (the surface), then writer.go and file.go (what is in the file).
//
// # When something fails
//
// A dtlstransport.SessionStore returns no errors: a session that cannot be read
// is as if it were not there, one that cannot be written is not kept, and both
// are counted in Stats, with the last error. One thing must not be lost, for RFC
// 5246, Section 7.2.2 has it that sessions "MUST [be] forgotten": a session that
// cannot be deleted from the file is not returned any more, and deleting is tried
// again. If even that cannot be remembered, the store is as if it were empty. A
// process that is killed between Delete and the end of the next transaction, some
// milliseconds, leaves the session in the file.
//
// # What is in the file
//
// Whoever reads a session can take the peer's place until it expires. The file is
// made with permissions 0600, and one that others may read is not opened; but
// backups and disks get into other hands, and what was deleted stays in free
// pages of the file until they are used again. Put a sessions.SealedStore around
// the store, with a key that is kept elsewhere, as the example does.
//
// One process at a time has the file open. Servers of a farm share TicketKeys
// instead of a file.
package boltstore
