package dtlstransport

import (
	"bytes"
	"errors"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// statusFor returns the OCSP response that goes with a certificate of ours to a
// client that wants one, or nil.
func (c *Config) statusFor(m *wire.ClientHello, certificate *fingerprint.Certificate) ([]byte, *AlertError) {
	use := c.CertificateUses[certificate]
	if !m.HasStatusRequest || use.Status == nil {
		return nil, nil
	}
	response, err := use.Status()
	if err != nil {
		return nil, alertf(AlertInternalError, "CertificateUse.Status: %w", err)
	}
	return response, nil
}

// matchStatus refuses a CertificateStatus for which we have not asked as soon as it
// is there. The flight would begin with the message_seq of its ServerHello.
func (c *client12) matchStatus(seq uint16) *AlertError {
	typ, _, ok := c.h.inbox[0].Message(seq + 2)
	if ok && typ == wire.TypeCertificateStatus && c.e.config.VerifyStatus == nil {
		return alertf(AlertUnexpectedMessage, "CertificateStatus in state %s, which nobody has asked for", c.flight())
	}
	return nil
}

// readStatus checks the server's CertificateStatus, if there is one, and has it
// judged: "[...] servers [...] MAY choose not to send a "CertificateStatus" message,
// even if [they have] received a "status_request" extension in the client hello
// message and [have] sent a "status_request" extension in the server hello message"
// (after RFC 6066, Section 8).
func (c *client12) readStatus(f *flight4, m received) *AlertError {
	verify := c.e.config.VerifyStatus
	if verify == nil {
		return nil
	}
	var response []byte
	if m.present {
		// "[...] if a server returns a "CertificateStatus" message, then the server
		// MUST have included an extension of type "status_request"".
		if !f.hello.HasStatusRequest {
			return alertf(AlertUnexpectedMessage, "CertificateStatus, which ServerHello has not announced")
		}
		status, err := wire.ParseCertificateStatus(m.body)
		if err != nil {
			return parseAlert(m.typ, err)
		}
		response = status.Response
	}
	f.parameters.status = bytes.Clone(response)
	err := verify(f.chain, response)
	if err == nil {
		return nil
	}
	if a, ok := errors.AsType[*AlertError](err); ok {
		return alertf(a.Alert, "status of the server's certificate: %w", err)
	}
	return alertf(AlertBadCertStatusResponse, "status of the server's certificate: %w", err)
}
