package mux

import (
	"io"
	"net"
	"unsafe" // for linkname

	"github.com/pion/logging"
	_ "github.com/pion/webrtc/v4" // it has the mux in it
)

// The mux of pion/webrtc is internal to it, so the linker is asked for its functions. Their types are told alike here; a
// version that has changed them fails the test.

type pionConfig struct {
	Conn          net.Conn
	BufferSize    int
	LoggerFactory logging.LoggerFactory
}

type (
	pionMux      struct{}
	pionEndpoint struct{}
)

//go:linkname newPionMux github.com/pion/webrtc/v4/internal/mux.NewMux
func newPionMux(config pionConfig) *pionMux

//go:linkname newPionEndpoint github.com/pion/webrtc/v4/internal/mux.(*Mux).NewEndpoint
func newPionEndpoint(m *pionMux, match func([]byte) bool) *pionEndpoint

//go:linkname closePionMux github.com/pion/webrtc/v4/internal/mux.(*Mux).Close
func closePionMux(m *pionMux) error

//go:linkname readPionEndpoint github.com/pion/webrtc/v4/internal/mux.(*Endpoint).Read
func readPionEndpoint(e *pionEndpoint, b []byte) (int, error)

//go:linkname matchDTLS github.com/pion/webrtc/v4/internal/mux.MatchDTLS
func matchDTLS(b []byte) bool

//go:linkname matchSRTP github.com/pion/webrtc/v4/internal/mux.MatchSRTP
func matchSRTP(b []byte) bool

//go:linkname matchSRTCP github.com/pion/webrtc/v4/internal/mux.MatchSRTCP
func matchSRTCP(b []byte) bool

func (e *pionEndpoint) Read(b []byte) (int, error) { return readPionEndpoint(e, b) }

var _ unsafe.Pointer

// pionEndpoints are those that pion/webrtc has, with its sizes.
func pionEndpoints(n int) (float64, error) {
	link := newQueuedReplay(n)
	logs := logging.NewDefaultLoggerFactory()
	logs.DefaultLogLevel = logging.LogLevelDisabled
	m := newPionMux(pionConfig{Conn: link, BufferSize: 1460, LoggerFactory: logs})
	defer closePionMux(m)
	return readAll(n, link.queues, []io.Reader{newPionEndpoint(m, matchSRTP), newPionEndpoint(m, matchSRTCP), newPionEndpoint(m, matchDTLS)})
}
