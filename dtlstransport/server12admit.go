package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// admit decides whether a fragment may take up memory.
//
// With cookies, the first fragment of a ClientHello must carry a valid one, else
// it is answered with a HelloVerifyRequest and forgotten, and the other fragments
// of a hello may follow only behind it.
//
// Without cookies, the first hello is taken as it is. But anybody could have sent
// it: another one, with another random, is asked for a cookie, and who returns
// that takes the place of a client that has not proved itself yet.
func (s *server12) admit(now time.Time, header wire.Header, recordSeq uint64, fragment []byte) bool {
	first := s.state == server12Flight1
	switch {
	case header.Type != wire.TypeClientHello:
		return !first || s.cookies == nil
	case first && s.cookies == nil, !first && s.e.config.Conformance:
		return true
	case header.FragmentOffset > 0:
		return !first || s.cookieSeq == int(header.Seq)
	}
	hello, ok := peekHello(header, fragment)
	switch {
	case !ok:
		return false
	case !first && hello.random == s.h.clientRandom:
		s.heard(header)
		return true
	case s.state == server12Finished:
		return false // the client has proved itself, but for its Finished
	case !first && s.cookies == nil:
		s.cookies = NewCookies()
	}
	if s.cookies.proves(now, s.e.remoteAddr, &hello) {
		if !first {
			s = s.startOver()
		}
		s.cookieSeq = int(header.Seq)
		s.e.write[0].StartAt(recordSeq) // also if the answer is an alert
		return true
	}
	// However many of them are forged: the question is at most half as large as the
	// hello and leaves nothing behind.
	s.e.verify = s.cookies.appendVerifyRequest(nil, now, s.e.remoteAddr, &hello, recordSeq)
	return false
}

// startOver forgets a client that has proved nothing, for one that has proved
// its address. The new handshake has another server random, and our record
// numbers go on.
func (s *server12) startOver() *server12 {
	e, h := s.e, newHandshake(s.e)
	// The bounds on our work go on as well: the timer runs and brings new tokens.
	h.timer, h.timeouts, h.tokens = s.h.timer, s.h.timeouts, s.h.tokens
	e.out.Drop()
	e.hs = h
	e.write[1], e.read, e.epoch = nil, nil, 0
	e.early = nil // data of whoever was going to resume a session
	e.parameters, e.schedule, e.chain, e.certificate, e.identity, e.resumed = parameters{}, nil, nil, nil, nil, nil
	e.flights = 0
	next := newServer12(e)
	next.cookies = s.cookies
	e.side = next
	return next
}
