package wire

import "strconv"

// A HandshakeType is the first byte of a handshake message.
//
//	enum {
//	    hello_request(0), client_hello(1), server_hello(2),
//	    hello_verify_request(3),                              // RFC 6347, Section 4.3.2
//	    certificate(11), server_key_exchange (12),
//	    certificate_request(13), server_hello_done(14),
//	    certificate_verify(15), client_key_exchange(16),
//	    finished(20), (255)
//	} HandshakeType;                                          // RFC 5246, Section 7.4
type HandshakeType uint8

// The handshake types of DTLS 1.2. NewSessionTicket is of RFC 5077, CertificateStatus of RFC 6066.
const (
	TypeHelloRequest       HandshakeType = 0
	TypeClientHello        HandshakeType = 1
	TypeServerHello        HandshakeType = 2
	TypeHelloVerifyRequest HandshakeType = 3
	TypeNewSessionTicket   HandshakeType = 4
	TypeCertificate        HandshakeType = 11
	TypeServerKeyExchange  HandshakeType = 12
	TypeCertificateRequest HandshakeType = 13
	TypeServerHelloDone    HandshakeType = 14
	TypeCertificateVerify  HandshakeType = 15
	TypeClientKeyExchange  HandshakeType = 16
	TypeFinished           HandshakeType = 20
	TypeCertificateStatus  HandshakeType = 22
)

// String returns the name as the section titles of the RFCs have it, "ClientHello", and "HandshakeType(99)" for a type not
// listed above.
func (t HandshakeType) String() string {
	switch t {
	case TypeHelloRequest:
		return "HelloRequest"
	case TypeClientHello:
		return "ClientHello"
	case TypeServerHello:
		return "ServerHello"
	case TypeHelloVerifyRequest:
		return "HelloVerifyRequest"
	case TypeNewSessionTicket:
		return "NewSessionTicket"
	case TypeCertificate:
		return "Certificate"
	case TypeServerKeyExchange:
		return "ServerKeyExchange"
	case TypeCertificateRequest:
		return "CertificateRequest"
	case TypeServerHelloDone:
		return "ServerHelloDone"
	case TypeCertificateVerify:
		return "CertificateVerify"
	case TypeClientKeyExchange:
		return "ClientKeyExchange"
	case TypeFinished:
		return "Finished"
	case TypeCertificateStatus:
		return "CertificateStatus"
	}
	return "HandshakeType(" + strconv.Itoa(int(t)) + ")"
}
