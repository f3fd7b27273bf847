package dtlstransport

import "fmt"

// An AlertDescription says why an association ends (RFC 5246, Section 7.2).
type AlertDescription uint8

// The alerts that we send or know by name.
const (
	AlertCloseNotify           AlertDescription = 0
	AlertUnexpectedMessage     AlertDescription = 10
	AlertBadRecordMAC          AlertDescription = 20
	AlertRecordOverflow        AlertDescription = 22
	AlertDecompressionFailure  AlertDescription = 30
	AlertHandshakeFailure      AlertDescription = 40
	AlertBadCertificate        AlertDescription = 42
	AlertUnsupportedCert       AlertDescription = 43
	AlertCertificateRevoked    AlertDescription = 44
	AlertCertificateExpired    AlertDescription = 45
	AlertCertificateUnknown    AlertDescription = 46
	AlertIllegalParameter      AlertDescription = 47
	AlertUnknownCA             AlertDescription = 48
	AlertAccessDenied          AlertDescription = 49
	AlertDecodeError           AlertDescription = 50
	AlertDecryptError          AlertDescription = 51
	AlertProtocolVersion       AlertDescription = 70
	AlertInsufficientSecurity  AlertDescription = 71
	AlertInternalError         AlertDescription = 80
	AlertUserCanceled          AlertDescription = 90
	AlertNoRenegotiation       AlertDescription = 100
	AlertUnsupportedExtension  AlertDescription = 110
	AlertBadCertStatusResponse AlertDescription = 113
	AlertNoApplicationProtocol AlertDescription = 120
)

// The alert levels.
const (
	alertWarning = 1
	alertFatal   = 2
)

var alertNames = map[AlertDescription]string{
	AlertCloseNotify:           "close_notify",
	AlertUnexpectedMessage:     "unexpected_message",
	AlertBadRecordMAC:          "bad_record_mac",
	AlertRecordOverflow:        "record_overflow",
	AlertDecompressionFailure:  "decompression_failure",
	AlertHandshakeFailure:      "handshake_failure",
	AlertBadCertificate:        "bad_certificate",
	AlertUnsupportedCert:       "unsupported_certificate",
	AlertCertificateRevoked:    "certificate_revoked",
	AlertCertificateExpired:    "certificate_expired",
	AlertCertificateUnknown:    "certificate_unknown",
	AlertIllegalParameter:      "illegal_parameter",
	AlertUnknownCA:             "unknown_ca",
	AlertAccessDenied:          "access_denied",
	AlertDecodeError:           "decode_error",
	AlertDecryptError:          "decrypt_error",
	AlertProtocolVersion:       "protocol_version",
	AlertInsufficientSecurity:  "insufficient_security",
	AlertInternalError:         "internal_error",
	AlertUserCanceled:          "user_canceled",
	AlertNoRenegotiation:       "no_renegotiation",
	AlertUnsupportedExtension:  "unsupported_extension",
	AlertBadCertStatusResponse: "bad_certificate_status_response",
	AlertNoApplicationProtocol: "no_application_protocol",
}

// String returns the name that the RFC gives the alert.
func (d AlertDescription) String() string {
	if name, ok := alertNames[d]; ok {
		return name
	}
	return fmt.Sprintf("alert(%d)", uint8(d))
}

// alert is one alert to be sent.
type alert struct {
	level       uint8
	description AlertDescription
}

// SendWarning leaves an alert of level warning to be sent, which has no effect on our
// side: user_canceled, or a code that the two applications have agreed on. It fails with
// ErrNotConnected or ErrClosed, or with the error that ended the association, and with
// ErrClosed for close_notify, which is Close's to send.
func (e *Engine) SendWarning(d AlertDescription) error {
	switch {
	case e.err != nil:
		return e.err
	case e.closed || d == AlertCloseNotify:
		return ErrClosed
	case !e.connected:
		return ErrNotConnected
	}
	e.alerts = append(e.alerts, alert{alertWarning, d})
	return nil
}
