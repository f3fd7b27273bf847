package wire

import "golang.org/x/crypto/cryptobyte"

// curveTypeNamed is ECCurveType.named_curve, the only one that RFC 8422 left over.
const curveTypeNamed = 3

// A ServerKeyExchange carries the server's ephemeral ECDH key and its signature.
//
//	struct {
//	    ECCurveType    curve_type;                        // named_curve (3)
//	    NamedCurve     namedcurve;
//	} ECParameters;
//
//	struct {
//	    ECParameters    curve_params;
//	    ECPoint         public;                           // opaque point <1..2^8-1>;
//	} ServerECDHParams;
//
//	struct {
//	    ServerECDHParams    params;
//	    Signature           signed_params;
//	} ServerKeyExchange;                                  // RFC 8422, Section 5.4
//
//	struct {
//	    SignatureAndHashAlgorithm algorithm;
//	    opaque signature<0..2^16-1>;
//	} DigitallySigned;                                    // RFC 5246, Section 4.7
type ServerKeyExchange struct {
	Group     uint16
	PublicKey []byte // the point, 1 to 255 bytes, not looked into
	// Params is ServerECDHParams as received: what the signature covers, behind the two randoms. Only ParseServerKeyExchange
	// sets it and Append does not read it.
	Params    []byte
	Scheme    uint16 // SignatureAndHashAlgorithm
	Signature []byte
}

// ParseServerKeyExchange parses the body of an ECDHE ServerKeyExchange. The byte slices of the result alias body.
func ParseServerKeyExchange(body []byte) (*ServerKeyExchange, error) {
	m := new(ServerKeyExchange)
	s := cryptobyte.String(body)
	var curveType uint8
	if !s.ReadUint8(&curveType) {
		return nil, decodeError("ServerKeyExchange: curve_type")
	}
	// Behind another curve_type the message has another form, so there is no use in reading on.
	if curveType != curveTypeNamed {
		return nil, illegalParameter("ServerKeyExchange: curve_type is not named_curve")
	}
	if !s.ReadUint16(&m.Group) || !readVector8(&s, &m.PublicKey) || len(m.PublicKey) == 0 {
		return nil, decodeError("ServerKeyExchange: params")
	}
	m.Params = body[: len(body)-len(s) : len(body)-len(s)]
	if !s.ReadUint16(&m.Scheme) || !readVector16(&s, &m.Signature) || !s.Empty() {
		return nil, decodeError("ServerKeyExchange: signed_params")
	}
	return m, nil
}

// AppendServerECDHParams appends ServerECDHParams, the part of the message that is signed, to b.
func AppendServerECDHParams(b []byte, group uint16, public []byte) []byte {
	b = append(b, curveTypeNamed)
	b = appendUint16(b, group)
	return appendVector8(b, public)
}

// Append appends the body of m to b.
func (m *ServerKeyExchange) Append(b []byte) []byte {
	b = AppendServerECDHParams(b, m.Group, m.PublicKey)
	b = appendUint16(b, m.Scheme)
	return appendVector16(b, m.Signature)
}
