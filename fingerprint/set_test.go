package fingerprint

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

var abc = []byte("abc") // the certificate that was signalled; see fingerprint_test.go for its hashes

// wrong returns text with its last byte replaced: a fingerprint of the right form and of another certificate.
func wrong(text string) string { return text[:len(text)-2] + "00" }

func mustParseSet(t *testing.T, values ...string) Set {
	t.Helper()
	set, err := ParseSet(values...)
	if err != nil {
		t.Fatalf("%q: %v", values, err)
	}
	return set
}

// FP-01, FP-04, FP-05, FP-07
func TestVerdict(t *testing.T) {
	const (
		s1, s256, s384, s512 = "sha-1 " + abc1, "sha-256 " + abc256, "sha-384 " + abc384, "sha-512 " + abc512
		m5                   = "md5 " + abcM5
	)
	for _, test := range []struct {
		name   string
		values []string
		accept bool
	}{
		{"one, right", []string{s256}, true},
		{"one, wrong", []string{wrong(s256)}, false},
		{"name in upper case", []string{"SHA-256 " + abc256}, true},
		{"digits in lower case", []string{strings.ToLower(s256)}, true},
		{"two, second right", []string{wrong(s256), s256}, true},
		{"two, first right", []string{s256, wrong(s256)}, true},
		{"two, both right", []string{s256, s256}, true},
		{"two, both wrong", []string{wrong(s256), "sha-256 " + strings.Repeat("00:", 31) + "00"}, false},
		{"sha-256 wrong, sha-1 right", []string{wrong(s256), s1}, false},
		{"sha-1 right, sha-256 wrong", []string{s1, wrong(s256)}, false},
		{"sha-256 wrong, md5 right", []string{wrong(s256), m5}, false},
		{"sha-256 right, sha-1 and md5 wrong", []string{wrong(m5), wrong(s1), s256}, true},
		{"unknown function beside", []string{"sha3-256 " + abc256, s256}, true},
		{"unknown function has the value", []string{"sha3-256 " + abc256, wrong(s256)}, false},
		{"sha-384", []string{s384}, true},
		{"sha-512", []string{s512}, true},
		{"sha-512 wrong, sha-256 right", []string{s256, wrong(s512)}, false},
		{"sha-512 right, sha-256 wrong", []string{wrong(s256), s512}, true},
		{"sha-384 wrong, sha-256 right", []string{wrong(s384), s256}, false},
		{"sha-512 right, sha-384 wrong", []string{wrong(s384), s512}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := mustParseSet(t, test.values...).Verify(abc)
			if test.accept && err != nil || !test.accept && !errors.Is(err, ErrMismatch) {
				t.Errorf("Verify = %v, want accepted %v", err, test.accept)
			}
		})
	}
}

// FP-05: every combination of "absent, wrong, right, both" for the three functions, in both orders, with and without
// a right sha-1, against the sentence of the RFC: the most preferred function that is there decides alone.
func TestMostPreferredFunctionDecidesAlone(t *testing.T) {
	right := []string{"sha-512 " + abc512, "sha-384 " + abc384, "sha-256 " + abc256} // by preference
	cases := 0
	for combination := range 4 * 4 * 4 * 2 * 2 {
		var values []string
		decided, accept := false, false
		rest := combination
		for _, value := range right {
			choice := rest % 4
			rest /= 4
			if choice&1 != 0 {
				values = append(values, wrong(value))
			}
			if choice&2 != 0 {
				values = append(values, value)
			}
			if choice != 0 && !decided {
				decided, accept = true, choice&2 != 0
			}
		}
		if rest%2 == 1 {
			values = append(values, "sha-1 "+abc1)
		}
		if rest/2 == 1 {
			slices.Reverse(values)
		}
		set, err := ParseSet(values...)
		if !decided {
			if !errors.Is(err, ErrNoUsable) {
				t.Errorf("%q: %v", values, err)
			}
			continue
		}
		cases++
		if got := set.Verify(abc); err != nil || accept != (got == nil) {
			t.Errorf("%q: %v, want accepted %v", values, got, accept)
		}
	}
	if cases != 63*4 {
		t.Errorf("%d cases, want 252", cases)
	}
}

// FP-06: a difference anywhere in the value counts.
func TestEveryBitOfTheValueIsCompared(t *testing.T) {
	for _, h := range preference {
		f, err := Of(h, abc)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(f.Value()) {
			value := f.Value()
			value[bit/8] ^= 1 << (bit % 8)
			g, err := FromBytes(h, value)
			if err != nil {
				t.Fatal(err)
			}
			if err := (Set{g}).Verify(abc); !errors.Is(err, ErrMismatch) {
				t.Fatalf("%s with bit %d flipped: %v", h, bit, err)
			}
			if err := (Set{g, f}).Verify(abc); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// FP-03, FP-04
func TestSetsThatAuthenticateNobodyAreRefusedEverywhere(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   string // of the text, after "signalled"
	}{
		{nil, "none was signalled"},
		{[]string{"sha-1 " + abc1}, "signalled were sha-1, wanted is sha-256, sha-384 or sha-512"},
		{[]string{"MD5 " + abcM5, "sha-1 " + abc1, "sha-1 " + wrong(abc1)}, "signalled were md5, sha-1, wanted"},
		{[]string{"md2 " + abcM5}, "signalled were md2, wanted"},
		{[]string{"evil-name 00", "sha-224 " + abc256[:28*3-1], "shake256 00"}, "signalled were sha-224, 2 of unknown functions, wanted"},
	} {
		parsed, parseErr := ParseSet(test.values...)
		if parsed != nil {
			t.Errorf("%q: ParseSet = %v", test.values, parsed)
		}
		set := make(Set, len(test.values))
		for i, value := range test.values {
			f, err := Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			set[i] = f
		}
		for what, err := range map[string]error{"ParseSet": parseErr, "Check": set.Check(), "Verify": set.Verify(abc)} {
			var unusable *UnusableError
			if !errors.As(err, &unusable) || !errors.Is(err, ErrNoUsable) || len(unusable.Offered) != len(test.values) {
				t.Errorf("%q: %s: %v", test.values, what, err)
			} else if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "evil") {
				t.Errorf("%q: %s: %v, want %q in it", test.values, what, err, test.want)
			}
		}
	}
	var set Set
	if err := set.Verify(abc); !errors.Is(err, ErrNoUsable) {
		t.Errorf("nil Set: %v", err)
	}
	if err := (Set{Fingerprint{}}).Verify(abc); !errors.Is(err, ErrNoUsable) || !strings.Contains(err.Error(), "none was signalled") {
		t.Errorf("Set of the zero Fingerprint: %v", err)
	}
	if err := mustParseSet(t, "sha-256 "+abc256, "sha-1 "+abc1).Check(); err != nil {
		t.Errorf("Check of a good set: %v", err)
	}
}

func TestParseSetRefusesAMalformedValueBesideAGoodOne(t *testing.T) {
	for _, bad := range []string{"", "sha-256 00", "sha-1 00", "unknown"} {
		if set, err := ParseSet("sha-256 "+abc256, bad); set != nil || !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v, %v", bad, set, err)
		}
	}
}

func TestEmptyCertificateNeverMatches(t *testing.T) {
	// sha-256 of nothing: a peer that signals it and sends an empty certificate has proved nothing.
	empty := mustParseSet(t, "sha-256 E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55")
	for _, der := range [][]byte{nil, {}} {
		if err := empty.Verify(der); !errors.Is(err, ErrNoCertificate) {
			t.Errorf("%v", err)
		}
	}
}

func TestMismatchTellsBothValues(t *testing.T) {
	other := "sha-256 " + strings.Repeat("0F:", 31) + "F0"
	third := wrong("sha-256 " + abc256)
	err := mustParseSet(t, other, "sha-1 "+abc1, third).Verify(abc)
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	if mismatch.Got.String() != "sha-256 "+abc256 || fmt.Sprint(mismatch.Want) != fmt.Sprintf("[%s %s]", other, third) {
		t.Errorf("got %v, want %v", mismatch.Got, mismatch.Want)
	}
	want := "got sha-256 " + abc256 + ", want " + other + " or 1 more"
	if !strings.HasSuffix(err.Error(), want) {
		t.Errorf("text %q, want %q in it", err, want)
	}
	if text := mustParseSet(t, other).Verify(abc).Error(); !strings.HasSuffix(text, other) {
		t.Errorf("text %q", text)
	}
}

//go:embed set.go
var setSource string

// FP-06. A timing measurement would be noise here, so this reads the source: between the hash of the presented certificate and the
// verdict there is one loop, over the whole set and without a way out, around one function of two constant-time comparisons.
func TestVerdictComparesInConstantTime(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "set.go", setSource, 0)
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]*ast.BlockStmt{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			bodies[f.Name.Name] = f.Body
		}
	}

	comparisons, others := 0, 0
	ast.Inspect(bodies["matches"], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "ConstantTimeCompare" {
				comparisons++
			}
		case *ast.BinaryExpr:
			if n.Op != token.AND {
				others++
			}
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
			others++
		}
		return true
	})
	if comparisons != 2 || others != 0 {
		t.Errorf("matches has %d constant-time comparisons and %d other decisions, want 2 and 0", comparisons, others)
	}

	loops := 0
	ast.Inspect(bodies["Verify"], func(n ast.Node) bool {
		loop, ok := n.(*ast.RangeStmt)
		if !ok {
			return true
		}
		calls, exits := 0, 0
		ast.Inspect(loop.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if n.Sel.Name == "matches" {
					calls++
				}
			case *ast.ReturnStmt, *ast.BranchStmt, *ast.IfStmt:
				exits++
			}
			return true
		})
		if calls > 0 {
			loops++
			if exits > 0 {
				t.Error("the loop that compares has a branch or a way out")
			}
		}
		return true
	})
	if loops != 1 {
		t.Errorf("%d loops compare, want 1", loops)
	}
}

func FuzzSetVerify(f *testing.F) {
	f.Add("sha-256 "+abc256, "sha-1 "+abc1, abc)
	f.Add("sha-512 "+abc512, "sha-256 "+wrong(abc256), abc)
	f.Add("sha-384 "+wrong(abc384), "sha-256 "+abc256, abc)
	f.Add("sha-256 "+abc256, "new 00:11", []byte{})
	f.Fuzz(func(t *testing.T, first, second string, der []byte) {
		set, err := ParseSet(first, second)
		if err != nil {
			if !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrNoUsable) {
				t.Fatal(err)
			}
			return
		}
		verdict := set.Verify(der)
		if reversed := (Set{set[1], set[0]}).Verify(der); (reversed == nil) != (verdict == nil) {
			t.Fatalf("order matters: %v, %v", verdict, reversed)
		}
		switch {
		case verdict == nil:
			// Accepted only with the fingerprint of exactly these bytes in one of the lines.
			found := false
			for _, h := range preference {
				own, _ := Of(h, der)
				text := strings.ToLower(own.String())
				found = found || strings.Contains(strings.ToLower(first+"\n"+second), text)
			}
			if !found {
				t.Fatalf("%q, %q accept %x", first, second, der)
			}
		case len(der) == 0:
			if !errors.Is(verdict, ErrNoCertificate) {
				t.Fatal(verdict)
			}
		case !errors.Is(verdict, ErrMismatch):
			t.Fatal(verdict)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	set, err := ParseSet("sha-256 "+wrong(abc256), "sha-256 "+abc256)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Verify(abc); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParseSet(f *testing.F) {
	sum := strings.TrimSuffix(strings.Repeat("AB:", 32), ":")
	f.Add("sha-256 "+sum, "sha-1 AB")
	f.Add("sha-512 "+sum, "")
	f.Add("md5 "+sum, "sha-256 "+strings.ToLower(sum))
	f.Fuzz(func(t *testing.T, a, b string) {
		s, err := ParseSet(a, b)
		if err != nil {
			if s != nil {
				t.Errorf("%v beside %v", s, err)
			}
			return
		}
		if len(s) != 2 || s.Check() != nil {
			t.Errorf("%q, %q: %v, %v", a, b, s, s.Check())
		}
		if s.Verify([]byte("not the one")) == nil {
			t.Errorf("%q, %q: any certificate will do", a, b)
		}
	})
}
