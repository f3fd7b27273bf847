package main

import (
	"crypto/aes"
	"crypto/cipher"
	"time"
)

// ticketSealer is an application that seals tickets itself, with a key of zeros as
// the suite wants it.
type ticketSealer struct {
	renew bool // those that come back
	skip  bool // gives none
}

func (*ticketSealer) aead() cipher.AEAD {
	block, _ := aes.NewCipher(make([]byte, 16)) // a length that a key has
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (s *ticketSealer) SealTicket(now time.Time, session []byte) ([]byte, time.Time) {
	if s.skip {
		return nil, time.Time{}
	}
	return s.aead().Seal(nil, nil, session, nil), now.Add(time.Hour)
}

func (s *ticketSealer) OpenTicket(_ time.Time, ticket []byte) ([]byte, bool) {
	session, err := s.aead().Open(nil, nil, ticket, nil)
	return session, err == nil && s.renew
}
