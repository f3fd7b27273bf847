// The bogo command is the engine as BoringSSL's conformance suite wants to meet
// it. The suite's runner is a DTLS peer that misbehaves in a different way in each
// test; it starts this command, the shim, once per test and talks to it over TCP:
//
//	runner (ssl/test/runner)                    bogo
//	       |   bogo -port N -dtls -server ...     |
//	       |------------------------------------->| flags.go
//	       |<------------- TCP, loopback ---------| wire.go
//	       |   P datagram   T clock   E timer     |
//	       |<------------------------------------>| association.go: one Engine,
//	       |   exit status and standard error     |   stepped by hand
//	       |<-------------------------------------| main.go
//
// What the runner says travels as datagrams and as commands to a virtual clock,
// so that the shim is a loop around dtlstransport.Engine: no goroutine, no
// timer, and a test of five minutes of timeouts takes milliseconds.
//
// Nothing of BoringSSL is here. "make bogo" runs the suite from a checkout that
// the environment names in BORINGSSL_DIR; run/ does that, and compares the
// outcome with expectations.txt, which has a reason for every test that does
// not pass.
package main
