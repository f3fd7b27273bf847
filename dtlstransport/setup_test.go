package dtlstransport

import (
	"errors"
	"testing"
)

func TestSetupIsWrittenAsInSDP(t *testing.T) {
	for _, s := range []Setup{SetupActPass, SetupActive, SetupPassive, SetupHoldConn} {
		if got, err := ParseSetup(s.String()); err != nil || got != s {
			t.Errorf("%v is read as %v, %v", s, got, err)
		}
	}
	for _, text := range []string{"", "ACTIVE", "active ", "client"} {
		if s, err := ParseSetup(text); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
	for _, s := range []Setup{0, 99} {
		if s.String() == "" {
			t.Error("no text")
		}
	}
}

func TestEveryOfferAndAnswerGivesOppositeRolesOrNone(t *testing.T) {
	all := []Setup{0, SetupActPass, SetupActive, SetupPassive, SetupHoldConn, 9}
	// RFC 4145, Section 4.1, without holdconn.
	table := map[[2]Setup]Role{
		{SetupActive, SetupPassive}:  RoleClient,
		{SetupPassive, SetupActive}:  RoleServer,
		{SetupActPass, SetupActive}:  RoleServer,
		{SetupActPass, SetupPassive}: RoleClient,
	}
	for _, offer := range all {
		for _, answer := range all {
			want, ok := table[[2]Setup{offer, answer}]
			got, err := OffererRole(offer, answer)
			if ok != (err == nil) || ok && got != want {
				t.Errorf("%v answered with %v: %v, %v", offer, answer, got, err)
			}
			if held := offer == SetupHoldConn || answer == SetupHoldConn; held != errors.Is(err, ErrHoldConn) {
				t.Errorf("%v answered with %v: %v", offer, answer, err)
			}
		}
		for _, prefer := range []Role{RoleClient, RoleServer} {
			answer, role, err := AnswerSetup(offer, prefer)
			usable := offer == SetupActPass || offer == SetupActive || offer == SetupPassive
			if usable != (err == nil) || errors.Is(err, ErrHoldConn) != (offer == SetupHoldConn) {
				t.Errorf("offer %v: %v", offer, err)
			}
			if err != nil {
				continue
			}
			if other, err := OffererRole(offer, answer); err != nil || other == role || answer != SetupFor(role) || offer == SetupActPass && role != prefer {
				t.Errorf("offer %v: answer %v, we are the %v, and the offerer is the %v, %v", offer, answer, role, other, err)
			}
		}
	}
}

func FuzzParseSetup(f *testing.F) {
	for _, s := range []string{"actpass", "active", "passive", "holdconn", "", "ACTIVE", "active ", "Setup(0)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if s, err := ParseSetup(value); (err == nil) != (s != 0) || err == nil && s.String() != value {
			t.Errorf("%q is %v, %v", value, s, err)
		}
	})
}
