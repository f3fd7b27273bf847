package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Metrics are the figures of the server, for /metrics and for /status.json.
type Metrics struct {
	sfu       *SFU
	registry  *prometheus.Registry
	handshake prometheus.Histogram
	failed    atomic.Uint64 // sessions that ended before they were connected
	ended     atomic.Uint64 // connected sessions that ended
	broken    atomic.Uint64 // of these, those that nobody closed
	flooded   atomic.Uint64 // packets of publishers that sent more than they may
	census    Census
}

// handshakeBuckets are seconds from the first connectivity check to the keys.
var handshakeBuckets = []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5}

func newMetrics(s *SFU) *Metrics {
	m := &Metrics{sfu: s, registry: prometheus.NewRegistry()}
	m.handshake = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "sfu_handshake_seconds", Help: "From the first connectivity check to the SRTP keys.", Buckets: handshakeBuckets,
	})
	m.registry.MustRegister(m.handshake, m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// end counts the end of a session.
func (m *Metrics) end(connected bool, err error) {
	switch {
	case !connected:
		m.failed.Add(1)
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
		m.ended.Add(1)
	default:
		m.ended.Add(1)
		m.broken.Add(1)
	}
}

var (
	drops   = prometheus.NewDesc("sfu_dropped_datagrams_total", "Datagrams that were dropped, by reason.", []string{"reason"}, nil)
	packets = prometheus.NewDesc("sfu_datagrams_total", "Datagrams on the UDP port.", []string{"direction"}, nil)
	octets  = prometheus.NewDesc("sfu_bytes_total", "Bytes of UDP payload on the port.", []string{"direction"}, nil)
	calls   = prometheus.NewDesc("sfu_kernel_calls_total", "Calls of the kernel that moved datagrams.", []string{"direction"}, nil)
	ends    = prometheus.NewDesc("sfu_sessions_ended_total", "Sessions that have ended.", []string{"how"}, nil)
	threads = prometheus.NewDesc("sfu_goroutines", "Goroutines, by whose they are.", []string{"owner"}, nil)
	now     = prometheus.NewDesc("sfu_current", "What there is now.", []string{"what"}, nil)
)

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{drops, packets, octets, calls, ends, threads, now} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	s := m.status()
	counter := func(d *prometheus.Desc, v uint64, label string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), label)
	}
	for reason, n := range s.Drops {
		counter(drops, n, reason)
	}
	counter(packets, s.PacketsIn, "in")
	counter(packets, s.PacketsOut, "out")
	counter(octets, s.BytesIn, "in")
	counter(octets, s.BytesOut, "out")
	counter(calls, s.Receives, "in")
	counter(calls, s.Sends, "out")
	counter(ends, m.failed.Load(), "failed")
	counter(ends, m.ended.Load()-m.broken.Load(), "closed")
	counter(ends, m.broken.Load(), "broken")
	for owner, n := range s.Goroutines {
		out <- prometheus.MustNewConstMetric(threads, prometheus.GaugeValue, float64(n), owner)
	}
	for what, n := range map[string]int{"peers": s.Peers, "streams": s.Streams, "rooms": s.Rooms} {
		out <- prometheus.MustNewConstMetric(now, prometheus.GaugeValue, float64(n), what)
	}
}

// Status is what the status page plots. Counts only grow.
type Status struct {
	Time          int64             `json:"time"` // ms of the Unix time
	Peers         int               `json:"peers"`
	Streams       int               `json:"streams"`
	Rooms         int               `json:"rooms"`
	PacketsIn     uint64            `json:"packetsIn"`
	PacketsOut    uint64            `json:"packetsOut"`
	BytesIn       uint64            `json:"bytesIn"`
	BytesOut      uint64            `json:"bytesOut"`
	Receives      uint64            `json:"receives"`
	Sends         uint64            `json:"sends"`
	Drops         map[string]uint64 `json:"drops"`
	Handshakes    []Bucket          `json:"handshakes"`
	Goroutines    map[string]int    `json:"goroutines"`    // by whose they are
	Heap          uint64            `json:"heap"`          // bytes
	ReceiveBuffer int               `json:"receiveBuffer"` // bytes, of each socket
	Segmentation  bool              `json:"segmentation"`
	Coalescing    bool              `json:"coalescing"`
}

// A Bucket counts handshakes that took at most that long, and longer than the bucket before. The last has no bound.
type Bucket struct {
	Seconds float64 `json:"seconds"` // 0: no bound
	Count   uint64  `json:"count"`
}

// status reads all figures.
func (m *Metrics) status() *Status {
	u := m.sfu.udp.Stats()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return &Status{
		Time: time.Now().UnixMilli(), Peers: u.Peers, Streams: len(m.sfu.rooms.streams()), Rooms: m.sfu.rooms.len(),
		PacketsIn: u.DatagramsReceived, PacketsOut: u.DatagramsSent, BytesIn: u.BytesReceived, BytesOut: u.BytesSent,
		Receives: u.Receives, Sends: u.Sends,
		Drops: map[string]uint64{
			"unknown source": u.UnknownSource, "not STUN": u.NotSTUN, "other STUN": u.OtherSTUN, "unknown ufrag": u.UnknownUfrag,
			"unauthenticated check": u.Unauthenticated, "refused check": u.Refused, "replayed check": u.Replayed, "flood of checks": u.TooMany,
			"flood of a publisher": m.flooded.Load(), "unattached": u.Unattached, "send error": u.SendErrors,
		},
		Handshakes: m.buckets(), Goroutines: m.census.take(time.Now()), Heap: mem.HeapAlloc,
		ReceiveBuffer: u.ReceiveBuffer, Segmentation: u.Segmentation, Coalescing: u.Coalescing,
	}
}

func (m *Metrics) buckets() []Bucket {
	var metric dto.Metric
	if m.handshake.Write(&metric) != nil {
		return nil
	}
	h := metric.GetHistogram()
	var list []Bucket
	before := uint64(0)
	for _, b := range h.GetBucket() {
		list = append(list, Bucket{b.GetUpperBound(), b.GetCumulativeCount() - before})
		before = b.GetCumulativeCount()
	}
	return append(list, Bucket{0, h.GetSampleCount() - before})
}
