package wire

import "golang.org/x/crypto/cryptobyte"

// UseSRTP is the use_srtp extension.
//
//	uint8 SRTPProtectionProfile[2];
//
//	struct {
//	    SRTPProtectionProfiles SRTPProtectionProfiles;
//	    opaque srtp_mki<0..255>;
//	} UseSRTPData;
//
//	SRTPProtectionProfile SRTPProtectionProfiles<2..2^16-1>;  // RFC 5764, Section 4.1.1
type UseSRTP struct {
	Profiles []uint16 // in order of preference; one in a ServerHello
	MKI      []byte   // at most 255 bytes; empty in WebRTC
}

// readUseSRTP reads use_srtp. What a server answers has "a single SRTPProtectionProfile value that the server has chosen for
// use with this connection" (RFC 5764, Section 4.1.1).
func (e *Extensions) readUseSRTP(data cryptobyte.String, hello HandshakeType) error {
	u := new(UseSRTP)
	if !readUint16s(&data, &u.Profiles, &e.room) || !readVector8(&data, &u.MKI) || !data.Empty() {
		return decodeError("use_srtp")
	}
	if hello == TypeServerHello && len(u.Profiles) != 1 {
		return decodeError("use_srtp with several profiles")
	}
	e.UseSRTP = u
	return nil
}

func (e *Extensions) appendUseSRTP(b []byte) []byte {
	if e.UseSRTP == nil {
		return b
	}
	b, at := beginExtension(b, ExtensionUseSRTP)
	b = appendUint16s(b, e.UseSRTP.Profiles)
	return endVector(appendVector8(b, e.UseSRTP.MKI), at, 2)
}
