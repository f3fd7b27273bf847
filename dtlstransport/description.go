package dtlstransport

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// A Description is what one end's session description says of its DTLS.
type Description struct {
	Setup        Setup
	Fingerprints fingerprint.Set // of a=fingerprint, in any order
	// TLSID is the value of a=tls-id; empty: there is none.
	TLSID string
	// Transport stands for the end's address and port, in any form, where there is no
	// ICE: without a=tls-id another one means another association. With ICE it is left
	// empty: "A modification of the ufrag value is not treated as an indication" (RFC
	// 8842, Section 4).
	Transport string
}

// An Agreement is what an offer and its answer came to, as one end sees it.
type Agreement struct {
	Local, Remote Description
	Role          Role // ours
}

// AgreeOnAnswer returns the Agreement of an offerer that gets an answer. It fails as
// OffererRole does.
func AgreeOnAnswer(offer, answer Description) (Agreement, error) {
	role, err := OffererRole(offer.Setup, answer.Setup)
	return Agreement{offer, answer, role}, err
}

// AgreeOnOffer returns the Agreement of an answerer, with the answer to make in
// Local: answer, whose Setup follows from the offer; whose TLSID is left out if the
// offer has none ("the answerer MUST NOT insert a 'tls-id' attribute", RFC 8842,
// Section 5.3). current is what is in force; nil: nothing is. If neither end asks
// for a new association, the roles stay as they are; else prefer decides where the
// offer leaves the choice. It fails as AnswerSetup does.
func AgreeOnOffer(offer, answer Description, prefer Role, current *Agreement) (Agreement, error) {
	if offer.TLSID == "" {
		answer.TLSID = ""
	}
	if current != nil && !offer.replaces(&current.Remote) && !answer.replaces(&current.Local) {
		prefer = current.Role
	}
	var err error
	a := Agreement{Remote: offer}
	answer.Setup, a.Role, err = AnswerSetup(offer.Setup, prefer)
	a.Local = answer
	return a, err
}

// NeedsAssociation reports whether a new DTLS association has to be made, in place of
// the one that old stands for: "The negotiated DTLS setup roles change; or one or
// more fingerprint values are modified, added, or removed in either an SDP offer or
// answer; or the intent to establish a new DTLS association is explicitly signaled
// [...] by changing the value of the SDP 'tls-id' attribute" (after RFC 8842, Section
// 3.1). Without old, one has to be made in any case. See Transport.Restart.
func (a *Agreement) NeedsAssociation(old *Agreement) bool {
	return old == nil || a.Role != old.Role || a.Local.replaces(&old.Local) || a.Remote.replaces(&old.Remote)
}

// replaces reports whether an end that said old before asks for a new association.
func (d *Description) replaces(old *Description) bool {
	if !sameFingerprints(d.Fingerprints, old.Fingerprints) {
		return true
	}
	if d.TLSID != "" && old.TLSID != "" {
		return d.TLSID != old.TLSID
	}
	// "[...] MUST be treated as an indication [...]: DTLS setup role; or fingerprint
	// set; or local transport parameters" where there is no a=tls-id (after RFC 8842,
	// Section 4).
	return d.Transport != old.Transport
}

func sameFingerprints(a, b fingerprint.Set) bool {
	lacks := func(s fingerprint.Set) func(fingerprint.Fingerprint) bool {
		return func(f fingerprint.Fingerprint) bool { return !slices.Contains(s, f) }
	}
	return !slices.ContainsFunc(a, lacks(b)) && !slices.ContainsFunc(b, lacks(a))
}

// The bounds of a=tls-id, in characters (RFC 8842, Section 4).
const (
	minTLSID = 20
	maxTLSID = 255
)

// NewTLSID returns a fresh value for a=tls-id: "The 'tls-id' attribute value MUST be
// generated using a strong random function and include at least 120 bits of
// randomness." RFC 8842, Section 4; ours has 144.
func NewTLSID() string {
	var b [18]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// CheckTLSID reports what is wrong with the value of an attribute a=tls-id:
//
//	tls-id-value = 20*255(tls-id-char)
//	tls-id-char = ALPHA / DIGIT / "+" / "/" / "-" / "_"
//
// RFC 8842, Section 4.
func CheckTLSID(value string) error {
	if len(value) < minTLSID || len(value) > maxTLSID {
		return fmt.Errorf("dtls: a=tls-id of %d characters", len(value))
	}
	for _, c := range []byte(value) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '-', c == '_':
		default:
			return fmt.Errorf("dtls: a=tls-id with %q", c)
		}
	}
	return nil
}
