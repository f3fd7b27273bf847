package dtlstransport

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

const (
	// cookieLen is the size of a cookie in bytes. A HelloVerifyRequest with it has
	// 13 + 12 + 3 + 20 = 48 bytes.
	cookieLen = 20

	// minClientHello is the smallest datagram that is answered with one, in
	// bytes: at least twice the answer, so that nobody gains by a forged source
	// address. No ClientHello that we could accept is as small.
	minClientHello = 96

	// cookiePeriod is how long a secret makes cookies; they are accepted for one
	// more period.
	cookiePeriod = 30 * time.Second
)

// Cookies makes and checks the cookies by which a server makes sure of a
// client's address before it keeps anything about it (RFC 6347, Section 4.2.1).
// One value serves any number of engines at the same time.
//
// "Cookie = HMAC(Secret, Client-IP, Client-Parameters)": the address given to
// Engine.SetRemoteAddr, client_version, random and session_id. There are two
// secrets at any time, the current one and the one before.
type Cookies struct {
	root [32]byte
}

// NewCookies returns cookies under a new random secret.
func NewCookies() *Cookies {
	c := new(Cookies)
	rand.Read(c.root[:])
	return c
}

// cookie returns the cookie of a period, counted from 1970.
func (c *Cookies) cookie(period int64, addr []byte, version uint16, random *wire.Random, sessionID []byte) []byte {
	m := hmac.New(sha256.New, c.root[:])
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(period)))
	secret := m.Sum(nil)
	m = hmac.New(sha256.New, secret)
	// Each part of variable size has its size in front.
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(addr))))
	m.Write(addr)
	m.Write(binary.BigEndian.AppendUint16(nil, version))
	m.Write(random[:])
	m.Write([]byte{byte(len(sessionID))})
	m.Write(sessionID)
	return m.Sum(nil)[:cookieLen]
}

func cookiePeriodOf(now time.Time) int64 { return now.UnixNano() / int64(cookiePeriod) }

// valid reports whether cookie is one that we made of late, in constant time.
func (c *Cookies) valid(now time.Time, cookie, addr []byte, version uint16, random *wire.Random, sessionID []byte) bool {
	period := cookiePeriodOf(now)
	return hmac.Equal(cookie, c.cookie(period, addr, version, random, sessionID)) ||
		hmac.Equal(cookie, c.cookie(period-1, addr, version, random, sessionID))
}

// An initialHello is the beginning of a ClientHello, as far as its cookie.
type initialHello struct {
	version   uint16
	random    wire.Random
	sessionID []byte // aliases the datagram
	cookie    []byte // likewise
}

// peekHello reads the first fragment of a ClientHello. ok is false if it is none,
// or too small to be answered.
func peekHello(header wire.Header, fragment []byte) (hello initialHello, ok bool) {
	if header.Type != wire.TypeClientHello || header.FragmentOffset > 0 || wire.HeaderLen+len(fragment) < minClientHello {
		return hello, false
	}
	var err error
	hello.version, hello.random, hello.sessionID, hello.cookie, err = wire.PeekClientHello(fragment)
	return hello, err == nil
}

// proves reports whether the client has shown that it receives what is sent to
// addr. An invalid cookie counts as none: "[...] the server SHOULD treat the
// ClientHello as if it did not contain a cookie" (after RFC 6347, Section 4.2.1).
func (c *Cookies) proves(now time.Time, addr []byte, hello *initialHello) bool {
	return len(hello.cookie) > 0 && c.valid(now, hello.cookie, addr, hello.version, &hello.random, hello.sessionID)
}

// appendVerifyRequest appends the datagram that asks a client for its cookie. It mirrors
// the client's record sequence number and message_seq, so that nothing has to be
// remembered; its version is 1.0: "DTLS 1.2 server implementations SHOULD use
// DTLS version 1.0 regardless of the version of TLS that is expected to be
// negotiated." RFC 6347, Section 4.2.1.
func (c *Cookies) appendVerifyRequest(dst []byte, now time.Time, addr []byte, hello *initialHello, recordSeq uint64, messageSeq uint16) []byte {
	m := wire.HelloVerifyRequest{Version: record.Version10, Cookie: c.cookie(cookiePeriodOf(now), addr, hello.version, &hello.random, hello.sessionID)}
	body := m.Append(nil)
	length := uint32(len(body))
	message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeHelloVerifyRequest, Length: length, Seq: messageSeq, FragmentLength: length})
	return record.AppendAs(dst, recordSeq, record.TypeHandshake, record.Version12, append(message, body...))
}
