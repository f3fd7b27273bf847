package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Why a handshake has failed.
var (
	errIncomplete = errors.New("not complete")
	errWrong      = errors.New("WRONG SUCCESS")
)

// finish plays to the end and returns nil, errIncomplete with the reasons, or errWrong.
func (s *stage) finish() error {
	s.run(epochZero.Add(patience).Sub(s.now), s.over)
	if err := s.agreed(); err != nil {
		return err
	}
	if !s.bothConnected() {
		return fmt.Errorf("%w after %v: client %v, server %v", errIncomplete, s.elapsed(), state(s.ends[client]), state(s.ends[server]))
	}
	return nil
}

func state(e *end) string {
	switch {
	case e.err != nil:
		return e.err.Error()
	case e.connected:
		return "connected"
	}
	return "waiting"
}

// agreed looks for a wrong success: an end that is connected to somebody else, or on terms that are not the other's.
func (s *stage) agreed() error {
	var exported [2][]byte
	for i, e := range s.ends {
		if !e.connected || e.err != nil {
			continue
		}
		c := e.ConnectionState()
		if len(c.PeerCertificates) == 0 || !bytes.Equal(c.PeerCertificates[0], certificates[1-i].Chain()[0]) {
			return fmt.Errorf("%w: end %d is connected with another certificate", errWrong, i)
		}
		exported[i], _ = e.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 60)
		if exported[i] == nil {
			return fmt.Errorf("%w: end %d is connected without keys", errWrong, i)
		}
	}
	if !s.bothConnected() || s.ends[client].err != nil || s.ends[server].err != nil {
		return nil
	}
	a, b := s.ends[client].ConnectionState(), s.ends[server].ConnectionState()
	if !bytes.Equal(exported[client], exported[server]) || a.CipherSuite != b.CipherSuite || a.SRTPProfile != b.SRTPProfile || a.ALPN != b.ALPN ||
		a.Group != b.Group || a.Resumed != b.Resumed || a.ExtendedMasterSecret != b.ExtendedMasterSecret || a.ServerScheme != b.ServerScheme || a.ClientScheme != b.ClientScheme {
		return fmt.Errorf("%w: the ends disagree: %+v and %+v", errWrong, a, b)
	}
	for i, e := range s.ends {
		hello := []byte{'h', 'i', byte(i)}
		b, err := e.AppendApplicationData(nil, hello)
		if err != nil {
			return fmt.Errorf("%w: end %d is connected and cannot send: %v", errWrong, i, err)
		}
		other := s.ends[1-i]
		s.deliver(1-i, b, false)
		if !slices.ContainsFunc(other.received, func(got []byte) bool { return bytes.Equal(got, hello) }) {
			return fmt.Errorf("%w: data does not arrive at end %d: %v", errWrong, 1-i, other.err)
		}
	}
	return nil
}
