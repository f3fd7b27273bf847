package wire

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
)

// seed adds the examples and the captured bodies of a message.
func seed(f *testing.F, msgType HandshakeType) codec {
	c := codecs[msgType]
	for _, m := range c.examples {
		f.Add(m.Append(nil))
	}
	for _, path := range fixtures(f, "*.hex") {
		if matched, _ := filepath.Match("*-resent.hex", filepath.Base(path)); matched {
			continue
		}
		for _, m := range reassemble(f, readFragments(f, path)) {
			if m.Type == msgType {
				f.Add(m.body)
			}
		}
	}
	return c
}

func FuzzParseClientHello(f *testing.F) {
	c := seed(f, TypeClientHello)
	f.Fuzz(func(t *testing.T, body []byte) {
		c.check(t, body)
		m, err := ParseClientHello(body)
		if err != nil {
			return
		}
		if len(m.SessionID) > 32 || len(m.CipherSuites) == 0 || bytes.IndexByte(m.CompressionMethods, 0) < 0 {
			t.Errorf("parsed against the rules: %+v", m)
		}
		checkTypes(t, &m.Extensions)
		// A peek sees the same, in the whole and in the least of it.
		for _, fragment := range [][]byte{body, body[:2+32+1+len(m.SessionID)+1+len(m.Cookie)]} {
			version, random, sessionID, cookie, err := PeekClientHello(fragment)
			if err != nil || version != m.Version || random != m.Random || !bytes.Equal(sessionID, m.SessionID) || !bytes.Equal(cookie, m.Cookie) {
				t.Errorf("peek at %d of %d bytes: %04x %x %x %x %v", len(fragment), len(body), version, random, sessionID, cookie, err)
			}
		}
	})
}

func FuzzParseServerHello(f *testing.F) {
	c := seed(f, TypeServerHello)
	f.Fuzz(func(t *testing.T, body []byte) {
		c.check(t, body)
		m, err := ParseServerHello(body)
		if err != nil {
			return
		}
		if len(m.SessionID) > 32 || len(m.ALPN) > 1 || m.UseSRTP != nil && len(m.UseSRTP.Profiles) != 1 || m.SignatureAlgorithms != nil {
			t.Errorf("parsed against the rules: %+v", m)
		}
		checkTypes(t, &m.Extensions)
	})
}

// checkTypes asserts that Types has no type twice and every type that has a field set.
func checkTypes(t *testing.T, e *Extensions) {
	t.Helper()
	sorted := slices.Clone(e.Types)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(e.Types) {
		t.Errorf("types %d", e.Types)
	}
	for extension, present := range map[uint16]bool{
		ExtensionSupportedGroups: e.SupportedGroups != nil, ExtensionPointFormats: e.PointFormats != nil,
		ExtensionSignatureAlgorithms: e.SignatureAlgorithms != nil, ExtensionUseSRTP: e.UseSRTP != nil, ExtensionALPN: e.ALPN != nil,
		ExtensionExtendedMasterSecret: e.ExtendedMasterSecret, ExtensionSessionTicket: e.HasSessionTicket,
		ExtensionServerName: e.HasServerName, ExtensionStatusRequest: e.HasStatusRequest, ExtensionSupportedVersions: e.SupportedVersions != nil,
		ExtensionClientCertType: e.ClientCertTypes != nil, ExtensionServerCertType: e.ServerCertTypes != nil, ExtensionCertAuthorities: e.Authorities != nil,
		ExtensionConnectionID: e.HasConnectionID, ExtensionHeartbeat: e.Heartbeat != 0, ExtensionRenegotiationInfo: e.HasRenegotiationInfo,
	} {
		if present && !slices.Contains(e.Types, extension) {
			t.Errorf("types %d without %d: %+v", e.Types, extension, e)
		}
	}
}

func FuzzPeekClientHello(f *testing.F) {
	c := seed(f, TypeClientHello)
	f.Fuzz(func(t *testing.T, fragment []byte) {
		version, random, sessionID, cookie, err := PeekClientHello(fragment)
		if err != nil {
			checkError(t, err)
			// What cannot be peeked at cannot be parsed.
			if _, err := c.parse(fragment); err == nil {
				t.Error("parses all the same")
			}
			return
		}
		start := appendUint16(nil, version)
		start = append(start, random[:]...)
		start = appendVector8(appendVector8(start, sessionID), cookie)
		if len(sessionID) > 32 || !bytes.HasPrefix(fragment, start) {
			t.Errorf("%x starts with %x", fragment, start)
		}
	})
}

func FuzzParseCertificate(f *testing.F) {
	c := seed(f, TypeCertificate)
	f.Fuzz(func(t *testing.T, body []byte) {
		c.check(t, body)
		m, err := ParseCertificate(body)
		if err != nil {
			return
		}
		if len(m.Chain) > MaxCertificates || slices.ContainsFunc(m.Chain, func(der []byte) bool { return len(der) == 0 }) {
			t.Errorf("parsed against the rules: %x", m.Chain)
		}
	})
}

func FuzzParseServerKeyExchange(f *testing.F) {
	c := seed(f, TypeServerKeyExchange)
	f.Fuzz(func(t *testing.T, body []byte) {
		c.check(t, body)
		m, err := ParseServerKeyExchange(body)
		if err != nil {
			return
		}
		if params := AppendServerECDHParams(nil, m.Group, m.PublicKey); !bytes.Equal(params, m.Params) || len(m.PublicKey) == 0 {
			t.Errorf("params %x, want %x", m.Params, params)
		}
	})
}

func fuzzCodec(f *testing.F, msgType HandshakeType) {
	c := seed(f, msgType)
	f.Fuzz(func(t *testing.T, body []byte) { c.check(t, body) })
}

func FuzzParseHelloVerifyRequest(f *testing.F) { fuzzCodec(f, TypeHelloVerifyRequest) }
func FuzzParseNewSessionTicket(f *testing.F)   { fuzzCodec(f, TypeNewSessionTicket) }
func FuzzParseCertificateRequest(f *testing.F) { fuzzCodec(f, TypeCertificateRequest) }
func FuzzParseCertificateVerify(f *testing.F)  { fuzzCodec(f, TypeCertificateVerify) }
func FuzzParseClientKeyExchange(f *testing.F)  { fuzzCodec(f, TypeClientKeyExchange) }
func FuzzParseCertificateStatus(f *testing.F)  { fuzzCodec(f, TypeCertificateStatus) }
func FuzzParseFinished(f *testing.F)           { fuzzCodec(f, TypeFinished) }
