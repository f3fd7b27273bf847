package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// inRoom is a stream that nobody sends.
func inRoom(id, room string) *Stream {
	s := &Stream{ID: id, Room: room, Name: id}
	s.subscribers.Store(new([]*Subscriber))
	return s
}

func TestARoomGoesWithTheLastWhoIsInIt(t *testing.T) {
	r := newRooms()
	stream, member := inRoom("1", "room"), new(Member)
	r.add(stream)
	changes := r.watch("room")
	r.enter("room", member)
	r.remove(stream)
	r.remove(stream) // again
	r.forget("room", changes)
	if r.len() != 1 || len(r.list("room")) != 0 || r.chat("room") == nil {
		t.Errorf("%d rooms", r.len())
	}
	r.leave("room", member)
	if r.len() != 0 || r.chat("room") != nil || len(r.all()) != 0 {
		t.Errorf("%d rooms are left", r.len())
	}
}

// Who has made an offer and takes his time to connect comes into the room in which others wait for him, whatever happens to
// other rooms meanwhile.
func TestSomebodySlowComesIntoTheRoomWhereOthersAre(t *testing.T) {
	r := newRooms()
	slow := inRoom("1", "room")
	for i := range 10 {
		name := fmt.Sprint("other", i)
		r.forget(name, r.watch(name))
	}
	changes := r.watch("room")
	<-changes
	r.add(slow)
	select {
	case <-changes:
	default:
		t.Error("nobody is told")
	}
	if list := r.list("room"); len(list) != 1 || r.stream("1") != slow {
		t.Errorf("%+v", list)
	}
}

func TestARoomIsBounded(t *testing.T) {
	sfu, s := startSFU(t, nil)
	for i := range maxStreams {
		if !sfu.rooms.add(inRoom(fmt.Sprint(i), "room")) {
			t.Fatalf("no place for stream %d", i)
		}
	}
	if sfu.rooms.add(inRoom("more", "room")) || !sfu.rooms.add(inRoom("more", "other")) {
		t.Error("one too many has place, or one in another room has none")
	}
	if sfu.rooms.add(inRoom("more", "third")) {
		t.Error("a stream is in two rooms")
	}
	if w := from("127.0.0.1:7", s, http.MethodPost, "/rooms/room/whip", offer); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "in this room") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := from("127.0.0.1:7", s, http.MethodPost, "/rooms/room/whip", dataOffer); w.Code != http.StatusCreated {
		t.Errorf("who only chats: %d %s", w.Code, w.Body)
	}
}

func TestNobodySubscribesToAStreamThatHasEnded(t *testing.T) {
	sfu, s := startSFU(t, nil)
	o, err := ParseOffer(offer, true)
	if err != nil {
		t.Fatal(err)
	}
	stream := newStream(newID(), "a", "Ada", o)
	sfu.rooms.add(stream)
	stream.end() // it is about to be taken out of the room
	recvonly := strings.ReplaceAll(offer, "sendonly", "recvonly")
	if w := from("127.0.0.1:7", s, http.MethodPost, "/rooms/a/whep/"+stream.ID, recvonly); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := from("127.0.0.1:7", s, http.MethodPost, "/rooms/b/whep/"+stream.ID, recvonly); w.Code != http.StatusNotFound {
		t.Errorf("in another room: %d %s", w.Code, w.Body)
	}
	if w := from("127.0.0.1:7", s, http.MethodPost, "/rooms/a/whep/"+stream.ID, strings.ReplaceAll(dataOffer, "sendonly", "recvonly")); w.Code != http.StatusBadRequest {
		t.Errorf("with data channels alone: %d %s", w.Code, w.Body)
	}
	if n := sfu.udp.Stats().Peers; n != 0 {
		t.Errorf("%d peers are left", n)
	}
}
