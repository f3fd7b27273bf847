package dtlstransport

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// RTCStats is what a DTLS transport can tell of the statistics that W3C
// webrtc-stats defines, under the names that it has there when marshalled to JSON.
// What ICE knows, ids and times are the application's to add.
type RTCStats struct {
	Transport RTCTransportStats `json:"transport"`
	// Certificates are the chains of both sides, ours first; as far as they are known.
	Certificates []RTCCertificateStats `json:"certificates"`
}

// RTCTransportStats is the DTLS part of the dictionary by that name. Strings are
// empty until they are known.
type RTCTransportStats struct {
	PacketsSent     uint64 `json:"packetsSent"` // datagrams
	PacketsReceived uint64 `json:"packetsReceived"`
	BytesSent       uint64 `json:"bytesSent"` // without the headers of UDP and IP, and without ICE's checks
	BytesReceived   uint64 `json:"bytesReceived"`

	DTLSState  string `json:"dtlsState"`            // "new", "connecting", "connected", "closed", "failed"
	DTLSRole   string `json:"dtlsRole"`             // "client" or "server": ours
	TLSVersion string `json:"tlsVersion,omitempty"` // "FEFD"
	DTLSCipher string `json:"dtlsCipher,omitempty"` // as IANA has it
	TLSGroup   string `json:"tlsGroup,omitempty"`
	SRTPCipher string `json:"srtpCipher,omitempty"` // as IANA has it

	LocalCertificateID  string `json:"localCertificateId,omitempty"`
	RemoteCertificateID string `json:"remoteCertificateId,omitempty"`
}

// RTCCertificateStats is the dictionary by that name.
type RTCCertificateStats struct {
	ID                   string `json:"id"`                   // "CF" and the fingerprint
	Fingerprint          string `json:"fingerprint"`          // "4A:AD:B9:..."
	FingerprintAlgorithm string `json:"fingerprintAlgorithm"` // "sha-256"
	Base64Certificate    string `json:"base64Certificate"`    // of the DER
	IssuerCertificateID  string `json:"issuerCertificateId,omitempty"`
}

// RTCStats returns the statistics of an association that has its link for itself.
func (c *Conn) RTCStats() RTCStats {
	return newRTCStats(c.ConnectionState(), c.Stats())
}

// RTCStats returns the statistics of the transport, media included.
func (t *Transport) RTCStats() RTCStats {
	r, all := t.Conn().RTCStats(), t.Stats()
	for _, m := range []MediaStats{all.RTP, all.RTCP} {
		r.Transport.PacketsSent += m.Sent
		r.Transport.BytesSent += m.BytesSent
		r.Transport.PacketsReceived += m.Received + m.Refused
		r.Transport.BytesReceived += m.BytesReceived
	}
	return r
}

func newRTCStats(state ConnectionState, stats Stats) RTCStats {
	t := RTCTransportStats{
		PacketsSent: stats.DatagramsSent, BytesSent: stats.BytesSent,
		PacketsReceived: stats.DatagramsReceived, BytesReceived: stats.BytesReceived,
		DTLSState: state.State.String(), DTLSRole: state.Role.String(),
	}
	if state.Version != 0 {
		t.TLSVersion, t.DTLSCipher = fmt.Sprintf("%04X", state.Version), state.CipherSuite.String()
	}
	if state.Group != 0 {
		t.TLSGroup = state.Group.String()
	}
	if state.SRTPProfile != 0 {
		t.SRTPCipher = state.SRTPProfile.String()
	}
	var r RTCStats
	if own := state.LocalCertificate; own != nil {
		t.LocalCertificateID = r.add(own.Chain())
	}
	t.RemoteCertificateID = r.add(state.PeerCertificates)
	r.Transport = t
	return r
}

// add adds a chain and returns the id of its first certificate.
func (r *RTCStats) add(chain [][]byte) (id string) {
	first := len(r.Certificates)
	for i, der := range chain {
		f, err := fingerprint.Of(fingerprint.SHA256, der)
		if err != nil {
			continue // an empty one
		}
		value := strings.TrimPrefix(f.String(), "sha-256 ")
		c := RTCCertificateStats{ID: "CF" + value, Fingerprint: value, FingerprintAlgorithm: string(f.Hash()), Base64Certificate: base64.StdEncoding.EncodeToString(der)}
		if i > 0 && len(r.Certificates) > first {
			r.Certificates[len(r.Certificates)-1].IssuerCertificateID = c.ID
		}
		r.Certificates = append(r.Certificates, c)
	}
	if len(r.Certificates) > first {
		return r.Certificates[first].ID
	}
	return ""
}
