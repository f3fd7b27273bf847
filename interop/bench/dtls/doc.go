// Package dtls measures the DTLS engine beside other implementations: handshakes, resumption, records and memory, of both
// ends together.
//
// kind.go says what is measured, contender.go what it means to take part; ours.go, pion.go, floor.go, and program.go with
// the C programs of testdata take part. Those need a C compiler and headers, and are left out without.
package dtls
