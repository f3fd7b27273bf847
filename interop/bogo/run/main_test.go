package main

import "testing"

func TestMissingCheckoutIsAFailureInCIOnly(t *testing.T) {
	for _, test := range []struct {
		directory, ci string
		fails         bool
	}{
		{"", "", false}, {"", "0", false}, {"", "1", true}, {"/boringssl", "", false}, {"/boringssl", "1", false},
	} {
		env := map[string]string{"BORINGSSL_DIR": test.directory, "CI_BOGO": test.ci}
		got, err := checkoutOf(func(name string) string { return env[name] })
		if got != test.directory || (err != nil) != test.fails {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}
