//go:build unix

package headless

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtctransport/rtctransport/interop/process"
)

// A Browser is one that we know how to start headless.
type Browser struct {
	Name   string
	Debian string // the Debian package that has it

	binary string
	// ready returns why the machine is not fit for it, or "".
	ready func() string
	// prepare fills in the new profile directory and returns arguments and environment.
	prepare func(t *testing.T, profile string) (args, env []string)
}

// Chromium has fake cameras and microphones, plays media without a click, and
// gathers candidates on loopback.
var Chromium = &Browser{
	Name: "Chromium", binary: "chromium", Debian: "chromium",
	ready: func() string { return "" },
	prepare: func(_ *testing.T, profile string) ([]string, []string) {
		return []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
			"--user-data-dir=" + profile,
			// Nothing but the test may use the network.
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
			"--disable-breakpad", "--disable-crash-reporter",
			"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
			// Candidates on loopback, with addresses in them.
			"--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
			"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
			"--autoplay-policy=no-user-gesture-required",
		}, nil
	},
}

// Firefox has the same.
var Firefox = &Browser{
	Name: "Firefox", binary: "firefox-esr", Debian: "firefox-esr",
	// Firefox gathers candidates only if there is an address besides loopback and a default route.
	ready: func() string {
		c, err := net.Dial("udp4", "198.51.100.1:9") // sends nothing
		if err != nil {
			return "Firefox gathers no candidates without a default route: " + err.Error()
		}
		c.Close()
		return ""
	},
	prepare: func(t *testing.T, profile string) ([]string, []string) {
		prefs := []string{
			`"media.peerconnection.ice.obfuscate_host_addresses", false`,
			`"media.peerconnection.ice.loopback", true`,
			`"media.navigator.streams.fake", true`,
			`"media.navigator.permission.disabled", true`,
			`"media.autoplay.default", 0`,
			`"network.dns.disabled", true`,
			// Nothing but the test may use the network.
			`"app.update.enabled", false`,
			`"app.normandy.enabled", false`,
			`"browser.safebrowsing.malware.enabled", false`,
			`"browser.safebrowsing.phishing.enabled", false`,
			`"datareporting.policy.dataSubmissionEnabled", false`,
			`"extensions.update.enabled", false`,
			`"media.gmp-manager.updateEnabled", false`,
			`"network.captive-portal-service.enabled", false`,
			`"network.connectivity-service.enabled", false`,
			`"services.settings.server", "http://127.0.0.1:9/"`,
			`"toolkit.telemetry.enabled", false`,
			// One window, with our page.
			`"browser.shell.checkDefaultBrowser", false`,
			`"browser.startup.homepage_override.mstone", "ignore"`,
			`"browser.aboutwelcome.enabled", false`,
			`"browser.sessionstore.resume_from_crash", false`,
		}
		text := "user_pref(" + strings.Join(prefs, ");\nuser_pref(") + ");\n"
		if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--headless", "--no-remote", "--profile", profile},
			[]string{"HOME=" + profile, "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_CONTENT_SANDBOX=1"}
	},
}

// Find returns the path of the browser. Where it cannot be used, the test is skipped with the reason; where it has to be,
// as in CI, it fails.
func (b *Browser) Find(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts " + b.Name + ", which takes seconds")
	}
	missing := t.Skipf
	if os.Getenv("CI") != "" || os.Getenv("RTC_REQUIRE_BROWSERS") != "" {
		missing = t.Fatalf
	}
	path, err := exec.LookPath(b.binary)
	if err != nil {
		missing("%s is not installed: the Debian package is %s", b.Name, b.Debian)
	}
	if reason := b.ready(); reason != "" {
		missing("%s", reason)
	}
	return path
}

// Open starts the browser on a page, with more arguments if there are any. It ends with the test; with
// RTC_SHOW_BROWSER=1 the test's log has what it printed.
func (b *Browser) Open(t *testing.T, page string, more ...string) {
	t.Helper()
	path := b.Find(t)
	// t.TempDir would fail the test if the dying browser still writes to it.
	profile, err := os.MkdirTemp("", "rtc-"+b.binary+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) })
	args, env := b.prepare(t, profile)
	process.StartIn(owner{t}, "", env, path, append(append(args, more...), page)...)
}

// An owner is a test whose log has the browser's output only if somebody asks for it: browsers print a lot.
type owner struct{ *testing.T }

func (o owner) Logf(format string, args ...any) {
	if os.Getenv("RTC_SHOW_BROWSER") != "" {
		o.T.Logf(format, args...)
	}
}
