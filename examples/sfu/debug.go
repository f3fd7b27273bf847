package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
)

// serveDebug serves profiles and memory figures on an address that should be of the loopback interface only, and returns it.
func serveDebug(address string) (net.Addr, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /debug/pprof/", pprof.Index)
	routes.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	// Memory after a collection, in bytes.
	routes.HandleFunc("GET /memory", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		runtime.GC() // what finalizers have let go of
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		json.NewEncoder(w).Encode(map[string]uint64{"heap": m.HeapAlloc, "stack": m.StackInuse, "goroutines": uint64(runtime.NumGoroutine())})
	})
	go http.Serve(listener, routes) // until the process ends
	return listener.Addr(), nil
}
