package dtlstransport

import (
	"crypto/rand"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/keying"
)

// parameters is what the two hellos, and the key exchange after them, settle.
type parameters struct {
	suite                *suiteInfo
	group                Group
	serverScheme         *schemeInfo // of the ServerKeyExchange
	clientScheme         *schemeInfo // of the CertificateVerify; nil: none
	srtpProfile          keying.SRTPProfile
	protocol             string // ALPN
	serverName           string // what the client calls the server; empty: nothing
	status               []byte // OCSP response for the server's certificate, at a client
	serverNameOurs       bool   // at a server: it is Config.ServerName
	extendedMasterSecret bool
	ids                  connectionIDs
	heartbeat            bool // the peer may send heartbeats
	answersHeartbeats    bool // and we may
}

// "[...] if this extension is present and the length of the
// renegotiated_connection field is not zero, the [peer] MUST abort the
// handshake" (after RFC 5746, Sections 3.4 and 3.6).
func checkRenegotiation(x *wire.Extensions) *AlertError {
	if len(x.RenegotiationInfo) > 0 {
		return alertf(AlertHandshakeFailure, "renegotiation_info of another connection")
	}
	return nil
}

// "If [the peer] does not support the extension, [we] SHOULD abort the
// handshake" (after RFC 7627, Sections 5.2 and 5.3).
func (c *Config) checkEMS(x *wire.Extensions) *AlertError {
	if !x.ExtendedMasterSecret && c.ExtendedMasterSecret == EMSRequire {
		return alertf(AlertHandshakeFailure, "peer without extended_master_secret")
	}
	return nil
}

// "If the [...] extension is present and does not contain the value 0, [it] MUST
// be aborted with an illegal_parameter alert" (after RFC 8422, Section 5.1.2).
func checkPointFormats(x *wire.Extensions) *AlertError {
	if x.PointFormats != nil && !slices.Contains(x.PointFormats, wire.PointFormatUncompressed) {
		return alertf(AlertIllegalParameter, "ec_point_formats without uncompressed")
	}
	return nil
}

// newRandom returns 32 fresh random bytes. In all of them, against RFC 5246's
// gmt_unix_time, for clocks tell who somebody is.
func newRandom() (r wire.Random) {
	rand.Read(r[:])
	return r
}
