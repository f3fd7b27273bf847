package mux

import (
	"io"
	"testing"
)

// A replayLink delivers the same datagrams again and again, a given number in all, and then io.EOF. Reading
// it costs one copy, like a socket without the system call.
type replayLink struct {
	datagrams [][]byte
	left      int
	next      int
}

func (l *replayLink) Read(b []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	l.left--
	d := l.datagrams[l.next]
	if l.next++; l.next == len(l.datagrams) {
		l.next = 0
	}
	return copy(b, d), nil
}

func (l *replayLink) Write(b []byte) (int, error) { return len(b), nil }
func (l *replayLink) Close() error                { return nil }

// mediaMix is what a video call looks like: mostly RTP, some RTCP, little DTLS.
func mediaMix(size int) (mix [][]byte) {
	for i := range 20 {
		class := RTP
		switch i {
		case 7, 15:
			class = RTCP
		case 19:
			class = DTLS
		}
		mix = append(mix, append(datagram(class, ""), make([]byte, size)...)[:size])
	}
	return mix
}

func TestHandlersCostNoAllocation(t *testing.T) {
	const packets = 10_000
	handled := 0
	mix := mediaMix(1200)
	allocs := testing.AllocsPerRun(5, func() {
		m := New(&replayLink{datagrams: mix, left: packets}, nil)
		m.Handle(func(b []byte) { handled += len(b) }, RTP, RTCP, DTLS)
		<-m.Done()
	})
	if handled != 6*packets*1200 {
		t.Fatalf("%d bytes were handled, want %d", handled, 6*packets*1200)
	}
	// New, Handle, the goroutine and the end allocate a fixed amount, about 15; one allocation in
	// a thousand packets would be seen.
	if allocs > 30 {
		t.Errorf("%v allocations for %d packets", allocs, packets)
	}
}

func TestEndpointsCostNoAllocationWhileReadersKeepUp(t *testing.T) {
	m := New(newFakeLink(), nil)
	defer m.Close()
	e := m.Endpoint(RTP)
	b := mediaMix(1200)[0]
	into := make([]byte, 1500)
	allocs := testing.AllocsPerRun(10_000, func() {
		m.dispatch(b)
		m.dispatch(b)
		for range 2 {
			if n, err := e.Read(into); n != len(b) || err != nil {
				t.Fatal(n, err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for two packets, want 0", allocs)
	}
}

func TestDropsCostNoAllocation(t *testing.T) {
	m := New(newFakeLink(), &Config{QueueBytes: 1, EarlyBytes: -1})
	defer m.Close()
	m.Endpoint(RTP)
	allocs := testing.AllocsPerRun(1000, func() {
		for class := range Class(numClasses) {
			m.dispatch(dropped[class])
		}
		m.dispatch(nil)
	})
	if allocs != 0 {
		t.Errorf("%v allocations for %d dropped datagrams, want 0", allocs, numClasses+1)
	}
}

var dropped = func() (d [numClasses][]byte) {
	for class := range Class(numClasses) {
		d[class] = datagram(class, "dropped")
	}
	return d
}()

// The difference between this and BenchmarkHandlers is what demultiplexing costs.
func BenchmarkBareReadLoop(b *testing.B) {
	link := &replayLink{datagrams: mediaMix(1200), left: b.N}
	buf := make([]byte, 8192)
	handled := 0
	handler := func(b []byte) { handled += len(b) }
	b.ReportAllocs()
	b.SetBytes(1200)
	var r io.Reader = link
	for {
		n, err := r.Read(buf)
		if err != nil {
			return
		}
		handler(buf[:n])
	}
}

func BenchmarkHandlers(b *testing.B) {
	handled := 0
	m := New(&replayLink{datagrams: mediaMix(1200), left: b.N}, nil)
	b.ReportAllocs()
	b.SetBytes(1200)
	m.Handle(func(b []byte) { handled += len(b) }, RTP, RTCP, DTLS)
	<-m.Done()
}

// One copy into the queue, one out of it, no change of goroutine.
func BenchmarkEndpoint(b *testing.B) {
	m := New(newFakeLink(), nil)
	defer m.Close()
	e := m.Endpoint(RTP)
	packet := mediaMix(1200)[0]
	into := make([]byte, 1500)
	b.ReportAllocs()
	b.SetBytes(1200)
	for b.Loop() {
		m.dispatch(packet)
		if _, err := e.Read(into); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	mix := mediaMix(12)
	var sum Class
	i := 0
	for b.Loop() {
		sum += Classify(mix[i])
		if i++; i == len(mix) {
			i = 0
		}
	}
	_ = sum
}
