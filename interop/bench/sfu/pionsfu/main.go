// Pionsfu is the smallest conference server that pion/webrtc makes, with the same HTTP interface as examples/sfu: what that is
// compared with. ICE-lite, one UDP port, AES-128-GCM, a TrackLocalStaticRTP for each publisher.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

type server struct {
	api *webrtc.API

	mu      sync.Mutex
	next    int
	streams map[string]*webrtc.TrackLocalStaticRTP
	peers   map[string]*webrtc.PeerConnection
}

func main() {
	address := flag.String("addr", "127.0.0.1:8080", "`address` to serve HTTP on")
	media := flag.String("udp", "127.0.0.1:0", "`address` of the UDP port")
	flag.Parse()
	udp, err := net.ListenPacket("udp4", *media)
	if err != nil {
		log.Fatal(err)
	}
	if conn, ok := udp.(*net.UDPConn); ok { // the buffers that ours has
		conn.SetReadBuffer(4 << 20)
		conn.SetWriteBuffer(4 << 20)
	}
	var engine webrtc.MediaEngine
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, PayloadType: 96,
	}, webrtc.RTPCodecTypeVideo); err != nil {
		log.Fatal(err)
	}
	var settings webrtc.SettingEngine
	settings.SetLite(true)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, udp))
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		log.Fatal(err)
	}
	s := &server{
		// No interceptors: reports, NACK and TWCC would be work that the other server's figures do not have either.
		api:     webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(&interceptor.Registry{})),
		streams: make(map[string]*webrtc.TrackLocalStaticRTP), peers: make(map[string]*webrtc.PeerConnection),
	}
	http.HandleFunc("POST /rooms/{room}/whip", s.whip)
	http.HandleFunc("POST /rooms/{room}/whep/{stream}", s.whep)
	http.HandleFunc("DELETE /sessions/{id}", s.end)
	http.HandleFunc("GET /memory", s.memory)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("LISTENING http://%s, media on UDP %s\n", listener.Addr(), udp.LocalAddr())
	log.Fatal(http.Serve(listener, nil))
}

func (s *server) whip(w http.ResponseWriter, r *http.Request) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "load")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.answer(w, r, func(pc *webrtc.PeerConnection, id string) error {
		pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			b := make([]byte, 1500)
			for {
				n, _, err := remote.Read(b)
				if err != nil {
					return
				}
				track.Write(b[:n])
			}
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		s.streams[id] = track
		return nil
	})
}

func (s *server) whep(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	track := s.streams[r.PathValue("stream")]
	s.mu.Unlock()
	if track == nil {
		http.NotFound(w, r)
		return
	}
	s.answer(w, r, func(pc *webrtc.PeerConnection, _ string) error {
		_, err := pc.AddTrack(track)
		return err
	})
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, prepare func(pc *webrtc.PeerConnection, id string) error) {
	offer, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	pc, err := s.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	s.next++
	id := strconv.Itoa(s.next)
	s.peers[id] = pc
	s.mu.Unlock()
	pc.OnDataChannel(func(c *webrtc.DataChannel) { // what comes goes back
		c.OnMessage(func(m webrtc.DataChannelMessage) { _ = c.Send(m.Data) })
	})
	err = prepare(pc, id)
	if err == nil {
		err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(offer)})
	}
	var answer webrtc.SessionDescription
	if err == nil {
		answer, err = pc.CreateAnswer(nil)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err == nil {
		err = pc.SetLocalDescription(answer)
	}
	if err != nil {
		pc.Close()
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	<-gathered
	w.Header().Set("Location", "/sessions/"+id)
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, pc.LocalDescription().SDP)
}

func (s *server) end(_ http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	pc := s.peers[id]
	delete(s.peers, id)
	delete(s.streams, id)
	s.mu.Unlock()
	if pc != nil {
		pc.Close()
	}
}

// memory tells what examples/sfu tells on its debug port: memory after a collection, in bytes.
func (s *server) memory(w http.ResponseWriter, _ *http.Request) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	json.NewEncoder(w).Encode(map[string]uint64{"heap": m.HeapAlloc, "stack": m.StackInuse, "goroutines": uint64(runtime.NumGoroutine())})
}
