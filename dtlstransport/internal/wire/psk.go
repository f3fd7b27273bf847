package wire

import "golang.org/x/crypto/cryptobyte"

// A PSKServerKeyExchange helps a client to choose among its pre-shared keys. Nothing in it is signed.
//
//	struct {
//	    select (KeyExchangeAlgorithm) {
//	        case psk:
//	            opaque psk_identity_hint<0..2^16-1>;          // RFC 4279, Section 2
//	        case ec_diffie_hellman_psk:
//	            opaque psk_identity_hint<0..2^16-1>;
//	            ServerECDHParams params;                      // RFC 5489, Section 2
//	    };
//	} ServerKeyExchange;
type PSKServerKeyExchange struct {
	Hint      []byte
	Group     uint16 // with PublicKey
	PublicKey []byte // the point, 1 to 255 bytes, not looked into; nil: no ephemeral keys
}

// ParsePSKServerKeyExchange parses the body of a ServerKeyExchange with or without an ephemeral key, as the cipher suite wants it.
// The byte slices of the result alias body.
func ParsePSKServerKeyExchange(body []byte, ephemeral bool) (*PSKServerKeyExchange, error) {
	m := new(PSKServerKeyExchange)
	s := cryptobyte.String(body)
	if !readVector16(&s, &m.Hint) {
		return nil, decodeError("ServerKeyExchange: psk_identity_hint")
	}
	if ephemeral {
		var curveType uint8
		if !s.ReadUint8(&curveType) {
			return nil, decodeError("ServerKeyExchange: curve_type")
		}
		if curveType != curveTypeNamed {
			return nil, illegalParameter("ServerKeyExchange: curve_type is not named_curve")
		}
		if !s.ReadUint16(&m.Group) || !readVector8(&s, &m.PublicKey) || len(m.PublicKey) == 0 {
			return nil, decodeError("ServerKeyExchange: params")
		}
	}
	if !s.Empty() {
		return nil, decodeError("ServerKeyExchange")
	}
	return m, nil
}

// Append appends the body of m to b.
func (m *PSKServerKeyExchange) Append(b []byte) []byte {
	b = appendVector16(b, m.Hint)
	if m.PublicKey != nil {
		b = AppendServerECDHParams(b, m.Group, m.PublicKey)
	}
	return b
}

// A PSKClientKeyExchange names the pre-shared key that a client has chosen.
//
//	struct {
//	    select (KeyExchangeAlgorithm) {
//	        case psk:
//	            opaque psk_identity<0..2^16-1>;               // RFC 4279, Section 2
//	        case ec_diffie_hellman_psk:
//	            opaque psk_identity<0..2^16-1>;
//	            ClientECDiffieHellmanPublic public;           // RFC 5489, Section 2
//	    } exchange_keys;
//	} ClientKeyExchange;
type PSKClientKeyExchange struct {
	Identity  []byte
	PublicKey []byte // as in PSKServerKeyExchange
}

// ParsePSKClientKeyExchange parses the body of a ClientKeyExchange with or without an ephemeral key, as the cipher suite wants it.
// The byte slices of the result alias body.
func ParsePSKClientKeyExchange(body []byte, ephemeral bool) (*PSKClientKeyExchange, error) {
	m := new(PSKClientKeyExchange)
	s := cryptobyte.String(body)
	if !readVector16(&s, &m.Identity) {
		return nil, decodeError("ClientKeyExchange: psk_identity")
	}
	if ephemeral && (!readVector8(&s, &m.PublicKey) || len(m.PublicKey) == 0) {
		return nil, decodeError("ClientKeyExchange: public")
	}
	if !s.Empty() {
		return nil, decodeError("ClientKeyExchange")
	}
	return m, nil
}

// Append appends the body of m to b.
func (m *PSKClientKeyExchange) Append(b []byte) []byte {
	b = appendVector16(b, m.Identity)
	if m.PublicKey != nil {
		b = appendVector8(b, m.PublicKey)
	}
	return b
}
