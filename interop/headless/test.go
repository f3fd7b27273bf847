//go:build unix

package headless

import (
	"os"
	"testing"
)

// Find returns the path of the browser. Where it cannot be used, the test is skipped with the reason; where it has to be,
// as in CI, it fails.
func (b *Browser) Find(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts " + b.Name + ", which takes seconds")
	}
	missing := t.Skip
	if os.Getenv("CI") != "" || os.Getenv("RTC_REQUIRE_BROWSERS") != "" {
		missing = t.Fatal
	}
	path, err := b.Path()
	if err != nil {
		missing(err)
	}
	return path
}

// Open starts the browser on a page, with more arguments if there are any. It ends with the test; with
// RTC_SHOW_BROWSER=1 the test's log has what it printed.
func (b *Browser) Open(t *testing.T, page string, more ...string) {
	t.Helper()
	if err := b.Start(owner{t}, b.Find(t), page, more...); err != nil {
		t.Fatal(err)
	}
}

// An owner is a test whose log has the browser's output only if somebody asks for it: browsers print a lot.
type owner struct{ *testing.T }

func (o owner) Logf(format string, args ...any) {
	if os.Getenv("RTC_SHOW_BROWSER") != "" {
		o.T.Logf(format, args...)
	}
}
