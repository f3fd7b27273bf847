//go:build unix

package webrtc

import (
	"strings"

	"github.com/rtctransport/rtctransport/interop/table"
	"github.com/rtctransport/rtctransport/interop/watch"
)

// ourMTU is what our datagrams are bounded by, in bytes.
const ourMTU = 1200

// checkWire compares what went over the wire with what a job wants. role is theirs.
func checkWire(t *table.Trial, w *watch.Watch, role string) {
	handshakes := w.Handshakes()
	if len(handshakes) == 0 {
		t.Errorf("on the wire there is no handshake")
	}
	for i, h := range handshakes {
		f := &h.Facts
		if f.Version != "" && f.Version != "DTLS 1.2" {
			t.Errorf("handshake %d on the wire: %s", i+1, f.Version)
		}
		if f.Suite != "" && (!strings.HasPrefix(f.Suite, "TLS_ECDHE_") || !f.EMS) {
			t.Errorf("handshake %d on the wire: %s, extended master secret %v", i+1, f.Suite, f.EMS)
		}
		// The relay's client is our agent.
		ours, us := f.Largest[0], watch.Client
		if role == "client" {
			ours, us = f.Largest[1], watch.Server
		}
		if got := f.RelayClient(); got != us {
			t.Errorf("handshake %d on the wire: we are the %s, want %s", i+1, got, us)
		}
		if ours > ourMTU {
			t.Errorf("handshake %d on the wire: our largest datagram has %d bytes", i+1, ours)
		}
	}
}

// check13 looks for the sign of one who has DTLS 1.3: in the hello of a client, in the random of a server.
func check13(t *table.Trial, w *watch.Watch, role string) {
	for i, h := range w.Handshakes() {
		if says := map[string]bool{"client": h.Facts.Offers13, "server": h.Facts.Has13}[role]; !says {
			t.Errorf("handshake %d on the wire: nothing says that they have DTLS 1.3", i+1)
		}
	}
}
