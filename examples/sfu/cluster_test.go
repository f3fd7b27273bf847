package main

import (
	"encoding/binary"
	"testing"
	"time"
)

// eventually waits for something that messages bring about.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// clusterOfTwo returns two servers that are one.
func clusterOfTwo(t *testing.T) (a, b *SFU) {
	t.Helper()
	nats, err := embedNATS("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nats.Shutdown)
	a, _ = startSFU(t, nil)
	b, _ = startSFU(t, nil)
	for _, s := range []*SFU{a, b} {
		c, err := NewCluster(s, "", nats)
		if err != nil {
			t.Fatal(err)
		}
		c.embedded = nil // both use it; the test ends it
		t.Cleanup(c.Close)
	}
	return a, b
}

// publish puts a stream into a room of s.
func publish(s *SFU, room string) *Stream {
	stream, _ := testStream()
	stream.Room = room
	stream.cluster = s.cluster.Load()
	stream.writeRTCP = func(b []byte) (int, error) { return len(b), nil }
	s.rooms.get(room).add(stream)
	s.announce()
	return stream
}

func TestARoomSpansServers(t *testing.T) {
	a, b := clusterOfTwo(t)
	stream := publish(a, "room")
	remote := func() *Stream { return b.rooms.get("room").Stream(stream.ID) }
	eventually(t, "b knows the stream of a", func() bool { return remote() != nil })
	if got := remote(); got.Out != stream.Out || got.Name != stream.Name || !got.has(Video) || got.local() {
		t.Errorf("%+v", got)
	}
	stream.onRTP(packet(96, 1, 77, "nobody wants it"))

	// Somebody at b wants it.
	to := &Subscriber{stream: remote()}
	to.payloadTypes[Video] = 96
	remote().subscribe(to)
	eventually(t, "a knows that it is wanted", stream.isWanted)
	seq := uint16(1)
	eventually(t, "packets come", func() bool {
		seq++
		stream.onRTP(packet(96, seq, 77, "video"))
		got, ok := remote().cache.get(nil, seq-1) // the one of the last time: this one is on its way
		return ok && string(got[rtpHeader:]) == "video" && binary.BigEndian.Uint32(got[8:]) == stream.Out[Video].SSRC
	})
	eventually(t, "the last one has come", func() bool { _, ok := remote().cache.get(nil, seq); return ok })
	if _, ok := remote().cache.get(nil, 1); ok {
		t.Error("a packet that nobody wanted was sent")
	}

	// What its receivers say reaches the publisher.
	to.connected.Store(true)
	to.rate.Store(minRate)
	eventually(t, "the rate of b's receivers", func() bool { return stream.rate() == minRate })
	remote().requestKeyFrame(time.Now())
	eventually(t, "a key frame is asked for", func() bool {
		stream.mu.Lock()
		defer stream.mu.Unlock()
		return stream.wantsPLI || !stream.lastPLI.IsZero()
	})
	to.connected.Store(false)
	remote().unsubscribe(to)

	a.rooms.get("room").remove(stream)
	a.announce()
	eventually(t, "b forgets the stream", func() bool { return remote() == nil })
}

func TestAServerThatLeavesTakesItsStreamsWithIt(t *testing.T) {
	a, b := clusterOfTwo(t)
	stream := publish(a, "room")
	eventually(t, "b knows the stream of a", func() bool { return b.rooms.get("room").Stream(stream.ID) != nil })
	for _, r := range b.cluster.Load().all() {
		r.last = time.Now().Add(-2 * forgotten) // as if a had been silent
		b.cluster.Load().forget(r)
	}
	if b.rooms.get("room").Stream(stream.ID) != nil {
		t.Error("still there")
	}
	// And when it speaks again, they are back.
	a.announce()
	eventually(t, "b knows it again", func() bool { return b.rooms.get("room").Stream(stream.ID) != nil })
}

func TestNobodyCanPutNonsenseIntoRooms(t *testing.T) {
	a, b := clusterOfTwo(t)
	for _, info := range []remoteInfo{{ID: "", Room: "room"}, {ID: "a.b", Room: "room"}, {ID: "x", Room: "no room"}, {ID: "*", Room: "room"}} {
		b.cluster.Load().publish("sfu.presence", presence{Node: "other", Streams: []remoteInfo{info}})
	}
	b.cluster.Load().publish("sfu.presence", presence{Node: "other", Streams: []remoteInfo{{ID: "good", Room: "room"}}})
	eventually(t, "the good one", func() bool { return a.rooms.get("room").Stream("good") != nil })
	if n := len(a.rooms.streams()); n != 1 {
		t.Errorf("%d streams", n)
	}
}
