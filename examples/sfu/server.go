package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

//go:embed page
var page embed.FS

// maxBody bounds an offer, in bytes.
const maxBody = 64 << 10

// A Server answers the requests of doc.go. It is safe for concurrent use.
type Server struct {
	sfu    *SFU
	routes *http.ServeMux
}

// NewServer returns the HTTP side of sfu.
func NewServer(sfu *SFU) *Server {
	s := &Server{sfu: sfu, routes: http.NewServeMux()}
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // page is embedded
	}
	s.routes.Handle("GET /", http.FileServerFS(files))
	s.routes.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "status.html")
	})
	s.routes.HandleFunc("GET /status.json", s.status)
	s.routes.Handle("GET /metrics", sfu.metrics.handler())
	s.routes.HandleFunc("POST /rooms/{room}/whip", s.whip)
	s.routes.HandleFunc("POST /rooms/{room}/whep/{stream}", s.whep)
	s.routes.HandleFunc("GET /rooms/{room}/streams", s.streams)
	s.routes.HandleFunc("DELETE /sessions/{key}/{stream}", s.end)
	s.routes.HandleFunc("OPTIONS /", preflight)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'self'; media-src 'self' blob: mediastream:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
	// WHIP and WHEP clients are pages of anybody (RFC 9725, Section 4.7); there are no cookies that could be misused.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Location")
	s.routes.ServeHTTP(w, r)
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
	w.WriteHeader(http.StatusNoContent)
}

// A refusal is an error with the status to answer it with.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

// whip takes a publisher.
func (s *Server) whip(w http.ResponseWriter, r *http.Request) {
	v, err := readVisit(w, r, true)
	if err != nil {
		refuse(w, err)
		return
	}
	session, answer, err := s.sfu.Publish(v)
	if err != nil {
		refuse(w, err)
		return
	}
	created(w, session.Path(session.ID), answer)
}

// whep takes a receiver of one stream.
func (s *Server) whep(w http.ResponseWriter, r *http.Request) {
	v, err := readVisit(w, r, false)
	if err != nil {
		refuse(w, err)
		return
	}
	stream := s.sfu.rooms.stream(r.PathValue("stream"))
	if stream == nil || stream.Room != v.Room {
		refuse(w, errGone)
		return
	}
	session, answer, err := s.sfu.Subscribe(stream, v)
	if err != nil {
		refuse(w, err)
		return
	}
	created(w, session.Path(stream.ID), answer)
}

func created(w http.ResponseWriter, location, answer string) {
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, answer)
}

// end ends a session: whoever knows its key may.
func (s *Server) end(w http.ResponseWriter, r *http.Request) {
	if !s.sfu.End(r.PathValue("key")) {
		refuse(w, &refusal{http.StatusNotFound, "no session of that key"})
	}
}

// streams tells who is in a room, now and at each change, as server-sent events.
func (s *Server) streams(w http.ResponseWriter, r *http.Request) {
	room, err := roomOf(r)
	if err != nil {
		refuse(w, err)
		return
	}
	client := clientOf(r)
	if !s.sfu.clients.take(client) {
		refuse(w, errTooMany)
		return
	}
	defer s.sfu.clients.giveBack(client)
	changes := s.sfu.rooms.watch(room)
	defer s.sfu.rooms.forget(room, changes)
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.sfu.closed:
			return
		case <-alive.C:
			fmt.Fprint(w, ": alive\n\n")
		case <-changes:
			list, err := json.Marshal(s.sfu.rooms.list(room))
			if err != nil {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", list)
		}
		_ = out.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if out.Flush() != nil {
			return
		}
	}
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.sfu.metrics.recent()) // an error is the client's going away
}

var roomName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func roomOf(r *http.Request) (string, error) {
	name := r.PathValue("room")
	if !roomName.MatchString(name) {
		return "", &refusal{http.StatusBadRequest, "a room's name has 1 to 64 letters, digits, - and _"}
	}
	return name, nil
}

// clientOf returns where a request comes from; the zero Addr if that is no address.
func clientOf(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr()
}

// cleanName is what others see of what somebody calls himself.
func cleanName(s string) string {
	name := printable(s)
	if runes := []rune(name); len(runes) > 32 {
		name = strings.TrimSpace(string(runes[:32]))
	}
	if name == "" {
		return "somebody"
	}
	return name
}

// readVisit reads what somebody asks for.
func readVisit(w http.ResponseWriter, r *http.Request, publisher bool) (*Visit, error) {
	room, err := roomOf(r)
	if err != nil {
		return nil, err
	}
	o, err := readOffer(w, r, publisher)
	if err != nil {
		return nil, err
	}
	return &Visit{room, cleanName(r.URL.Query().Get("name")), clientOf(r), o}, nil
}

func readOffer(w http.ResponseWriter, r *http.Request, publisher bool) (*Offer, error) {
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); t != "application/sdp" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "an offer is application/sdp"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the offer is larger than %d bytes", maxBody)}
	} else if err != nil {
		return nil, &refusal{http.StatusBadRequest, "the offer did not arrive"}
	}
	o, err := ParseOffer(string(body), publisher)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "offer: " + err.Error()}
	}
	return o, nil
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
