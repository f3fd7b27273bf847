package dtlstransport

import (
	"embed"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// digits is what bytes look like in a text, as %x, %v or %q have them.
var digits = regexp.MustCompile(`[0-9a-fA-F]{12}|(\d+ ){4}|\\x`)

// A text says what was wrong, not with which bytes: a Finished that was awaited, a
// pre-shared key, or what the peer has sent.
func TestErrorsHoldNoSecrets(t *testing.T) { // API-05
	var all []error
	eachRole(t, func(t *testing.T, role Role) {
		s, e := finishedScene(t, role, func(s *scene, e *end, r *record.Record, message []byte) []byte {
			message[wire.HeaderLen] ^= 1
			sealer, _, err := s.other(e).schedule.protection(role.Peer())
			if err != nil {
				t.Fatal(err)
			}
			sealer.StartAt(r.Number.Seq)
			b, err := sealer.Append(nil, r.Type, r.Version, message)
			if err != nil {
				t.Fatal(err)
			}
			return b
		})
		s.run(time.Second, func() bool { return e.err != nil || e.connected })
		wantHandshakeError(t, e.name, e.err, AlertDecryptError, false)
		all = append(all, e.err)

		// All that the peer can say wrongly in the clear.
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.FailureGrace, server.FailureGrace = -1, -1
		for typ := range wire.HandshakeType(32) {
			s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
			e := s.client
			if role == RoleServer {
				e = s.server
			}
			s.instead = func(to *end, _ int, b []byte) [][]byte {
				if to == e {
					b = withMessage(t, b, typ, func(body []byte) []byte {
						for i := range body {
							body[i] ^= 0xa5
						}
						return body
					})
				}
				return [][]byte{b}
			}
			s.start()
			s.run(time.Second, func() bool { return e.err != nil || s.bothConnected() })
			if e.err != nil {
				all = append(all, e.err)
			}
		}
	})
	if len(all) < 8 {
		t.Errorf("%d errors, which shows little", len(all))
	}
	for _, err := range all {
		var h *HandshakeError
		var a *AlertError
		if !errors.As(err, &h) || !errors.As(err, &a) {
			t.Errorf("%T is not typed: %v", err, err)
		}
		for ; err != nil; err = errors.Unwrap(err) {
			if text := err.Error(); digits.MatchString(text) {
				t.Errorf("an error shows bytes: %s", text)
			}
		}
	}
}

//go:embed *.go internal/*/*.go
var source embed.FS

// "TLS requires a cryptographically secure pseudorandom number generator" (RFC 5246,
// Appendix D.1): there is one source of randomness, that of the system, which ends the
// program if it fails.
func TestRandomnessIsOfTheSystem(t *testing.T) { // API-07
	users := 0
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := source.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			switch {
			case name == "crypto/rand":
				users++
			case path == "internal/wire/extensionorder.go": // shuffles, and has its seed from there
			case slices.Contains([]string{"math/rand", "math/rand/v2", "hash/maphash"}, name):
				t.Errorf("%s imports %s", path, name)
			}
		}
		return nil
	})
	if err != nil || users < 8 {
		t.Errorf("%d files with randomness, %v", users, err)
	}
}

// Two handshakes have no random part in common.
func TestNothingRandomComesTwice(t *testing.T) { // API-07
	seen := map[string]string{}
	for range 8 {
		client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		client.Sessions, server.Sessions, server.Cookies = sessionMap{}, sessionMap{}, NewCookies()
		s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
		s.connect()
		for name, value := range map[string][]byte{
			"client_random": s.client.schedule.clientRandom[:],
			"server_random": s.client.schedule.serverRandom[:],
			"master secret": s.client.schedule.master,
			"session_id":    []byte(s.server.sessionKey),
		} {
			if was, ok := seen[string(value)]; ok || len(value) == 0 {
				t.Errorf("%s is that of before, %s: %s", name, was, fmt.Sprintf("%x", value))
			}
			seen[string(value)] = name
		}
	}
}
