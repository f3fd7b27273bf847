package dtlstransport

import (
	"encoding/hex"
	"io"
)

// logKey writes the session's secret to w as tools like Wireshark read it:
//
//	CLIENT_RANDOM <client_random in hex> <master_secret in hex>
//
// A failure to write is not a failure of the handshake.
func (s *schedule12) logKey(w io.Writer) {
	if w == nil {
		return
	}
	line := []byte("CLIENT_RANDOM ")
	line = hex.AppendEncode(line, s.clientRandom[:])
	line = append(line, ' ')
	line = hex.AppendEncode(line, s.master)
	line = append(line, '\n')
	_, _ = w.Write(line)
	clear(line)
}
