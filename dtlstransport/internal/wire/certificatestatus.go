package wire

import "golang.org/x/crypto/cryptobyte"

const statusTypeOCSP = 1 // CertificateStatusType.ocsp

// readStatusRequest reads status_request.
//
//	struct {
//	    CertificateStatusType status_type;
//	    select (status_type) {
//	        case ocsp: OCSPStatusRequest;
//	    } request;
//	} CertificateStatusRequest;
//
//	struct {
//	    ResponderID responder_id_list<0..2^16-1>;
//	    Extensions  request_extensions;                   // opaque Extensions<0..2^16-1>;
//	} OCSPStatusRequest;                                  // RFC 6066, Section 8
//
// Whom the client wants to have answered is not for us to say: what a server has is one response. Other types than ocsp are
// as good as no request. What a server answers is empty.
func (e *Extensions) readStatusRequest(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello {
		if !data.Empty() {
			return decodeError("status_request")
		}
		e.HasStatusRequest = true
		return nil
	}
	var statusType uint8
	var list, extensions cryptobyte.String
	if !data.ReadUint8(&statusType) {
		return decodeError("status_request")
	}
	if statusType != statusTypeOCSP {
		return nil
	}
	if !data.ReadUint16LengthPrefixed(&list) || !data.ReadUint16LengthPrefixed(&extensions) || !data.Empty() {
		return decodeError("status_request: OCSPStatusRequest")
	}
	e.HasStatusRequest = true
	return nil
}

// appendStatusRequest appends the extension as a client has it, or empty, as a server.
func (e *Extensions) appendStatusRequest(b []byte, hello HandshakeType) []byte {
	if !e.HasStatusRequest {
		return b
	}
	b, at := beginExtension(b, ExtensionStatusRequest)
	if hello == TypeClientHello {
		b = append(b, statusTypeOCSP, 0, 0, 0, 0)
	}
	return endVector(b, at, 2)
}

// A CertificateStatus message follows the certificate of a server.
//
//	opaque OCSPResponse<1..2^24-1>;
//
//	struct {
//	    CertificateStatusType status_type;
//	    select (status_type) {
//	        case ocsp: OCSPResponse;
//	    } response;
//	} CertificateStatus;                                  // RFC 6066, Section 8
type CertificateStatus struct {
	Response []byte // DER, RFC 6960; not looked into
}

// ParseCertificateStatus parses the body of a CertificateStatus message. The response aliases body.
func ParseCertificateStatus(body []byte) (*CertificateStatus, error) {
	s := cryptobyte.String(body)
	var statusType uint8
	var response cryptobyte.String
	if !s.ReadUint8(&statusType) {
		return nil, decodeError("CertificateStatus")
	}
	if statusType != statusTypeOCSP {
		return nil, illegalParameter("CertificateStatus: status_type")
	}
	if !s.ReadUint24LengthPrefixed(&response) || response.Empty() || !s.Empty() {
		return nil, decodeError("CertificateStatus: OCSPResponse")
	}
	return &CertificateStatus{response}, nil
}

// Append appends the body of m to b.
func (m *CertificateStatus) Append(b []byte) []byte {
	b, at := beginVector(append(b, statusTypeOCSP), 3)
	return endVector(append(b, m.Response...), at, 3)
}
