package dtlstransport

import (
	"errors"
	"fmt"
)

// A Setup is what a session description says of the DTLS role in its attribute
// a=setup (RFC 4145, Section 4; RFC 8842, Section 5).
type Setup uint8

// The values of a=setup.
const (
	SetupActPass  Setup = iota + 1 // either role; what an offer has
	SetupActive                    // the client, who sends the ClientHello
	SetupPassive                   // the server
	SetupHoldConn                  // no connection for the time being; not for DTLS
)

var setupNames = [...]string{SetupActPass: "actpass", SetupActive: "active", SetupPassive: "passive", SetupHoldConn: "holdconn"}

// String returns the value of the attribute.
func (s Setup) String() string {
	if s == 0 || int(s) >= len(setupNames) {
		return fmt.Sprintf("Setup(%d)", uint8(s))
	}
	return setupNames[s]
}

// ParseSetup reads the value of an attribute a=setup.
func ParseSetup(value string) (Setup, error) {
	for s, name := range setupNames {
		if name == value && name != "" {
			return Setup(s), nil
		}
	}
	return 0, fmt.Errorf("dtls: a=setup of unknown value %q", value)
}

// SetupFor returns what stands for a role in an answer.
func SetupFor(role Role) Setup {
	if role == RoleClient {
		return SetupActive
	}
	return SetupPassive
}

// ErrHoldConn is returned for a=setup:holdconn: "endpoints MUST NOT use the SDP
// 'setup' attribute 'holdconn' value when negotiating a DTLS association" (RFC
// 8842, Section 5.1). Who gets it in an offer rejects the media descriptions.
var ErrHoldConn = errors.New("dtls: a=setup:holdconn")

// AnswerSetup returns what an answerer says, and which side it takes, given what
// the offerer said. prefer decides if the offer leaves the choice: RoleClient saves
// half a round trip; while an association goes on it must be the role that it has
// (RFC 8842, Section 5.3). Offers other than actpass come from older peers.
func AnswerSetup(offer Setup, prefer Role) (answer Setup, role Role, err error) {
	switch offer {
	case SetupActPass:
		return SetupFor(prefer), prefer, nil
	case SetupActive:
		return SetupPassive, RoleServer, nil
	case SetupPassive:
		return SetupActive, RoleClient, nil
	case SetupHoldConn:
		return 0, 0, ErrHoldConn
	}
	return 0, 0, fmt.Errorf("dtls: offer with %v", offer)
}

// OffererRole returns which side an offerer takes, given both values.
//
//	Offer      Answer
//	________________
//	active     passive / holdconn
//	passive    active / holdconn
//	actpass    active / passive / holdconn
//	holdconn   holdconn
//
// RFC 4145, Section 4.1. It fails with ErrHoldConn, and for an answer that does not
// fit the offer.
func OffererRole(offer, answer Setup) (Role, error) {
	switch {
	case offer == SetupHoldConn || answer == SetupHoldConn:
		return 0, ErrHoldConn
	case (offer == SetupActPass || offer == SetupPassive) && answer == SetupActive:
		return RoleServer, nil
	case (offer == SetupActPass || offer == SetupActive) && answer == SetupPassive:
		return RoleClient, nil
	}
	return 0, fmt.Errorf("dtls: a=setup:%v answered with %v", offer, answer)
}
