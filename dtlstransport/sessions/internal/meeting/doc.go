// Package meeting lets a client and a server shake hands in virtual time, with
// the public surface of dtlstransport alone. It is there for the tests of the
// session stores.
package meeting
