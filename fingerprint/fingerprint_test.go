package fingerprint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// The hash of the three bytes "abc", FIPS 180-4. Any bytes serve as a certificate here: they are not parsed.
const (
	abc256 = "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD"
	abc384 = "CB:00:75:3F:45:A3:5E:8B:B5:A0:3D:69:9A:C6:50:07:27:2C:32:AB:0E:DE:D1:63:1A:8B:60:5A:43:FF:5B:ED:" +
		"80:86:07:2B:A1:E7:CC:23:58:BA:EC:A1:34:C8:25:A7"
	abc512 = "DD:AF:35:A1:93:61:7A:BA:CC:41:73:49:AE:20:41:31:12:E6:FA:4E:89:A9:7E:A2:0A:9E:EE:E6:4B:55:D3:9A:" +
		"21:92:99:2A:27:4F:C1:A8:36:BA:3C:23:A3:FE:EB:BD:45:4D:44:23:64:3C:E8:0E:2A:9A:C9:4F:A5:4C:A4:9F"
	abc1  = "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"
	abcM5 = "90:01:50:98:3C:D2:4F:B0:D6:96:3F:7D:28:E1:7F:72"
)

// FP-06, FP-07
func TestParseReadsNamesAndDigitsInEitherCaseAndPrintsTheRFCsForm(t *testing.T) { // FP-17
	for _, text := range []string{
		"sha-256 " + abc256,
		"SHA-256 " + abc256,
		"Sha-256 " + strings.ToLower(abc256),
		"a=fingerprint:sha-256 " + abc256,
		"fingerprint:sha-256 " + abc256,
		"a=fingerprint:SHA-256 " + strings.ToLower(abc256) + "\r\n",
		"sha-256 " + abc256 + "\n",
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if f.Hash() != SHA256 || hex.EncodeToString(f.Value()) != strings.ToLower(strings.ReplaceAll(abc256, ":", "")) {
			t.Errorf("%q: %s %x", text, f.Hash(), f.Value())
		}
		if f.String() != "sha-256 "+abc256 || f.Attribute() != "a=fingerprint:sha-256 "+abc256 {
			t.Errorf("%q: prints as %q and %q", text, f.String(), f.Attribute())
		}
	}
}

func TestHashesOfTheStandardComeOut(t *testing.T) {
	for text, h := range map[string]Hash{"sha-256 " + abc256: "SHA-256", "sha-384 " + abc384: "Sha-384", "sha-512 " + abc512: SHA512} {
		f, err := Of(h, []byte("abc"))
		if err != nil || f.String() != text {
			t.Errorf("Of(%s) = %v, %v, want %s", h, f, err, text)
		}
		if parsed, err := Parse(text); err != nil || parsed != f {
			t.Errorf("Parse(%q) = %v, %v", text, parsed, err)
		}
		if made, err := FromBytes(h, f.Value()); err != nil || made != f {
			t.Errorf("FromBytes(%s) = %v, %v", h, made, err)
		}
		if !f.Hash().Usable() {
			t.Errorf("%s is not usable", f.Hash())
		}
	}
}

// FP-06
func TestParseRefusesWhatTheGrammarDoes(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                  "",
		"attribute alone":        "a=fingerprint:",
		"name alone":             "sha-256",
		"no value":               "sha-256 ",
		"no name":                " " + abc256,
		"value alone":            abc256,
		"truncated by a byte":    "sha-256 " + abc256[:len(abc256)-3],
		"truncated by a digit":   "sha-256 " + abc256[:len(abc256)-1],
		"a byte too many":        "sha-256 " + abc256 + ":00",
		"colon at the end":       "sha-256 " + abc256 + ":",
		"colon at the start":     "sha-256 :" + abc256,
		"missing colon":          "sha-256 " + strings.Replace(abc256, ":", "", 1),
		"no colons":              "sha-256 " + strings.ReplaceAll(abc256, ":", ""),
		"other separator":        "sha-256 " + strings.Replace(abc256, ":", "-", 1),
		"double colon":           "sha-256 " + strings.Replace(abc256, ":", "::", 1),
		"not a digit":            "sha-256 " + strings.Replace(abc256, "A", "G", 1),
		"sign for a digit":       "sha-256 +A" + abc256[2:],
		"two spaces":             "sha-256  " + abc256,
		"tab":                    "sha-256\t" + abc256,
		"space before":           " sha-256 " + abc256,
		"space after":            "sha-256 " + abc256 + " ",
		"second line":            "sha-256 " + abc256 + "\r\na=setup:active",
		"two line ends":          "sha-256 " + abc256 + "\n\n",
		"other attribute":        "a=setup:active",
		"session-wide attribute": "a=Fingerprint:sha-256 " + abc256,
		"name with a colon":      "sha:256 " + abc256,
		"name outside ASCII":     "\u017fha-256 " + abc256, // a long s, which folds to s
		"name with a NUL":        "sha-256\x00 " + abc256,
		"other function's size":  "sha-512 " + abc256,
		"md5 of a wrong size":    "md5 " + abc1,
		"far too long":           "x " + strings.Repeat("00:", 1<<20) + "00",
	} {
		if f, err := Parse(text); !errors.Is(err, ErrSyntax) || f != (Fingerprint{}) {
			t.Errorf("%s: %v, %v, want ErrSyntax", name, f, err)
		}
	}
}

// FP-06
func TestNoStrictPrefixOfAFingerprintParses(t *testing.T) {
	for _, text := range []string{"sha-256 " + abc256, "a=fingerprint:sha-384 " + abc384, "sha-512 " + abc512, "sha-1 " + abc1, "md5 " + abcM5} {
		if _, err := Parse(text); err != nil {
			t.Fatal(err)
		}
		for n := range text {
			if f, err := Parse(text[:n]); err == nil {
				t.Errorf("%q parses as %v", text[:n], f)
			}
		}
	}
}

func TestFromBytesAndOfRefuse(t *testing.T) {
	for _, test := range []struct {
		h     Hash
		value []byte
	}{{SHA256, make([]byte, 31)}, {SHA256, make([]byte, 33)}, {"new", nil}, {"", make([]byte, 4)}, {"a b", make([]byte, 4)}} {
		if f, err := FromBytes(test.h, test.value); !errors.Is(err, ErrSyntax) {
			t.Errorf("FromBytes(%q, %x) = %v, %v", test.h, test.value, f, err)
		}
	}
	for _, h := range []Hash{"md2", "md5", "sha-1", "sha-224", "shake256", ""} { // FP-04
		if f, err := Of(h, []byte("abc")); !errors.Is(err, ErrUnusableHash) || h.Usable() {
			t.Errorf("Of(%q) = %v, %v", h, f, err)
		}
	}
	if f, err := Of(SHA256, nil); !errors.Is(err, ErrNoCertificate) {
		t.Errorf("Of nothing = %v, %v", f, err)
	}
}

func TestZeroFingerprintIsNothing(t *testing.T) {
	var f Fingerprint
	if !f.IsZero() || f.String() != "" || f.Attribute() != "" || f.Hash() != "" || len(f.Value()) != 0 {
		t.Errorf("%q %q %q %x", f.String(), f.Attribute(), f.Hash(), f.Value())
	}
	if g, _ := Parse("sha-256 " + abc256); g.IsZero() {
		t.Error("a fingerprint is zero")
	}
}

func TestValueIsACopy(t *testing.T) {
	value := bytes.Repeat([]byte{7}, 32)
	f, _ := FromBytes(SHA256, value)
	g := f
	value[0] = 1
	f.Value()[1] = 1
	if f != g || f.Value()[0] != 7 || f.Value()[1] != 7 {
		t.Error("a Fingerprint was changed from outside")
	}
}

func TestFingerprintLinesOfRealPeersParse(t *testing.T) {
	for peer, line := range map[string]string{
		"Chromium 156":         "a=fingerprint:sha-256 2E:6B:A9:1D:66:F0:9D:C5:7B:6E:4E:36:8E:26:B3:69:20:57:85:1F:7A:EA:DE:C1:34:4B:1D:F4:60:16:EF:B2",
		"Firefox 153":          "a=fingerprint:sha-256 5B:40:4B:FA:8C:79:36:DA:12:AA:75:1D:66:01:C5:ED:61:F0:FB:FC:CD:81:1D:C0:2A:42:78:B5:FC:1C:17:2A",
		"libwebrtc, wrtc 0.10": "a=fingerprint:sha-256 A7:D6:F0:9D:D2:4C:09:E5:3A:38:EB:B5:0F:50:4E:B4:F8:29:7E:61:E4:B2:C1:77:22:8B:51:2B:CA:CF:C6:E7",
		"werift 0.24":          "a=fingerprint:sha-256 88:4C:49:93:7E:BB:DF:C0:B1:C8:90:59:6A:79:04:41:D7:E8:F7:F6:A3:24:19:F1:4D:3E:25:5E:51:95:07:BB",
		"libdatachannel 0.24":  "a=fingerprint:sha-256 05:7E:81:BE:08:2B:73:45:03:A0:BF:E0:DF:63:61:B4:7C:4B:A0:90:3D:14:16:F3:4F:B6:48:82:3C:5C:00:15",
	} {
		if set, err := ParseSet(line + "\r\n"); err != nil || set[0].Attribute() != line {
			t.Errorf("%s: %v, %v", peer, set, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"sha-256 " + abc256, "a=fingerprint:SHA-512 " + abc512 + "\r\n", "sha-1 " + abc1, "MD5 " + abcM5,
		"token! 00", "sha-256 " + strings.ToLower(abc256), "sha-256 ", " 00", "x 0", "x 00:", "a=a=fingerprint:x 00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrSyntax) || !p.IsZero() {
				t.Fatalf("%q: %v, %v", text, p, err)
			}
			return
		}
		// What is printed is the input but for case and the optional frame, and reads as the same.
		if !strings.Contains(strings.ToLower(text), strings.ToLower(p.String())) || len(text) > len(p.Attribute())+2 {
			t.Fatalf("%q was read as %q", text, p)
		}
		if size, ok := sizes[p.Hash()]; ok && len(p.Value()) != size {
			t.Fatalf("%q: %d bytes", text, len(p.Value()))
		}
		for _, again := range []string{p.String(), p.Attribute(), strings.ToLower(p.String()), p.Attribute() + "\r\n"} {
			if q, err := Parse(again); err != nil || q != p {
				t.Fatalf("%q prints as %q, which reads as %v, %v", text, again, q, err)
			}
		}
	})
}
