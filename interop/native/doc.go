// Package native has no code; its tests run interop/peer, our DTLS over a bare UDP
// socket, against the native stacks that Debian has, in both roles.
//
//	go test ./interop/native                       the stacks that are installed
//	go test -run 'MbedTLSLibrary/their_server' ./interop/native
//	RTC_REQUIRE_PEERS=1 go test ./interop/native    a missing stack is a failure
//	RTC_SHOW_PEERS=1 go test -v ./interop/native    what the programs print
//
//	scene_test.go     what is shown: one handshake and what follows, for every stack
//	refusal_test.go   the same for handshakes that fail, and with which alert
//	renegotiation_test.go
//	   |
//	openssl_test.go   openssl s_client and s_server
//	shims_test.go     OpenSSL, GnuTLS, Mbed TLS, wolfSSL, through small programs of ours
//	nss_test.go       around the libraries; the same for NSS
//	botan_test.go     and Botan
//	shim_test.go      builds and drives those programs, which are in testdata
//	   |
//	ours_test.go      interop/peer, built here, and the certificates
//	process_test.go   programs in process groups that end with the test
//
// Read scene_test.go first. A scene that a stack cannot do is skipped with the
// reason; one that fails for a fault of the stack is run all the same and has to show
// the fault. Everything is on 127.0.0.1.
package native
