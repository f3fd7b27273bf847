// Package pion has programs around pion's stacks, for the table of interop. They live in a module of their own, so that the
// library's has none of their requirements.
//
//	dtls     pion/dtls v3, driven like the programs in interop/native/testdata
//	webrtc   pion/webrtc, which does the jobs of interop/webrtc
package pion
