package dtlstransport

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// publicKeyInfo returns the SubjectPublicKeyInfo of a new key.
func publicKeyInfo(t *testing.T, k fingerprint.KeyType) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(testCertificate(t, k).Signer().Public())
	if err != nil {
		t.Fatal(err)
	}
	return spki
}

// Both ways to read a key take the same ones, as the same.
func TestTheKeyOfAPeerIsWhatX509ReadsInIt(t *testing.T) {
	for _, k := range []fingerprint.KeyType{fingerprint.ECDSAP256, fingerprint.ECDSAP384, fingerprint.RSA2048, fingerprint.Ed25519} {
		spki := publicKeyInfo(t, k)
		want, err := x509.ParsePKIXPublicKey(spki)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parsePublicKey(spki)
		if err != nil || !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(want) {
			t.Errorf("%v: %v, want %v: %v", k, got, want, err)
		}
		if k == fingerprint.ECDSAP256 && !bytes.HasPrefix(spki, beforeP256Point) {
			t.Error("the prefix is not that of a P-256 key")
		}
	}
}

// What crypto/x509 refuses is refused: a point that is not on the curve would give away
// something about whatever is computed with it.
func TestBadKeysOfPeersAreRefused(t *testing.T) {
	good := publicKeyInfo(t, fingerprint.ECDSAP256)
	start := len(beforeP256Point)
	x, y := good[start+1:start+33], good[start+33:]
	at := func(i int, b byte) []byte {
		spki := slices.Clone(good)
		spki[i] = b
		return spki
	}
	// The point is in two elements, whose lengths change with it.
	point := func(p ...byte) []byte {
		spki := slices.Concat(good[:start], p)
		for _, i := range []int{1, start - 2} {
			spki[i] = byte(int(spki[i]) + len(p) - p256PointLen)
		}
		return spki
	}
	for name, spki := range map[string][]byte{
		"off the curve":               at(len(good)-1, good[len(good)-1]^1),
		"zero":                        point(append([]byte{4}, make([]byte, 64)...)...),
		"x above the field":           point(slices.Concat([]byte{4}, bytes.Repeat([]byte{0xff}, 32), y)...),
		"infinity":                    point(0),
		"infinity of 65 bytes":        point(make([]byte, p256PointLen)...),
		"compressed":                  point(append([]byte{2 + y[31]&1}, x...)...),
		"hybrid":                      point(slices.Concat([]byte{6 + y[31]&1}, x, y)...),
		"no point":                    point(),
		"too short":                   point(slices.Concat([]byte{4}, x, y[:31])...),
		"too long":                    point(slices.Concat([]byte{4}, x, y, []byte{0})...),
		"cut":                         good[:len(good)-1],
		"something behind":            append(slices.Clone(good), 0),
		"unused bits":                 at(start-1, 1),
		"secp256k1":                   slices.Concat([]byte{0x30, 86, 0x30, 16}, good[4:13], []byte{0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x0a}, good[23:]),
		"P-384 with a point of P-256": slices.Concat([]byte{0x30, 86, 0x30, 16}, good[4:13], []byte{0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x22}, good[23:]),
		"nothing":                     nil,
	} {
		_, want := x509.ParsePKIXPublicKey(spki)
		if key, err := parsePublicKey(spki); err == nil || want == nil {
			t.Errorf("%s: %v; crypto/x509 says %v", name, key, want)
		}
	}
}

func TestReadingAP256KeyCostsNoMoreThanTheKey(t *testing.T) {
	spki := publicKeyInfo(t, fingerprint.ECDSAP256)
	point := spki[len(beforeP256Point):]
	least := testing.AllocsPerRun(100, func() { ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) })
	if n := testing.AllocsPerRun(100, func() { parsePublicKey(spki) }); n > least {
		t.Errorf("%v allocations, the key alone has %v", n, least)
	}
}
