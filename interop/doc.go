// Package interop holds the proof that the library works with others: tests
// against foreign stacks and real browsers, our own ends as command-line
// programs, and the simulated network that the tests of all packages use. Nothing
// here is imported by the library.
//
//	netsim    a seeded datagram link in virtual time; imports nothing of ours
//	relay     the same between real UDP sockets, with an observer and scripted faults
//	browser   headless Chromium and Firefox against examples/browser
//	native    OpenSSL, GnuTLS, Mbed TLS, wolfSSL, NSS and Botan, in both roles
//	bogo      BoringSSL's conformance suite against the engine (make bogo)
//	peer      our DTLS over a bare UDP socket, like openssl s_client and s_server
//	dcpeer    the same with data channels on top
//	setup     a script that installs what these tests need on Debian
package interop
