package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

const (
	// reliableDatagramSize is the largest message over a reliable transport: "2^14 + 2048
	// + 13 = 18445 bytes (2^14 + 2048 is the maximum length of the
	// DTLSCiphertext.fragment, and 13 is the size of the DTLS record header)" (RFC 6083,
	// Section 4.1). A connection ID would come on top of it.
	reliableDatagramSize = record.HeaderLen + record.MaxCiphertext

	// reliableProbeTimeout is how long a heartbeat over a reliable transport may stay
	// unanswered. It is not sent again (RFC 6520, Section 3).
	reliableProbeTimeout = 30 * time.Second

	// SCTPAuthLabel is the label of the exporter for the endpoint-pair shared secret of
	// SCTP-AUTH (RFC 6083, Section 5), and SCTPAuthLen its size in bytes.
	SCTPAuthLabel = "EXPORTER_DTLS_OVER_SCTP"
	SCTPAuthLen   = 64
)

// makeReliable has a new engine leave to the transport what is the transport's:
//
//   - "DTLS procedures for retransmissions MUST NOT be used." RFC 6083, Section 3.5.
//   - "[...] the DTLS path MTU MUST be considered to be 2^14", so that no message is cut
//     that fits a record, and "Path MTU discovery of DTLS MUST NOT be used" (Sections
//     3.2 and 3.4).
//   - "Every SCTP user message MUST consist of exactly one DTLS record." Section 4.1.
//   - "[...] replay detection of DTLS MUST NOT be used" (Section 3.3): see window.
func (e *Engine) makeReliable() {
	e.datagram = reliableDatagramSize
	e.out.Single = true
}

// window returns the replay window of the epoch.
func (c *Config) window() record.Window {
	if c.ReliableTransport {
		return record.NewWindow(-1)
	}
	return record.NewWindow(c.ReplayWindow)
}

// mustWait reports whether the transport has to keep what comes next: what is dropped
// here would not come again. mu is held.
func (c *Conn) mustWait() bool {
	if !c.reliable || c.err != nil {
		return false
	}
	full := c.queue.Len() > 0 && !c.queue.Fits(record.MaxPlaintext)
	return full || c.engine.finished && !c.engine.connected
}

// SCTPAuthSecret returns the endpoint-pair shared secret for SCTP-AUTH that follows from
// the association: "a 64-byte shared secret is derived from every master secret and
// provided as a new endpoint-pair shared secret by using the exporter [...]. The
// exporter MUST use the label given in Section 5 and no context." RFC 6083, Section 4.8.
// It fails as ExportKeyingMaterial does. It is for SCTP stacks that have AUTH (RFC 4895):
// see Config.ReliableTransport.
func (c *Conn) SCTPAuthSecret() ([]byte, error) {
	return c.ExportKeyingMaterial(SCTPAuthLabel, nil, SCTPAuthLen)
}
