// Command shim is the program that BoringSSL's protocol test suite starts once
// per test: it wraps a dtlstransport.Engine, in classical behaviour
// (Config.Conformance), and does on each connection what the flags say.
//
//	runner ---- TCP, loopback: 'P' datagram, 'T' clock, ... ---- link
//	                                                               |
//	                          flags ----> connection ----> dtlstransport.Engine
//
// Read flags.go for what the suite may ask, connection.go for what is done then,
// link.go for the bytes between the two processes. The engine has no clock, so
// that the runner's is the only one, and every timeout is exact.
package main
