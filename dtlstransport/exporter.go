package dtlstransport

import (
	"fmt"

	"github.com/rtctransport/rtctransport/keying"
)

// maxExport is more than anybody needs, in bytes.
const maxExport = 64 << 10

// ExportKeyingMaterial returns length bytes of keying material (RFC 5705,
// Section 4). A nil context means none, which gives other bytes than an empty one.
// It fails with ErrNotConnected before EventConnected, with ErrClosed after the end,
// when the secret is forgotten, with ErrExportWithoutEMS if the session has no
// extended master secret, for a negative length or one over 64 KiB, and as
// keying.Export does.
func (e *Engine) ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error) {
	switch {
	case e.closed:
		return nil, ErrClosed
	case !e.connected:
		return nil, ErrNotConnected
	}
	// "If a client or server chooses to continue without extended master secret
	// [...] the exporter MUST NOT be used" (after RFC 7627, Section 5.4).
	if !e.parameters.extendedMasterSecret && !e.config.InsecureExportWithoutEMS {
		return nil, ErrExportWithoutEMS
	}
	if length < 0 || length > maxExport {
		return nil, fmt.Errorf("dtls: export of %d bytes", length)
	}
	s := e.schedule
	out := make([]byte, length)
	if err := keying.Export(out, s.suite.hash, s.master, s.clientRandom[:], s.serverRandom[:], label, context); err != nil {
		return nil, err
	}
	return out, nil
}

// SRTPMaterial returns the SRTP keys of both sides (RFC 5764, Section 4.2). It
// fails with ErrNoSRTP if no profile was negotiated, and as ExportKeyingMaterial does.
func (e *Engine) SRTPMaterial() (*keying.Material, error) {
	if e.connected && e.parameters.srtpProfile == 0 {
		return nil, ErrNoSRTP
	}
	p := e.parameters.srtpProfile
	exported, err := e.ExportKeyingMaterial(keying.SRTPLabel, nil, p.MaterialLen())
	if err != nil {
		return nil, err
	}
	defer clear(exported)
	return keying.NewMaterial(p, exported)
}
