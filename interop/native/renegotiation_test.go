//go:build unix

package native

import "testing"

// s_client renegotiates on its command R. We answer with a no_renegotiation warning
// (RFC 8827, Section 6.5; RFC 5746, Section 4.5), of which OpenSSL makes an end of its own.
func TestOpenSSLThatRenegotiatesIsToldThatWeDoNot(t *testing.T) { // ALERT-06
	t.Parallel()
	openssl.need(t)
	s := scene{suite: ecdsaGCM128, group: "x25519", serverCert: "p256", clientCert: "p256"}
	server := start(t, ours, append(s.flags("server"), "--addr", "127.0.0.1:0")...)
	port := server.await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1]
	client := openssl.client(t, &s, port, t.TempDir(), nil)
	client.connected(1)
	client.send("xbefore")
	client.received("xbefore")
	client.send("R")
	p := client.program()
	p.await(`RENEGOTIATING`, 1)
	p.await(`no renegotiation`, 1)
}

// s_server sends a HelloRequest on its command r, and takes the answer as badly.
func TestOpenSSLThatAsksToRenegotiateIsToldThatWeDoNot(t *testing.T) { // ALERT-06
	t.Parallel()
	openssl.need(t)
	s := scene{suite: ecdsaGCM128, group: "x25519", serverCert: "p256", clientCert: "p256"}
	port := freePort(t)
	server := openssl.server(t, &s, port)
	client := start(t, ours, append(s.flags("client"), "--addr", "127.0.0.1:"+port, "--wait-close")...)
	server.connected(1)
	server.send("r")
	server.program().await(`no renegotiation`, 1)
	client.await(`(?m)^(alert dir=recv level=fatal|closed by=)`, 1)
}
