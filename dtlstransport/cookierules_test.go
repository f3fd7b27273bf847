package dtlstransport

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// "[...] the initial ClientHello and HelloVerifyRequest [are] not included in the
// calculation of the handshake_messages (for the CertificateVerify message) and
// verify_data (for the Finished message)" (after RFC 6347, Section 4.2.1).
func TestCookiesStayOutOfTheTranscript(t *testing.T) { // COOK-12, HS-12
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.Cookies = NewCookies()
	s := newScene(t, client, server, netsim.Config{Delay: sceneDelay})
	s.start()
	if !s.run(time.Second, func() bool { return s.client.side.flight() == client12Flight6.String() }) {
		t.Fatalf("client %v", s.client.err)
	}
	for _, e := range []*end{s.client, s.server} {
		var types []wire.HandshakeType
		for b := e.hs.transcript.messages; len(b) > 0; {
			h, body, rest, err := wire.ParseFragment(b)
			if err != nil {
				t.Fatal(err)
			}
			if h.Type == wire.TypeClientHello {
				if m, err := wire.ParseClientHello(body); err != nil || len(m.Cookie) == 0 || h.Seq != 1 {
					t.Errorf("%s: hello %d without its cookie", e.name, h.Seq)
				}
			}
			types = append(types, h.Type)
			b = rest
		}
		if len(types) < 6 || types[0] != wire.TypeClientHello || types[1] != wire.TypeServerHello {
			t.Errorf("%s: transcript of %v", e.name, types)
		}
	}
	if !s.run(time.Second, s.bothConnected) {
		t.Errorf("client %v, server %v", s.client.err, s.server.err)
	}
}

//go:embed cookie.go
var cookieSource string

// A timing measurement would be noise here, so this reads the source: where a cookie
// is judged, it is compared by hmac.Equal, and nothing else decides but whether there
// is one.
func TestCookiesAreComparedInConstantTime(t *testing.T) { // COOK-13
	file, err := parser.ParseFile(token.NewFileSet(), "cookie.go", cookieSource, 0)
	if err != nil {
		t.Fatal(err)
	}
	equal := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "proves" {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok && id.Name == "hmac" && n.Sel.Name == "Equal" {
					equal++
				} else if n.Sel.Name == "Equal" || n.Sel.Name == "Compare" {
					t.Errorf("%s compares with %s", f.Name.Name, n.Sel.Name)
				}
			case *ast.BinaryExpr:
				if _, size := n.Y.(*ast.BasicLit); n.Op == token.EQL && !size || n.Op == token.NEQ {
					t.Errorf("%s compares with %v", f.Name.Name, n.Op)
				}
			case *ast.ForStmt, *ast.RangeStmt:
				t.Errorf("%s has a loop", f.Name.Name)
			}
			return true
		})
	}
	if equal != 2 {
		t.Errorf("%d calls of hmac.Equal, want 2", equal)
	}
}
