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

	// minClientHello is the smallest ClientHello that is answered with one, in
	// bytes with its header of 12: with the record's 13 at least twice the answer, so that
	// nobody gains by a forged source address. None that browsers or we send is as small.
	minClientHello = 96 - record.HeaderLen

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

// cookie returns the cookie of a period, counted from 1970. It allocates nothing,
// as does all that is done for a hello without a valid one: anybody can send those.
func (c *Cookies) cookie(period int64, addr []byte, hello *initialHello, seq uint16) [cookieLen]byte {
	var buf [256]byte
	secret := mac(&c.root, binary.BigEndian.AppendUint64(buf[:sha256.BlockSize], uint64(period)))
	// Each part of variable size has its size in front.
	b := binary.BigEndian.AppendUint32(buf[:sha256.BlockSize], uint32(len(addr)))
	b = append(b, addr...)
	b = binary.BigEndian.AppendUint16(b, hello.version)
	b = append(b, hello.random[:]...)
	b = append(b, byte(len(hello.sessionID)))
	b = append(b, hello.sessionID...)
	b = binary.BigEndian.AppendUint16(b, seq)
	sum := mac(&secret, b)
	return [cookieLen]byte(sum[:])
}

// mac returns the HMAC-SHA-256 (RFC 2104, Section 2) of what b has behind its
// first block, which it takes for the key.
func mac(key *[sha256.Size]byte, b []byte) [sha256.Size]byte {
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		b[i], outer[i] = 0x36, 0x5c
	}
	for i, k := range key {
		b[i] ^= k
		outer[i] ^= k
	}
	inner := sha256.Sum256(b)
	copy(outer[sha256.BlockSize:], inner[:])
	return sha256.Sum256(outer[:])
}

func cookiePeriodOf(now time.Time) int64 { return now.UnixNano() / int64(cookiePeriod) }

// An initialHello is the beginning of a ClientHello, as far as its cookie.
type initialHello struct {
	seq       uint16 // message_seq
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
	hello.seq = header.Seq
	var err error
	hello.version, hello.random, hello.sessionID, hello.cookie, err = wire.PeekClientHello(fragment)
	return hello, err == nil
}

// findHello returns the ClientHello that a datagram begins with, and the number of its
// record, which the answer mirrors. ok is false if there is none, or its first fragment is not the
// first of the datagram: no client has anything in front of it.
func findHello(datagram []byte) (hello initialHello, recordSeq uint64, ok bool) {
	r, _, ok := record.Next(datagram)
	if !ok || r.Type != record.TypeHandshake || r.Number.Epoch > 0 || r.Version != record.Version10 && r.Version != record.Version12 ||
		len(r.Body()) < minClientHello || wire.HandshakeType(r.Body()[0]) != wire.TypeClientHello {
		return hello, 0, false
	}
	header, fragment, _, err := wire.ParseFragment(r.Body())
	if err != nil {
		return hello, 0, false
	}
	hello, ok = peekHello(header, fragment)
	return hello, r.Number.Seq, ok
}

// proves reports whether the client has shown that it receives what is sent to
// addr. An invalid cookie counts as none: "[...] the server SHOULD treat the
// ClientHello as if it did not contain a cookie" (after RFC 6347, Section 4.2.1).
func (c *Cookies) proves(now time.Time, addr []byte, hello *initialHello) bool {
	if len(hello.cookie) == 0 {
		return false
	}
	period := cookiePeriodOf(now)
	current := c.cookie(period, addr, hello, hello.seq)
	before := c.cookie(period-1, addr, hello, hello.seq)
	return hmac.Equal(hello.cookie, current[:]) || hmac.Equal(hello.cookie, before[:])
}

// appendVerifyRequest appends the datagram that asks a client for its cookie. It mirrors
// the client's record sequence number and message_seq, so that nothing has to be
// remembered; its version is 1.0: "DTLS 1.2 server implementations SHOULD use
// DTLS version 1.0 regardless of the version of TLS that is expected to be
// negotiated." RFC 6347, Section 4.2.1.
func (c *Cookies) appendVerifyRequest(dst []byte, now time.Time, addr []byte, hello *initialHello, recordSeq uint64) []byte {
	// A client of ours that was asked that often sends the same number again.
	next := min(hello.seq+1, maxHelloVerifyRequests)
	cookie := c.cookie(cookiePeriodOf(now), addr, hello, next)
	m := wire.HelloVerifyRequest{Version: record.Version10, Cookie: cookie[:]}
	var buf [wire.HeaderLen + 3 + cookieLen]byte
	length := uint32(len(buf) - wire.HeaderLen)
	message := wire.AppendHeader(buf[:0], wire.Header{Type: wire.TypeHelloVerifyRequest, Length: length, Seq: hello.seq, FragmentLength: length})
	return record.AppendAs(dst, recordSeq, record.TypeHandshake, record.Version12, m.Append(message))
}
