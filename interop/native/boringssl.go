//go:build unix

package native

import (
	"context"
	"maps"
	"path/filepath"

	"github.com/rtctransport/rtctransport/interop/table"
)

// boringssl is the BoringSSL of Debian, which has it for Android's programs.
func boringssl() *stack {
	const include = "/usr/include/android"
	names := maps.Clone(opensslNames)
	delete(names, ecdsaCCM) // and little else beyond WebRTC: no CCM, no encrypt-then-MAC, no bare PSK
	b := &shim{source: "boringssl.c", header: "openssl/ssl.h", pkg: "android-libboringssl-dev", names: names, separator: ":"}
	k := b.stack("BoringSSL")
	k.prepare = func(ctx context.Context, l *lab) (string, error) {
		libraries, _ := filepath.Glob("/usr/lib/*/android/libssl.so")
		if len(libraries) == 0 {
			return "", &table.MissingError{What: "libssl.so of Android", Package: b.pkg}
		}
		folder := filepath.Dir(libraries[0])
		b.flags = []string{"-I" + include, "-L" + folder, "-Wl,-rpath," + folder, "-lssl", "-lcrypto"}
		return b.prepare(ctx, l)
	}
	k.cannot = func(s *scene, role string) string {
		switch {
		case s.noEMS:
			return "BoringSSL always has the extension"
		case s.cookie && role == "server":
			return "BoringSSL's server asks for no cookie"
		}
		return ""
	}
	k.renegotiation = neither("BoringSSL's SSL_renegotiate only answers a HelloRequest over TLS, and its servers send none")
	k.no13 = "Debian's BoringSSL, of Android 13, is older than its DTLS 1.3"
	k.heard = `SSL alert number %d`
	return k
}
