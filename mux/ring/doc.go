// Package ring is the queue in front of every reader that may be slow: the endpoints of package mux, and Read, ReadRTP and
// ReadRTCP of package dtlstransport. It is bounded in bytes and copies what it takes.
package ring
