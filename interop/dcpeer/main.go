package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// maxMessageSize is what Chromium takes as well, in bytes. What the peer takes is not told on the command line.
const maxMessageSize = maxGenerated

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// A program is one run.
type program struct {
	*contract.Options
	data   dataFlags
	config *dtlstransport.Config
	out    *contract.Output
}

// A lineWriter lets several goroutines print; each line is one Write.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// run is the program. It returns its exit code.
func run(args []string, stdout io.Writer) int {
	p := &program{out: &contract.Output{W: &lineWriter{w: stdout}}}
	if err := p.parse(args); err != nil {
		return p.out.Failed(contract.StageUsage, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.Timeout)
	defer cancel()
	if p.Role == dtlstransport.RoleClient {
		return p.runClient(ctx)
	}
	p.config.Sessions = contract.Sessions{}
	address, err := net.ResolveUDPAddr("udp", p.Addr)
	if err != nil {
		return p.out.Failed(contract.StageSocket, &contract.UsageError{Err: err})
	}
	socket, err := net.ListenUDP("udp", address)
	if err != nil {
		return p.out.Failed(contract.StageSocket, err)
	}
	defer socket.Close()
	enlarge(socket)
	worst := contract.ExitDone
	for range p.Accept {
		p.out.Listening(socket.LocalAddr())
		l, err := accept(ctx, socket)
		if err != nil {
			return p.failed(contract.StageHandshake, err)
		}
		code := p.serve(ctx, l)
		if code == contract.ExitWatchdog {
			return code
		}
		worst = max(worst, code)
	}
	return worst
}

// runClient is the program as client.
func (p *program) runClient(ctx context.Context) int {
	var sessions contract.Sessions
	if p.Resume != "" {
		var err error
		if sessions, err = contract.LoadSessions(p.Resume); err != nil {
			p.out.Note("%s: %v", p.Resume, err)
		}
		p.config.Sessions, p.config.NoTickets = sessions, !p.Tickets
	}
	l, err := dial(p.Addr)
	if err != nil {
		return p.out.Failed(contract.StageSocket, err)
	}
	defer l.socket.Close()
	code := p.serve(ctx, l)
	if p.Resume != "" {
		switch saved, err := sessions.Save(p.Resume); {
		case err != nil:
			return max(code, p.out.Failed(contract.StageSession, err))
		case saved:
			p.out.SessionSaved()
		}
	}
	return code
}

func (p *program) parse(args []string) (err error) {
	if p.Options, err = contract.Parse(args, p.data.flags()...); err != nil {
		return err
	}
	if err := p.data.check(p.Options); err != nil {
		return err
	}
	p.config, err = p.Config()
	return err
}

// failed says what failed, and returns the exit code.
func (p *program) failed(stage string, err error) int {
	if errors.Is(err, context.DeadlineExceeded) {
		err = contract.ErrWatchdog
	}
	return p.out.Failed(stage, err)
}

// line prints a fact.
func (p *program) line(format string, args ...any) { fmt.Fprintf(p.out.W, format+"\n", args...) }

// serve runs DTLS and SCTP with one peer from beginning to end.
func (p *program) serve(ctx context.Context, l *link) int {
	defer l.Close()
	begin := dtlstransport.Client
	if p.Role == dtlstransport.RoleServer {
		begin = dtlstransport.Server
	}
	conn, err := begin(l, p.config)
	if err != nil {
		return p.failed(contract.StageUsage, &contract.UsageError{Err: err})
	}
	defer conn.Close()
	if err := conn.Handshake(ctx); err != nil {
		return p.failed(contract.StageHandshake, err)
	}
	p.out.Connected(conn.ConnectionState())
	code := contract.ExitDone
	for _, e := range p.Exports {
		value, err := conn.ExportKeyingMaterial(e.Label, e.Context, e.Length)
		if err != nil {
			code = p.failed(contract.StageExport, err)
			continue
		}
		p.out.Export(e, value)
	}
	association, err := sctpdc.New(conn, &sctpdc.Config{
		Role:                p.Role,
		Port:                p.data.port,
		PeerPort:            p.data.port,
		MaxMessageSize:      maxMessageSize,
		PeerMaxMessageSize:  -1,
		DisableInterleaving: !p.data.idata,
	})
	if err != nil {
		return p.failed(contract.StageData, err)
	}
	defer association.Close()
	if err := association.Handshake(ctx); err != nil {
		return p.failed(contract.StageData, err)
	}
	s := association.Stats()
	p.line("sctp up idata=%d zerochecksum=%d rtts=%d", digit(s.Interleaving), digit(s.ZeroChecksumSending), s.RoundTrips)
	return max(code, (&session{program: p, conn: conn, association: association}).run(ctx))
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}
