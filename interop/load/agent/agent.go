package agent

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun"

	"github.com/rtctransport/rtctransport/mux"
)

// ConsentInterval is how often a check is made once connected: "every 5 seconds" before randomization (RFC 7675,
// Section 5.1).
const ConsentInterval = 5 * time.Second

const (
	firstRetry = 50 * time.Millisecond
	maxRetry   = time.Second
)

// Credentials are those of one side: a=ice-ufrag and a=ice-pwd.
type Credentials struct{ Ufrag, Password string }

// NewCredentials returns fresh ones.
func NewCredentials() Credentials {
	b := make([]byte, 6+24)
	rand.Read(b)
	s := base64.RawStdEncoding.EncodeToString(b)
	return Credentials{s[:8], s[8:]}
}

// An Agent is a connected UDP socket whose other end has answered our checks: a mux.Pusher. It has to be closed.
type Agent struct {
	udp           *net.UDPConn
	local, remote Credentials
	rtt           atomic.Int64

	connected chan struct{} // closed with the first answer
	once      sync.Once
	done      chan struct{} // closed when the loop has ended
	timer     *time.Timer

	mu       sync.Mutex
	deliver  func([]byte)
	end      func(error)
	err      error
	asked    [12]byte // transaction of the last check
	askedAt  time.Time
	retry    time.Duration
	answered bool
	refused  stun.ErrorCode // of the last error response, for the text of a failure
}

// Dial checks addr until it answers. local are our credentials, which the server has to know by ufrag only, if at all.
func Dial(ctx context.Context, addr netip.AddrPort, local, remote Credentials) (*Agent, error) {
	udp, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	a := &Agent{udp: udp, local: local, remote: remote, connected: make(chan struct{}), done: make(chan struct{}), retry: firstRetry}
	a.mu.Lock()
	a.timer = time.AfterFunc(0, a.check)
	a.mu.Unlock()
	go a.loop()
	select {
	case <-a.connected:
		return a, nil
	case <-a.done:
		return nil, a.err
	case <-ctx.Done():
		a.Close()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.refused != 0 {
			return nil, fmt.Errorf("no answer but error %d: %w", a.refused, ctx.Err())
		}
		return nil, fmt.Errorf("no answer to connectivity checks: %w", ctx.Err())
	}
}

// check sends a check and arranges for the next.
func (a *Agent) check() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return
	}
	wait := ConsentInterval
	if !a.answered {
		wait, a.retry = a.retry, min(2*a.retry, maxRetry)
	}
	a.timer.Reset(wait)
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(a.remote.Ufrag+":"+a.local.Ufrag),
		stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, 1853824767)}, // peer reflexive
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)},
		stun.RawAttribute{Type: stun.AttrUseCandidate},
		stun.NewShortTermIntegrity(a.remote.Password), stun.Fingerprint)
	if err != nil {
		panic(err) // its arguments are ours
	}
	a.asked, a.askedAt = m.TransactionID, time.Now()
	_, _ = a.udp.Write(m.Raw) // the next is on its way
}

func (a *Agent) loop() {
	defer close(a.done)
	buf := make([]byte, 2048)
	for {
		n, err := a.udp.Read(buf)
		switch {
		case err == nil:
		case mux.IsTransient(err):
			continue
		default:
			a.fail(err)
			return
		}
		if b := buf[:n]; mux.IsSTUN(b) {
			a.stun(b)
		} else {
			a.mu.Lock()
			deliver := a.deliver
			a.mu.Unlock()
			if deliver != nil {
				deliver(b)
			}
		}
	}
}

func (a *Agent) stun(b []byte) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return
	}
	switch m.Type {
	case stun.BindingSuccess:
		a.mu.Lock()
		defer a.mu.Unlock()
		if m.TransactionID != a.asked || stun.NewShortTermIntegrity(a.remote.Password).Check(m) != nil {
			return
		}
		a.rtt.Store(int64(time.Since(a.askedAt)))
		if !a.answered {
			a.answered = true
			a.timer.Reset(ConsentInterval)
		}
		a.once.Do(func() { close(a.connected) })
	case stun.BindingError:
		var code stun.ErrorCodeAttribute
		if code.GetFrom(m) == nil {
			a.mu.Lock()
			a.refused = code.Code
			a.mu.Unlock()
		}
	case stun.BindingRequest: // of a server that is a full agent
		if stun.NewShortTermIntegrity(a.local.Password).Check(m) != nil {
			return
		}
		addr := a.udp.RemoteAddr().(*net.UDPAddr)
		if r, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess, &stun.XORMappedAddress{IP: addr.IP, Port: addr.Port},
			stun.NewShortTermIntegrity(a.local.Password), stun.Fingerprint); err == nil {
			_, _ = a.udp.Write(r.Raw)
		}
	}
}

// Push is how a Mux takes what comes; see mux.Pusher.
func (a *Agent) Push(deliver func(b []byte), end func(err error)) {
	a.mu.Lock()
	a.deliver, a.end = deliver, end
	err := a.err
	a.mu.Unlock()
	if err != nil {
		end(err)
	}
}

// Read is there for mux.Link and always fails.
func (a *Agent) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Write sends one datagram.
func (a *Agent) Write(b []byte) (int, error) { return a.udp.Write(b) }

// Close closes the socket.
func (a *Agent) Close() error { return a.fail(net.ErrClosed) }

func (a *Agent) fail(err error) error {
	a.mu.Lock()
	if a.err != nil {
		a.mu.Unlock()
		return nil
	}
	a.err = err
	a.timer.Stop()
	end := a.end
	a.mu.Unlock()
	closeErr := a.udp.Close()
	if end != nil {
		end(err)
	}
	return closeErr
}

// LocalAddr returns the socket's address.
func (a *Agent) LocalAddr() net.Addr { return a.udp.LocalAddr() }

// RemoteAddr returns the server's.
func (a *Agent) RemoteAddr() net.Addr { return a.udp.RemoteAddr() }

// RTT returns the round-trip time of the last check.
func (a *Agent) RTT() time.Duration { return time.Duration(a.rtt.Load()) }

var _ mux.Pusher = (*Agent)(nil)
