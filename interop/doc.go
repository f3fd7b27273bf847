// Package interop holds the proof that the library works with others: tests
// against foreign stacks and real browsers, and the simulated network that the
// tests of all packages use. Nothing here is imported by the library.
//
//	netsim    a seeded datagram link in virtual time; imports nothing of ours
//	browser   headless Chromium and Firefox against examples/browser
//	setup     a script that installs what these tests need on Debian
package interop
