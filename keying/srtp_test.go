package keying

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

var allProfiles = []SRTPProfile{SRTPAES128CMHMACSHA1_80, SRTPAES128CMHMACSHA1_32, SRTPAEADAES128GCM, SRTPAEADAES256GCM}

// SRTP-01, SRTP-02, SRTP-06: order and lengths of RFC 5764, Section 4.2, and RFC 7714, Section 14.2, for every profile and role.
func TestMaterialIsCutInTheOrderOfTheRFC(t *testing.T) {
	for _, test := range []struct {
		profile   SRTPProfile
		name      string
		key, salt int
	}{
		{1, "SRTP_AES128_CM_HMAC_SHA1_80", 16, 14},
		{2, "SRTP_AES128_CM_HMAC_SHA1_32", 16, 14},
		{7, "SRTP_AEAD_AES_128_GCM", 16, 12},
		{8, "SRTP_AEAD_AES_256_GCM", 32, 12},
	} {
		p := test.profile
		if !p.Known() || p.String() != test.name || p.KeyLen() != test.key || p.SaltLen() != test.salt || p.MaterialLen() != 2*(test.key+test.salt) {
			t.Errorf("profile %d: %v, key %d, salt %d, material %d", uint16(p), p, p.KeyLen(), p.SaltLen(), p.MaterialLen())
		}
		exported := make([]byte, p.MaterialLen())
		for i := range exported {
			exported[i] = byte(i)
		}
		whole := bytes.Clone(exported)
		m, err := NewMaterial(p, exported)
		if err != nil {
			t.Fatal(err)
		}
		clear(exported) // The material is a copy.
		clientKey, clientSalt := m.Keys(RoleClient)
		serverKey, serverSalt := m.Keys(RoleServer)
		k, s := test.key, test.salt
		for _, part := range []struct {
			name      string
			got, want []byte
		}{
			{"client key", clientKey, whole[:k]},
			{"server key", serverKey, whole[k : 2*k]},
			{"client salt", clientSalt, whole[2*k : 2*k+s]},
			{"server salt", serverSalt, whole[2*k+s:]},
		} {
			if !bytes.Equal(part.got, part.want) {
				t.Errorf("%v: %s %x, want %x", p, part.name, part.got, part.want)
			}
			if cap(part.got) != len(part.got) {
				t.Errorf("%v: an append to the %s overwrites what follows", p, part.name)
			}
		}
		if key, salt := m.Keys(0); key != nil || salt != nil {
			t.Errorf("%v: neither side has keys", p)
		}
		for _, n := range []int{0, p.MaterialLen() - 1, p.MaterialLen() + 1} {
			if _, err := NewMaterial(p, make([]byte, n)); err == nil {
				t.Errorf("%v: material of %d bytes", p, n)
			}
		}
	}
	for _, p := range []SRTPProfile{0, 3, 4, 5, 6, 9, 0xffff} {
		if _, err := NewMaterial(p, nil); !errors.Is(err, ErrUnknownProfile) || p.Known() || p.RTPOverhead() != 0 || p.RTCPOverhead() != 0 {
			t.Errorf("%v: error %v", p, err)
		}
	}
}

// SRTP-01, EXP-02: what both sides of one association derive is the same, and the label is the one of RFC 5764.
func TestMaterialComesFromTheExporterWithoutContext(t *testing.T) {
	s := handshakeTLS12(t, 0xc02b)
	for _, p := range allProfiles {
		exported := make([]byte, p.MaterialLen())
		if err := Export(exported, crypto.SHA256, s.master, s.clientRandom, s.serverRandom, SRTPLabel, nil); err != nil {
			t.Fatal(err)
		}
		want, err := s.state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, p.MaterialLen())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(exported, want) {
			t.Errorf("%v: %x, want %x", p, exported, want)
		}
	}
}

func TestMaterialNeverShowsItsKeys(t *testing.T) {
	m, err := NewMaterial(SRTPAEADAES128GCM, bytes.Repeat([]byte{'K'}, SRTPAEADAES128GCM.MaterialLen()))
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, v := range []any{m, *m, []*Material{m}, struct{ M Material }{*m}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "v", v)
	}
	// The keys are the letter K over and over: as text, hex, decimal and base64.
	for _, key := range []string{"KK", "4b4b", "4B4B", "75 75", "0x4b", "S0tL"} {
		if strings.Contains(shown.String(), key) {
			t.Errorf("%q is shown in\n%s", key, shown.String())
		}
	}
}

// SRTP-06
func TestDefaultProfilesHaveTheMandatoryOneAndPreferGCM(t *testing.T) {
	got := DefaultSRTPProfiles()
	if fmt.Sprint(got) != "[SRTP_AEAD_AES_128_GCM SRTP_AEAD_AES_256_GCM SRTP_AES128_CM_HMAC_SHA1_80]" {
		t.Errorf("defaults %v", got)
	}
	got[0] = 0
	if DefaultSRTPProfiles()[0] == 0 {
		t.Error("a caller changed the defaults for all")
	}
}

func TestRolesNameEachOther(t *testing.T) {
	if RoleClient.Peer() != RoleServer || RoleServer.Peer() != RoleClient || Role(0).Peer() != 0 || Role(3).Peer() != 0 {
		t.Error("Peer")
	}
	if got := fmt.Sprint(RoleClient, RoleServer, Role(0)); got != "client server role(0)" {
		t.Errorf("String: %s", got)
	}
}
