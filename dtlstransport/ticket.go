package dtlstransport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

const (
	// ticketPeriod is how long a key seals tickets; they are opened for one more
	// period.
	ticketPeriod = 12 * time.Hour

	ticketSeedLen = 32 // bytes
)

// A TicketSealer makes the tickets of a server. TicketKeys is one; another can
// leave the keys to a service, or decide which sessions get a ticket. It is called
// from within an Engine, by many at the same time, and should be quick.
type TicketSealer interface {
	// SealTicket returns the ticket by which a client brings session back, and until
	// when that is possible. session is secret; SealTicket may keep it. No ticket
	// means that the client gets none.
	SealTicket(now time.Time, session []byte) (ticket []byte, until time.Time)

	// OpenTicket returns the session in a ticket, or nil if it is none of ours or too
	// old: the handshake is then a full one. renew says that the client should get a
	// new ticket. Anybody can send a ticket: what is not authentic must not open. The
	// engine keeps the session as long as the association lives.
	OpenTicket(now time.Time, ticket []byte) (session []byte, renew bool)
}

// TicketKeys seals the sessions of a server into tickets that the clients keep
// (RFC 5077), so that any server with the same secret resumes them and none has to
// remember anything. The keys follow from the secret and the time, and change
// every twelve hours. One value serves any number of engines at the same time.
type TicketKeys struct {
	secret [32]byte
}

// NewTicketKeys returns keys that follow from a secret, which the servers of a
// farm share. The zero secret stands for a new random one.
func NewTicketKeys(secret [32]byte) *TicketKeys {
	if secret == [32]byte{} {
		rand.Read(secret[:])
	}
	return &TicketKeys{secret}
}

// aead returns the cipher of one ticket. Every ticket has a key of its own: no
// number of tickets makes two of them meet under one key, whatever their nonces, which it
// makes and keeps itself.
func (k *TicketKeys) aead(period uint64, seed []byte) cipher.AEAD {
	m := hmac.New(sha256.New, k.secret[:])
	m.Write([]byte("rtctransport ticket"))
	m.Write(binary.BigEndian.AppendUint64(nil, period))
	m.Write(seed)
	block, err := aes.NewCipher(m.Sum(nil))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func ticketPeriodOf(now time.Time) uint64 {
	return uint64(now.Unix() / int64(ticketPeriod/time.Second))
}

// ticketsEnd returns until when a ticket made at now is opened.
func ticketsEnd(now time.Time) time.Time {
	return time.Unix(int64(ticketPeriodOf(now)+2)*int64(ticketPeriod/time.Second), 0)
}

// SealTicket makes a ticket of a session.
//
//	period 8, seed 32, nonce 12, AES-256-GCM(session)
func (k *TicketKeys) SealTicket(now time.Time, session []byte) (ticket []byte, until time.Time) {
	period := ticketPeriodOf(now)
	ticket = binary.BigEndian.AppendUint64(nil, period)
	ticket = append(ticket, make([]byte, ticketSeedLen)...)
	seed := ticket[8:]
	rand.Read(seed)
	aead := k.aead(period, seed)
	return aead.Seal(ticket, nil, session, ticket[:8]), ticketsEnd(now)
}

// OpenTicket returns the session in a ticket, or nil. renew says that its key is
// about to go.
func (k *TicketKeys) OpenTicket(now time.Time, ticket []byte) (session []byte, renew bool) {
	if len(ticket) < 8+ticketSeedLen {
		return nil, false
	}
	period := binary.BigEndian.Uint64(ticket)
	current := ticketPeriodOf(now)
	if period != current && period+1 != current {
		return nil, false
	}
	aead := k.aead(period, ticket[8:8+ticketSeedLen])
	session, err := aead.Open(nil, nil, ticket[8+ticketSeedLen:], ticket[:8])
	if err != nil {
		return nil, false
	}
	return session, period != current
}
