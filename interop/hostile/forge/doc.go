// Package forge is DTLS 1.2 as an attacker needs it: it takes datagrams apart, changes any field, and puts them
// together again, legal or not. It shares no code with the engine that it attacks, so that a misunderstanding of the
// RFC has to be made twice to go unnoticed.
//
//	record.go    records and fragments (RFC 6347, Sections 4.1 and 4.2.2)
//	message.go   whole handshake messages, out of datagrams and into them
//	hello.go     the two hellos, field by field
//	flight.go    the messages that are signed, with keys of the attacker's own
//	secrets.go   the key schedule and the records of epoch 1, for a peer that holds the keys
//
// Everything trusts its input to be what an engine of ours has sent, and panics otherwise: a forger that reads
// nonsense is a broken experiment.
package forge
