// Package mux measures demultiplexing: package mux of ours, the one inside pion/webrtc, and a bare read loop, all over
// the same link in memory.
package mux
