package pionice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/stun"
	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"
)

// Config holds what can be chosen about an Agent. The zero value gathers host candidates for UDP over IPv4
// and IPv6. It is read by Gather and may be shared.
type Config struct {
	// Loopback adds the addresses of the loopback interface to the candidates, for two agents on one host.
	Loopback bool

	// URLs are STUN and TURN servers: "stun:stun.example.org:3478", "turn:turn.example.org?transport=udp".
	// Secure ones ("stuns:", "turns:") are refused, see the package comment.
	URLs []string

	// Username and Password are for the TURN servers.
	Username, Password string

	// MDNS resolves the ".local" names that browsers put into candidates, on UDP port 5353. Without it such
	// candidates are skipped; a browser that can reach us still connects, as peer reflexive candidate.
	MDNS bool

	// OnState is called with each state of the agent, from a goroutine of the agent. May be nil.
	OnState func(ice.ConnectionState)

	// Net is the network, nil for the host's. It is shielded in any case.
	Net transport.Net

	// Adjust may change the agent's configuration after all other fields have been applied. A Net that it
	// sets is used as it is. May be nil.
	Adjust func(*ice.AgentConfig)
}

// A Description is what one side tells the other through signalling. Its JSON is small and made of strings.
type Description struct {
	Ufrag      string   `json:"ufrag"`
	Password   string   `json:"password"`
	Candidates []string `json:"candidates"` // "candidate:...", as in an RTCIceCandidate or behind "a=" in SDP
}

// An Agent is an ice.Agent that has gathered its candidates. It serves one connection: Dial or Accept, once.
type Agent struct {
	agent  *ice.Agent
	closer *closer
	local  Description
}

// Gather starts an agent and returns it when all its candidates are known. It fails with the cause of ctx,
// or with what ice/v2 says.
func Gather(ctx context.Context, config *Config) (*Agent, error) {
	if config == nil {
		config = &Config{}
	}
	agentConfig, err := config.agentConfig()
	if err != nil {
		return nil, err
	}
	agent, err := ice.NewAgent(agentConfig)
	if err != nil {
		return nil, fmt.Errorf("pionice: %w", err)
	}
	a := &Agent{agent: agent, closer: &closer{agent: agent}}
	if err := a.gather(ctx, config.OnState); err != nil {
		_ = a.Close() // err says more
		return nil, err
	}
	return a, nil
}

func (c *Config) agentConfig() (*ice.AgentConfig, error) {
	urls, err := c.urls()
	if err != nil {
		return nil, err
	}
	network := c.Net
	if network == nil {
		if network, err = stdnet.NewNet(); err != nil {
			return nil, fmt.Errorf("pionice: %w", err)
		}
	}
	mdns := ice.MulticastDNSModeDisabled
	if c.MDNS {
		mdns = ice.MulticastDNSModeQueryOnly
	}
	// ice/v2 waits up to two seconds before it nominates a pair that is not between hosts, in case a better
	// one turns up. A working pair at once is worth more.
	var noWait time.Duration
	config := &ice.AgentConfig{
		Urls:                   urls,
		NetworkTypes:           []ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6},
		MulticastDNSMode:       mdns,
		IncludeLoopback:        c.Loopback,
		Net:                    ShieldNet(network),
		HostAcceptanceMinWait:  &noWait,
		SrflxAcceptanceMinWait: &noWait,
		PrflxAcceptanceMinWait: &noWait,
		RelayAcceptanceMinWait: &noWait,
	}
	if c.Adjust != nil {
		c.Adjust(config)
	}
	return config, nil
}

func (c *Config) urls() ([]*stun.URI, error) {
	var urls []*stun.URI
	for _, s := range c.URLs {
		u, err := stun.ParseURI(s)
		if err != nil {
			return nil, fmt.Errorf("pionice: URL %q: %w", s, err)
		}
		if u.Scheme == stun.SchemeTypeSTUNS || u.Scheme == stun.SchemeTypeTURNS {
			return nil, fmt.Errorf("pionice: URL %q: secure URLs run pion/dtls v2 and are refused", s)
		}
		u.Username, u.Password = c.Username, c.Password
		urls = append(urls, u)
	}
	return urls, nil
}

// gather fills in the local description.
func (a *Agent) gather(ctx context.Context, onState func(ice.ConnectionState)) error {
	err := a.agent.OnConnectionStateChange(func(state ice.ConnectionState) {
		if state == ice.ConnectionStateFailed {
			a.closer.failed.Store(true)
			_ = a.closer.close() // ErrFailed says more
		}
		if onState != nil {
			onState(state)
		}
	})
	if err != nil {
		return fmt.Errorf("pionice: %w", err)
	}
	complete := make(chan struct{})
	err = a.agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			close(complete)
		}
	})
	if err == nil {
		err = a.agent.GatherCandidates()
	}
	if err != nil {
		return fmt.Errorf("pionice: %w", err)
	}
	select {
	case <-complete:
	case <-ctx.Done():
		return fmt.Errorf("pionice: gathering candidates: %w", context.Cause(ctx))
	}

	candidates, err := a.agent.GetLocalCandidates()
	if err != nil {
		return fmt.Errorf("pionice: %w", err)
	}
	for _, c := range candidates {
		a.local.Candidates = append(a.local.Candidates, "candidate:"+c.Marshal())
	}
	if a.local.Ufrag, a.local.Password, err = a.agent.GetLocalUserCredentials(); err != nil {
		return fmt.Errorf("pionice: %w", err)
	}
	return nil
}

// Description returns what the peer needs to know. The caller must not change its slice.
func (a *Agent) Description() Description { return a.local }

// ICE returns the agent of ice/v2, to look at. Its Close and its handlers belong to the Agent.
func (a *Agent) ICE() *ice.Agent { return a.agent }

// Dial connects to the peer, as the controlling side. It returns a Link, which closes the agent when it is
// closed; or an error (the cause of ctx, ErrFailed, net.ErrClosed after Close), and then the agent
// is closed.
func (a *Agent) Dial(ctx context.Context, remote Description) (*Link, error) {
	return a.connect(ctx, remote, a.agent.Dial)
}

// Accept is like Dial, as the controlled side. One side dials, the other accepts; in WebRTC who offered dials.
func (a *Agent) Accept(ctx context.Context, remote Description) (*Link, error) {
	return a.connect(ctx, remote, a.agent.Accept)
}

func (a *Agent) connect(ctx context.Context, remote Description,
	connect func(context.Context, string, string) (*ice.Conn, error),
) (*Link, error) {
	// What we do not understand is skipped: it may be a transport or a type of candidate that we do not have
	// (RFC 8839, Section 5.1). If nothing at all is understood, that is a mistake and not a peer of the future.
	var bad []error
	for _, c := range remote.Candidates {
		if err := a.AddRemoteCandidate(c); err != nil {
			bad = append(bad, err)
		}
	}
	if len(bad) > 0 && len(bad) == len(remote.Candidates) {
		_ = a.Close() // the error above says more
		return nil, errors.Join(bad...)
	}
	conn, err := connect(ctx, remote.Ufrag, remote.Password)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		err = fmt.Errorf("pionice: connecting: %w", a.closer.reason(err))
		_ = a.Close() // err says more
		return nil, err
	}
	return &Link{agent: a.agent, conn: conn, closer: a.closer}, nil
}

// AddRemoteCandidate adds a candidate of the peer that came later than its Description: "candidate:...",
// with or without "a=" before it. The empty string, which browsers send as the last one, adds nothing.
func (a *Agent) AddRemoteCandidate(candidate string) error {
	s := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(candidate), "a="), "candidate:")
	if s == "" {
		return nil
	}
	c, err := ice.UnmarshalCandidate(s)
	if err == nil {
		err = a.agent.AddRemoteCandidate(c)
	}
	if err != nil {
		return fmt.Errorf("pionice: candidate %q: %w", candidate, err)
	}
	return nil
}

// Close ends the agent; a Dial or Accept that waits fails with net.ErrClosed. It may be called more than
// once, and after the Link was closed.
func (a *Agent) Close() error { return a.closer.close() }
