// Command run runs BoringSSL's protocol test suite against our engine, and compares
// what comes out with expectations.txt.
//
//	make bogo                                           all that is ours
//	go run ./interop/bogo/run -test 'SRTP-*' -debug     some tests, with the runner's own flags
//	... -shim-extra-flags -cookies                      with servers that ask for cookies
//
// It needs a checkout of BoringSSL at the commit named in expectations.txt, with
// its directory in BORINGSSL_DIR, of which only the Go part is used. Without one
// nothing is run, which is a failure only if CI_BOGO is 1.
//
//	run ---- starts ----> runner (BoringSSL) ---- starts, per test ----> shim (interop/bogo)
//	 ^                       |
//	 +---- results.json <----+      compared with expectations.txt
//
// Read main.go for that, expectations.go for what is compared.
package main
