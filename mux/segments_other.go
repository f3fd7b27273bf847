//go:build !linux

package mux

func newSegmenter(Link) *segmenter { return nil }
