// Package srtp measures keying/pionsrtp beside what it and pion/webrtc are built on: pion/srtp, versions 2 and 3.
package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	srtp2 "github.com/pion/srtp/v2"
	srtp3 "github.com/pion/srtp/v3"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

const (
	size   = 1200 // bytes, RTP header included
	header = 12   // bytes
	window = 1024 // packets; what ours has

	first = 1<<16 - 500 // sequence number; so that they begin anew soon
)

// A protector protects and unprotects a packet in place.
type protector struct {
	protect, unprotect func(packet []byte) ([]byte, error)
	sent               uint16 // sequence number of the last packet
}

// Figures returns what is measured: packets that are protected and unprotected again.
func Figures() (figures []rounds.Figure, err error) {
	for _, p := range []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAES128CMHMACSHA1_80} {
		material, err := keying.NewMaterial(p, make([]byte, p.MaterialLen()))
		if err != nil {
			return nil, err
		}
		mine, errMine := ours(material)
		v2, err2 := pion2(material)
		v3, err3 := pion3(material)
		bare, errBare := floor(p)
		if err := errors.Join(errMine, err2, err3, errBare); err != nil {
			return nil, err
		}
		for _, p := range []*protector{mine, v2, v3, bare} {
			p.sent = first
		}
		figures = append(figures, rounds.Figure{
			Name: fmt.Sprintf("SRTP, packet of 1,200 bytes, %s", strings.TrimPrefix(p.String(), "SRTP_")), Unit: "CPU ns, both ends", Times: 20000,
			Contenders: []rounds.Contender{
				{Name: rounds.Ours, Run: mine.run},
				{Name: "pion/srtp " + rounds.Version("github.com/pion/srtp/v2"), Run: v2.run},
				{Name: "pion/srtp " + rounds.Version("github.com/pion/srtp/v3"), Run: v3.run},
				{Name: rounds.Floor + ": the cryptography, in Go", Run: bare.run},
			},
		})
	}
	return figures, nil
}

// run returns a number of packets' CPU time in ns. They are numbered on from the last time.
func (p *protector) run(n int) (float64, error) {
	packet, buf := make([]byte, size), make([]byte, 2048)
	packet[0], packet[1] = 0x80, 96
	return rounds.Repeat(time.Nanosecond, func() error {
		p.sent++
		binary.BigEndian.PutUint16(packet[2:], p.sent)
		sealed, err := p.protect(buf[:copy(buf, packet)])
		if err != nil {
			return err
		}
		opened, err := p.unprotect(sealed)
		if err == nil && len(opened) != size {
			err = fmt.Errorf("%d bytes", len(opened))
		}
		return err
	})(n)
}

func ours(m *keying.Material) (p *protector, err error) {
	client, errC := pionsrtp.New(m, keying.RoleClient)
	server, errS := pionsrtp.New(m, keying.RoleServer)
	return &protector{
		protect:   func(b []byte) ([]byte, error) { return client.ProtectRTP(b[:0], b) },
		unprotect: func(b []byte) ([]byte, error) { return server.UnprotectRTP(b[:0], b) },
	}, errors.Join(errC, errS)
}

func pion2(m *keying.Material) (*protector, error) {
	context := func() (*srtp2.Context, error) {
		return srtp2.CreateContext(m.ClientKey, m.ClientSalt, srtp2.ProtectionProfile(m.Profile), srtp2.SRTPReplayProtection(window))
	}
	a, errA := context()
	b, errB := context()
	return &protector{
		protect:   func(packet []byte) ([]byte, error) { return a.EncryptRTP(packet[:0], packet, nil) },
		unprotect: func(packet []byte) ([]byte, error) { return b.DecryptRTP(packet[:0], packet, nil) },
	}, errors.Join(errA, errB)
}

func pion3(m *keying.Material) (*protector, error) {
	context := func() (*srtp3.Context, error) {
		return srtp3.CreateContext(m.ClientKey, m.ClientSalt, srtp3.ProtectionProfile(m.Profile), srtp3.SRTPReplayProtection(window))
	}
	a, errA := context()
	b, errB := context()
	return &protector{
		protect:   func(packet []byte) ([]byte, error) { return a.EncryptRTP(packet[:0], packet, nil) },
		unprotect: func(packet []byte) ([]byte, error) { return b.DecryptRTP(packet[:0], packet, nil) },
	}, errors.Join(errA, errB)
}

// floor is one call of an AEAD, or one key stream and one HMAC, for each side.
func floor(p keying.SRTPProfile) (*protector, error) {
	block, err := aes.NewCipher(make([]byte, p.KeyLen()))
	if err != nil {
		return nil, err
	}
	if p.SaltLen() == 12 {
		aead, err := cipher.NewGCM(block)
		nonce := make([]byte, 12)
		return &protector{
			protect:   func(b []byte) ([]byte, error) { return aead.Seal(b[:header], nonce, b[header:], b[:header]), nil },
			unprotect: func(b []byte) ([]byte, error) { return aead.Open(b[:header], nonce, b[header:], b[:header]) },
		}, err
	}
	mac, iv, tag := hmac.New(sha1.New, make([]byte, 20)), make([]byte, 16), make([]byte, 0, 20)
	work := func(b []byte) ([]byte, error) {
		cipher.NewCTR(block, iv).XORKeyStream(b[header:], b[header:])
		mac.Reset()
		mac.Write(b)
		tag = mac.Sum(tag[:0])
		return b, nil
	}
	return &protector{protect: work, unprotect: work}, nil
}
