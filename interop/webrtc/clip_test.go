//go:build unix

package webrtc

import (
	"bytes"
	"slices"
	"testing"
)

func TestFramesAreReadBackFromAnIVFFile(t *testing.T) {
	frames := [][]byte{{1}, {}, bytes.Repeat([]byte{3}, 5000)}
	file := appendIVF(nil, frames)
	got, err := readIVF(file)
	if err != nil || !slices.EqualFunc(got, frames, bytes.Equal) {
		t.Errorf("%d frames, %v", len(got), err)
	}
	for _, n := range []int{0, ivfHeader - 1, ivfHeader + 1, len(file) - 1} {
		if got, err := readIVF(file[:n]); err == nil {
			t.Errorf("the first %d bytes are %d frames", n, len(got))
		}
	}
}
