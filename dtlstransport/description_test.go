package dtlstransport

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
)

func testFingerprint(t testing.TB, digit string) fingerprint.Fingerprint {
	t.Helper()
	f, err := fingerprint.Parse("sha-256 " + strings.TrimSuffix(strings.Repeat(digit+digit+":", 32), ":"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// agreed returns what two ends that have just met agree on, the answerer first.
func agreed(t *testing.T, offer, answer Description) (answerer, offerer Agreement) {
	t.Helper()
	answerer, err := AgreeOnOffer(offer, answer, RoleClient, nil)
	if err != nil {
		t.Fatal(err)
	}
	if offerer, err = AgreeOnAnswer(offer, answerer.Local); err != nil {
		t.Fatal(err)
	}
	return answerer, offerer
}

func TestANewAssociationIsMadeWhereRFC8842SaysSo(t *testing.T) { // FP-14
	a, b, c := testFingerprint(t, "A"), testFingerprint(t, "B"), testFingerprint(t, "C")
	offer := Description{Setup: SetupActPass, Fingerprints: fingerprint.Set{a, c}, TLSID: NewTLSID()}
	answer := Description{Fingerprints: fingerprint.Set{b}, TLSID: NewTLSID()}
	for _, tt := range []struct {
		name   string
		change func(offer, answer *Description)
		want   bool
	}{
		{"nothing changes", func(*Description, *Description) {}, false},
		{"fingerprints in another order", func(o, _ *Description) { o.Fingerprints = fingerprint.Set{c, a} }, false},
		{"a fingerprint more", func(_, x *Description) { x.Fingerprints = fingerprint.Set{b, c} }, true},
		{"a fingerprint less", func(o, _ *Description) { o.Fingerprints = fingerprint.Set{a} }, true},
		{"another fingerprint", func(o, _ *Description) { o.Fingerprints = fingerprint.Set{a, b} }, true},
		{"another tls-id in the offer", func(o, _ *Description) { o.TLSID = NewTLSID() }, true},
		{"another tls-id in the answer", func(_, x *Description) { x.TLSID = NewTLSID() }, true},
		{"another address, with tls-id", func(o, _ *Description) { o.Transport = "192.0.2.1 5000" }, false},
		{"another address, without tls-id", func(o, x *Description) { o.TLSID, x.TLSID, o.Transport = "", "", "192.0.2.1 5000" }, true},
		{"no tls-id any more", func(o, x *Description) { o.TLSID = "" }, false},
		{"the offer changes the roles", func(o, _ *Description) { o.Setup = SetupActive }, true},
		{"the offer insists on the roles", func(o, _ *Description) { o.Setup = SetupPassive }, false},
	} {
		oldAnswerer, oldOfferer := agreed(t, offer, answer)
		o, x := offer, answer
		o.Fingerprints, x.Fingerprints = slices.Clone(o.Fingerprints), slices.Clone(x.Fingerprints)
		tt.change(&o, &x)
		answerer, err := AgreeOnOffer(o, x, RoleServer, &oldAnswerer) // would rather be the server now
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		offerer, err := AgreeOnAnswer(o, answerer.Local)
		if err != nil || offerer.Role == answerer.Role {
			t.Errorf("%s: both are the %v, %v", tt.name, offerer.Role, err)
		}
		if at, of := answerer.NeedsAssociation(&oldAnswerer), offerer.NeedsAssociation(&oldOfferer); at != tt.want || of != tt.want {
			t.Errorf("%s: a new association is needed for the answerer %v, for the offerer %v, want %v", tt.name, at, of, tt.want)
		}
		if !tt.want && answerer.Role != oldAnswerer.Role {
			t.Errorf("%s: the role changes", tt.name)
		}
	}
}

func TestTheFirstAgreementNeedsAnAssociation(t *testing.T) {
	a, b := agreed(t, Description{Setup: SetupActPass, TLSID: NewTLSID()}, Description{TLSID: NewTLSID()})
	if !a.NeedsAssociation(nil) || !b.NeedsAssociation(nil) {
		t.Error("none is needed")
	}
}

func TestAnAnswerHasNoTLSIDIfTheOfferHasNone(t *testing.T) {
	a, _ := agreed(t, Description{Setup: SetupActPass}, Description{TLSID: NewTLSID()})
	if a.Local.TLSID != "" {
		t.Errorf("answer with %q", a.Local.TLSID)
	}
}

func TestAnOfferOnHoldIsNotAgreedOn(t *testing.T) {
	if _, err := AgreeOnOffer(Description{Setup: SetupHoldConn}, Description{}, RoleClient, nil); !errors.Is(err, ErrHoldConn) {
		t.Errorf("%v", err)
	}
	if _, err := AgreeOnAnswer(Description{Setup: SetupActPass}, Description{Setup: SetupActPass}); err == nil {
		t.Error("actpass answered with actpass")
	}
}

func TestTLSIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := NewTLSID()
		if err := CheckTLSID(id); err != nil || seen[id] {
			t.Errorf("%q: %v, seen before %v", id, err, seen[id])
		}
		seen[id] = true
	}
	for id, ok := range map[string]bool{
		"abc3de65cddef001be82": true, strings.Repeat("a", 19): false, strings.Repeat("Z+/-_09", 3): true, strings.Repeat("a", 255): true, strings.Repeat("a", 256): false,
		"abc3de65cddef001be8=": false, "abc3de65cddef001be8 ": false, "": false,
	} {
		if err := CheckTLSID(id); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
}
