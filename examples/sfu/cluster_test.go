package main

import (
	"encoding/binary"
	"fmt"
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
	stream.ID, stream.Room = newID(), room
	stream.cluster = s.cluster.Load()
	stream.writeRTCP = func(b []byte) (int, error) { return len(b), nil }
	s.rooms.add(stream)
	stream.cluster.came(stream)
	return stream
}

func TestARoomSpansServers(t *testing.T) {
	a, b := clusterOfTwo(t)
	stream := publish(a, "room")
	remote := func() *Stream { return b.rooms.stream(stream.ID) }
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

	a.rooms.remove(stream)
	a.cluster.Load().left(stream)
	eventually(t, "b forgets the stream", func() bool { return remote() == nil })
}

func TestAServerThatLeavesTakesItsStreamsWithIt(t *testing.T) {
	a, b := clusterOfTwo(t)
	stream := publish(a, "room")
	eventually(t, "b knows the stream of a", func() bool { return b.rooms.stream(stream.ID) != nil })
	for _, r := range b.cluster.Load().all() {
		if at := time.Now(); b.cluster.Load().isSilent(r, at) || !b.cluster.Load().isSilent(r, at.Add(2*forgotten)) {
			t.Error("a stream is silent, or never is")
		}
		b.cluster.Load().forget(r)
	}
	if b.rooms.stream(stream.ID) != nil {
		t.Error("still there")
	}
	// And when it speaks again, they are back.
	a.cluster.Load().came(stream)
	eventually(t, "b knows it again", func() bool { return b.rooms.stream(stream.ID) != nil })
}

func TestNobodyCanPutNonsenseIntoRooms(t *testing.T) {
	a, b := clusterOfTwo(t)
	good := newID()
	for _, info := range []remoteInfo{{ID: "", Room: "room"}, {ID: "a.b", Room: "room"}, {ID: good, Room: "no room"}, {ID: "*", Room: "room"}, {ID: good[:8], Room: "room"}} {
		b.cluster.Load().publish("sfu.presence", presence{Node: "other", Streams: []remoteInfo{info}})
	}
	b.cluster.Load().publish("sfu.presence", presence{Node: "other", Streams: []remoteInfo{{ID: good, Room: "room", Name: "Ada\r\na=x"}}})
	eventually(t, "the good one", func() bool { return a.rooms.stream(good) != nil })
	if n, name := len(a.rooms.all()), a.rooms.stream(good).Name; n != 1 || name != "Ada  a=x" {
		t.Errorf("%d streams, one of %q", n, name)
	}
}

// NATS takes messages of 1 MB at most: what a server says of its streams can be more.
func TestAServerMayHaveManyStreams(t *testing.T) {
	a, b := clusterOfTwo(t)
	const many = 6000
	for i := range many {
		stream := inRoom(newID(), fmt.Sprint("room", i/maxStreams))
		stream.writeRTCP = func(b []byte) (int, error) { return len(b), nil }
		if !a.rooms.add(stream) {
			t.Fatal("no place for a stream")
		}
	}
	c := a.cluster.Load()
	c.announce()
	eventually(t, "b knows all of them", func() bool { return len(b.rooms.all()) == many })
	c.left(c.local()...)
	eventually(t, "b knows none", func() bool { return len(b.rooms.all()) < many })
}
