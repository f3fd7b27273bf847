package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	runtimemetrics "runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/rtctransport/rtctransport/mux/icelite"
)

// Metrics are the figures of the server, for /metrics and for /status.json.
type Metrics struct {
	sfu       *SFU
	registry  *prometheus.Registry
	handshake prometheus.Histogram
	failed    atomic.Uint64 // sessions that ended before they were connected
	ended     atomic.Uint64 // connected sessions that ended
	broken    atomic.Uint64 // of these, those that nobody closed
	flooded   atomic.Uint64 // packets of peers that sent more media or reports than they may
	census    Census
	tally     Tally

	// Of data channels.
	associations    atomic.Int64  // there are now
	lines           atomic.Uint64 // that people have written here
	echoes          atomic.Uint64
	linesRefused    atomic.Uint64
	channelsRefused atomic.Uint64
	messagesLost    atomic.Uint64 // lines and echoes that somebody was too slow for
	floods          atomic.Uint64 // associations that ended because the peer did too much

	mu   sync.Mutex
	last *Status // for recent
}

// handshakeBuckets are seconds from the first connectivity check to the keys.
var handshakeBuckets = []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5}

func newMetrics(s *SFU) *Metrics {
	m := &Metrics{sfu: s, registry: prometheus.NewRegistry(), tally: Tally{live: make(map[*Session]struct{})}}
	m.handshake = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "sfu_handshake_seconds", Help: "From the first connectivity check to the SRTP keys.", Buckets: handshakeBuckets,
	})
	m.registry.MustRegister(m.handshake, m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

func (m *Metrics) flood() { m.flooded.Add(1) }

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
	drops   = prometheus.NewDesc("sfu_dropped_total", "Datagrams, records, packets and messages that were dropped, by reason.", []string{"reason"}, nil)
	packets = prometheus.NewDesc("sfu_datagrams_total", "Datagrams on the UDP port.", []string{"direction"}, nil)
	octets  = prometheus.NewDesc("sfu_bytes_total", "Bytes of UDP payload on the port.", []string{"direction"}, nil)
	calls   = prometheus.NewDesc("sfu_kernel_calls_total", "Calls of the kernel that moved datagrams.", []string{"direction"}, nil)
	ends    = prometheus.NewDesc("sfu_sessions_ended_total", "Sessions that have ended.", []string{"how"}, nil)
	threads = prometheus.NewDesc("sfu_goroutines", "Goroutines, by whose they are.", []string{"owner"}, nil)
	talk    = prometheus.NewDesc("sfu_messages_total", "Messages on data channels.", []string{"channel"}, nil)
	checks  = prometheus.NewDesc("sfu_connectivity_checks_total", "Connectivity checks that were authentic and answered with success.", nil, nil)
	expired = prometheus.NewDesc("sfu_peers_expired_total", "Peers that ended because they made no connectivity check, or no more.", nil, nil)
	faults  = prometheus.NewDesc("sfu_receive_errors_total", "Calls of the kernel to receive that failed and were repeated.", nil, nil)
	now     = prometheus.NewDesc("sfu_current", "What there is now.", []string{"what"}, nil)
)

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{drops, packets, octets, calls, ends, threads, talk, checks, expired, faults, now} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	s := m.recent()
	counter := func(d *prometheus.Desc, v uint64, label ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), label...)
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
	counter(talk, s.Lines, chatLabel)
	counter(talk, s.Echoes, echoLabel)
	counter(checks, s.Checks)
	counter(expired, s.Expired)
	counter(faults, s.ReceiveErrors)
	for owner, n := range s.Goroutines {
		out <- prometheus.MustNewConstMetric(threads, prometheus.GaugeValue, float64(n), owner)
	}
	for what, n := range map[string]int{"peers": s.Peers, "streams": s.Streams, "rooms": s.Rooms, "SCTP associations": s.Associations} {
		out <- prometheus.MustNewConstMetric(now, prometheus.GaugeValue, float64(n), what)
	}
}

// Status is what the status page plots. Counts only grow.
type Status struct {
	Time          int64             `json:"time"` // ms of the Unix time
	Peers         int               `json:"peers"`
	Streams       int               `json:"streams"`
	Rooms         int               `json:"rooms"`
	Associations  int               `json:"associations"` // of SCTP, each with the data channels of one session
	Lines         uint64            `json:"lines"`        // of chat, written at this server
	Echoes        uint64            `json:"echoes"`
	PacketsIn     uint64            `json:"packetsIn"`
	PacketsOut    uint64            `json:"packetsOut"`
	BytesIn       uint64            `json:"bytesIn"`
	BytesOut      uint64            `json:"bytesOut"`
	Receives      uint64            `json:"receives"`
	Sends         uint64            `json:"sends"`
	Checks        uint64            `json:"checks"`        // connectivity checks
	Expired       uint64            `json:"expired"`       // peers without any, or any more
	ReceiveErrors uint64            `json:"receiveErrors"` // of the kernel
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

// statusEvery is how old the status may be that HTTP tells: whoever asks for it often has it made no more often.
const statusEvery = 250 * time.Millisecond

// recent returns a status that is not older than that. It is not to be changed.
func (m *Metrics) recent() *Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil || time.Since(time.UnixMilli(m.last.Time)) >= statusEvery {
		m.last = m.status()
	}
	return m.last
}

// status reads all figures.
func (m *Metrics) status() *Status {
	u := m.sfu.udp.Stats()
	heap := []runtimemetrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	runtimemetrics.Read(heap)
	return &Status{
		Time: time.Now().UnixMilli(), Peers: u.Peers, Streams: len(m.sfu.rooms.all()), Rooms: m.sfu.rooms.len(),
		Associations: int(m.associations.Load()), Lines: m.lines.Load(), Echoes: m.echoes.Load(),
		PacketsIn: u.DatagramsReceived, PacketsOut: u.DatagramsSent, BytesIn: u.BytesReceived, BytesOut: u.BytesSent,
		Receives: u.Receives, Sends: u.Sends, Checks: u.Checks, Expired: u.Expired, ReceiveErrors: u.ReceiveErrors,
		Drops: m.drops(&u), Handshakes: m.buckets(), Goroutines: m.census.take(time.Now()), Heap: heap[0].Value.Uint64(),
		ReceiveBuffer: u.ReceiveBuffer, Segmentation: u.Segmentation, Coalescing: u.Coalescing,
	}
}

// drops returns what was dropped, by reason: by the port, by the sessions' transports, and by us.
func (m *Metrics) drops(u *icelite.Stats) map[string]uint64 {
	drops := map[string]uint64{
		"unknown source": u.UnknownSource, "not STUN": u.NotSTUN, "other STUN": u.OtherSTUN, "unknown ufrag": u.UnknownUfrag,
		"unauthenticated check": u.Unauthenticated, "refused check": u.Refused, "replayed check": u.Replayed, "flood of checks": u.TooMany,
		"contested check": u.Contested, "unattached": u.Unattached, "send error": u.SendErrors,

		"flood of media or reports": m.flooded.Load(), "flood on data channels": m.floods.Load(), "refused data channel": m.channelsRefused.Load(),
		"refused line": m.linesRefused.Load(), "message to a slow reader": m.messagesLost.Load(),
	}
	sum := m.tally.take(time.Now())
	sum.named(drops)
	return drops
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
