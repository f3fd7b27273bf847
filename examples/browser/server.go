package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

//go:embed page
var page embed.FS

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// A Server answers the requests of doc.go. It is safe for concurrent use.
type Server struct {
	*Table
	// Trace is told what DTLS does; nil: nobody is. To be set before use.
	Trace func(dtlstransport.TraceEvent)

	only   net.IP // address of the candidates; nil is every address of the machine
	routes *http.ServeMux
}

// NewServer returns a server whose peers' candidates are on the address only, or on all if it is nil.
func NewServer(only net.IP, limits Limits) *Server {
	s := &Server{Table: NewTable(limits), only: only, routes: http.NewServeMux()}
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // page is embedded
	}
	s.routes.Handle("/", http.FileServerFS(files))
	s.routes.HandleFunc("POST /offer", s.offer)
	s.routes.HandleFunc("POST /call", s.call)
	s.routes.HandleFunc("POST /answer", s.answer)
	s.routes.HandleFunc("POST /close", s.close)
	s.routes.HandleFunc("GET /stats", s.stats)
	s.routes.HandleFunc("GET /info", s.info)
	// Without these a wrong method would reach the page's files.
	for _, path := range []string{"/offer", "/call", "/answer", "/close", "/stats", "/info"} {
		s.routes.HandleFunc(path, wrongMethod)
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'")
	// Pages that this machine itself serves may call us; others may not.
	if origin := r.Header.Get("Origin"); loopbackOrigin(origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Vary", "Origin")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	s.routes.ServeHTTP(w, r)
}

// loopbackOrigin reports whether the page comes from a server on this machine.
func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// A message is the body of requests and answers that carry a description.
type message struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	ID   string `json:"id,omitempty"`
}

// A refusal is an error with the status to answer it with.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func bad(format string, a ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, a...)}
}

// offer answers an offer and starts the peer.
func (s *Server) offer(w http.ResponseWriter, r *http.Request) {
	d, err := readDescription(w, r, "offer")
	if err != nil {
		refuse(w, err)
		return
	}
	setup := r.URL.Query().Get("setup")
	if setup != "" && setup != setupActive && setup != setupPassive {
		refuse(w, bad("setup is active or passive"))
		return
	}
	s.begin(w, r, "answer", func(p *Peer) (string, error) { return p.Answer(d, setup) }, (*Peer).Start)
}

// call makes an offer of our own.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	s.begin(w, r, "offer", func(p *Peer) (string, error) { return p.Offer("from-server") }, func(*Peer) {})
}

// begin makes a peer, lets describe write its description, keeps it and answers. A peer that cannot be described is not kept.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, kind string, describe func(*Peer) (string, error), start func(*Peer)) {
	if !s.Reserve() {
		refuse(w, &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d peers are served already", s.limits.Peers)})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Gathering)
	defer cancel()
	p, err := NewPeer(ctx, s.only)
	var text string
	if err == nil {
		p.trace = s.Trace
		if text, err = describe(p); err != nil {
			p.Close()
			err = bad("%v", err)
		}
	}
	if err != nil {
		s.Fill(nil)
		refuse(w, err)
		return
	}
	s.Fill(p)
	start(p)
	reply(w, message{Type: kind, SDP: text, ID: p.ID})
}

// answer takes the answer to our offer and starts the peer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	p, err := s.find(r)
	if err != nil {
		refuse(w, err)
		return
	}
	d, err := readDescription(w, r, "answer")
	if err != nil {
		refuse(w, err)
		return
	}
	if err := p.Answered(d); errors.Is(err, errAnswered) {
		refuse(w, &refusal{http.StatusConflict, err.Error()})
		return
	} else if err != nil {
		refuse(w, bad("%v", err))
		return
	}
	p.Start()
	reply(w, struct{}{})
}

// stats tells a peer's figures.
func (s *Server) stats(w http.ResponseWriter, r *http.Request) {
	p, err := s.find(r)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, p.Stats())
}

// close closes a peer; its figures can still be read for a while.
func (s *Server) close(w http.ResponseWriter, r *http.Request) {
	p, err := s.find(r)
	if err != nil {
		refuse(w, err)
		return
	}
	p.Close()
	reply(w, struct{}{})
}

func (s *Server) info(w http.ResponseWriter, _ *http.Request) {
	reply(w, struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}{"rtctransport", version()})
}

func wrongMethod(w http.ResponseWriter, r *http.Request) {
	refuse(w, &refusal{http.StatusMethodNotAllowed, "wrong method for " + r.URL.Path})
}

// readDescription reads and checks the body of a request that carries a description of that type.
func readDescription(w http.ResponseWriter, r *http.Request, kind string) (*Description, error) {
	var m message
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&m)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody)}
	} else if err != nil {
		return nil, bad(`the body is not JSON like {"type":%q,"sdp":"..."}`, kind)
	}
	if m.Type != kind {
		return nil, bad("type is not %q", kind)
	}
	d, err := ParseDescription(m.SDP)
	if err != nil {
		return nil, bad("sdp: %v", err)
	}
	return d, nil
}

// find returns the peer that a request names.
func (s *Server) find(r *http.Request) (*Peer, error) {
	p := s.Find(r.URL.Query().Get("id"))
	if p == nil {
		return nil, &refusal{http.StatusNotFound, "no peer of that id"}
	}
	return p, nil
}

// reply answers with JSON.
func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // an error is the client's going away
}

// refuse answers with the error's status and one line. What is not the client's fault is a 500.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if r := (*refusal)(nil); errors.As(err, &r) {
		status = r.status
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	http.Error(w, line, status)
}
