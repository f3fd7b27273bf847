//go:build unix

package headless

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

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
	prepare func(profile string) (args, env []string, err error)
}

// Chromium has fake cameras and microphones, plays media without a click, and
// gathers candidates on loopback.
var Chromium = &Browser{
	Name: "Chromium", binary: "chromium", Debian: "chromium",
	ready: func() string { return "" },
	prepare: func(profile string) ([]string, []string, error) {
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
		}, nil, nil
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
	prepare: func(profile string) ([]string, []string, error) {
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
		return []string{"--headless", "--no-remote", "--profile", profile},
			[]string{"MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_CONTENT_SANDBOX=1"},
			os.WriteFile(filepath.Join(profile, "user.js"), []byte(text), 0o600)
	},
}

// A MissingError says why a browser cannot be used.
type MissingError struct {
	Browser *Browser
	Why     string
}

func (e *MissingError) Error() string { return e.Browser.Name + ": " + e.Why }

// Path returns the path of the browser, or a *MissingError.
func (b *Browser) Path() (string, error) {
	path, err := exec.LookPath(b.binary)
	if err != nil {
		return "", &MissingError{b, "not installed: the Debian package is " + b.Debian}
	}
	if reason := b.ready(); reason != "" {
		return "", &MissingError{b, reason}
	}
	return path, nil
}

// Start starts the browser, with the path of Path, on a page. It ends with its owner.
func (b *Browser) Start(o process.Owner, path, page string, more ...string) error {
	profile, err := os.MkdirTemp("", "rtc-"+b.binary+"-")
	if err != nil {
		return err
	}
	o.Cleanup(func() { remove(profile) })
	temporary := filepath.Join(profile, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return err
	}
	args, env, err := b.prepare(profile)
	if err != nil {
		return err
	}
	env = append(env, "HOME="+profile, "TMPDIR="+temporary) // or else it leaves something in both
	process.StartIn(o, "", env, path, append(append(args, more...), page)...)
	return nil
}

// remove removes the folder of a browser, whose processes may write into it until all of them are gone.
func remove(folder string) {
	for range 40 {
		os.RemoveAll(folder)
		time.Sleep(25 * time.Millisecond)
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}
