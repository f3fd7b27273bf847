package wire

import "golang.org/x/crypto/cryptobyte"

// CertificateTypeX509 is the CertificateType of the certificates that we have (RFC 7250, Section 3).
const CertificateTypeX509 uint8 = 0

// readCertificateTypes reads client_certificate_type or server_certificate_type of a client, into types.
//
//	struct {
//	    select(ClientOrServerExtension) {
//	        case client:
//	            CertificateType client_certificate_types<1..2^8-1>;
//	        case server:
//	            CertificateType client_certificate_type;
//	    }
//	} ClientCertTypeExtension;                            // RFC 7250, Section 3
//
// Nothing of the kind is sent, so no server has an answer to it.
func readCertificateTypes(data cryptobyte.String, hello HandshakeType, types *[]uint8) error {
	if hello == TypeServerHello {
		return nil
	}
	if !readVector8(&data, types) || len(*types) == 0 || !data.Empty() {
		return decodeError("certificate_type")
	}
	return nil
}

func appendCertificateTypes(b []byte, extension uint16, types []uint8) []byte {
	if len(types) == 0 {
		return b
	}
	b, at := beginExtension(b, extension)
	return endVector(appendVector8(b, types), at, 2)
}
