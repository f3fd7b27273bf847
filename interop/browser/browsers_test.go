//go:build unix

package browser

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A browser is one that we know how to start headless.
type browser struct {
	name, binary string
	debian       string // the Debian package that has it
	// ready returns why the machine is not fit for it, or "".
	ready func() string
	// prepare fills in the new profile directory and returns arguments and environment.
	prepare func(t *testing.T, profile string) (args, env []string)
}

var chromium = &browser{
	name: "Chromium", binary: "chromium", debian: "chromium",
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

var firefox = &browser{
	name: "Firefox", binary: "firefox-esr", debian: "firefox-esr",
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

// find returns the path of the browser. Where it cannot be used, the test is skipped with the reason; where it has to be,
// as in CI, it fails.
func (b *browser) find(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts " + b.name + ", which takes seconds")
	}
	missing := t.Skipf
	if os.Getenv("CI") != "" || os.Getenv("RTC_REQUIRE_BROWSERS") != "" {
		missing = t.Fatalf
	}
	path, err := exec.LookPath(b.binary)
	if err != nil {
		missing("%s is not installed: the Debian package is %s", b.name, b.debian)
	}
	if reason := b.ready(); reason != "" {
		missing("%s", reason)
	}
	return path
}

// open starts the browser, found at path, on the page. It ends with the test.
func (b *browser) open(t *testing.T, path, page string) {
	t.Helper()
	// t.TempDir would fail the test if the dying browser still writes to it.
	profile, err := os.MkdirTemp("", "rtc-"+b.binary+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) })
	args, env := b.prepare(t, profile)
	var stderr *os.File
	if os.Getenv("RTC_SHOW_BROWSER") != "" {
		stderr = os.Stderr
	}
	start(t, nil, stderr, env, path, append(args, page)...)
}
