package offload

import (
	"encoding/binary"
	"syscall"
	"testing"
)

func TestSizeIsReadFromTheRightMessage(t *testing.T) {
	if n := Size(AppendControl(nil, 1200)); n != 0 {
		t.Errorf("UDP_SEGMENT was taken for UDP_GRO: %d", n)
	}
	// As the kernel makes it: the same header with another type, and an int.
	gro := append(AppendControl(nil, 0)[:syscall.SizeofCmsghdr], 0, 0, 0, 0, 0, 0, 0, 0)
	binary.NativeEndian.PutUint32(gro[syscall.SizeofCmsghdr-4:], udpGRO)
	binary.NativeEndian.PutUint32(gro[syscall.SizeofCmsghdr:], 1200)
	if n := Size(gro); n != 1200 {
		t.Errorf("got %d, want 1200", n)
	}
	for n := range syscall.CmsgLen(4) {
		if got := Size(gro[:n]); got != 0 {
			t.Errorf("%d bytes of a control message say %d", n, got)
		}
	}
}
