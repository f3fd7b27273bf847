package main

import (
	"slices"
	"strings"
	"sync"
)

// A Room is who sends to whom: everyone receives all streams but his own, and reads what everyone writes. Rooms guards it.
type Room struct {
	Name string
	Chat Chat

	streams  map[string]*Stream
	watchers map[chan struct{}]struct{} // each with room for one: "look again"
	members  int                        // of the chat
}

// Info is a stream as the room's page sees it.
type Info struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Audio bool   `json:"audio"`
	Video bool   `json:"video"`
}

// Rooms are the rooms that have somebody in them: one comes with the first, and goes with the last. It is safe for concurrent
// use.
type Rooms struct {
	mu      sync.Mutex
	rooms   map[string]*Room
	streams map[string]*Stream // of all rooms, by id
}

func newRooms() *Rooms {
	return &Rooms{rooms: make(map[string]*Room), streams: make(map[string]*Stream)}
}

// maxStreams is how many people may send in one room: each page opens a connection for each of them.
const maxStreams = 200

// add puts a stream into its room. It reports whether there was place for it.
func (r *Rooms) add(s *Stream) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room := r.rooms[s.Room]; room != nil && len(room.streams) >= maxStreams || r.streams[s.ID] != nil {
		return false
	}
	room := r.get(s.Room)
	room.streams[s.ID], r.streams[s.ID] = s, s
	room.changed()
	return true
}

// remove takes a stream out of its room, if it is there.
func (r *Rooms) remove(s *Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.streams[s.ID] != s {
		return
	}
	room := r.rooms[s.Room]
	delete(r.streams, s.ID)
	delete(room.streams, s.ID)
	room.changed()
	r.drop(room)
}

// full reports whether a room has place for no other stream.
func (r *Rooms) full(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	return room != nil && len(room.streams) >= maxStreams
}

// stream returns the stream of that id, or nil.
func (r *Rooms) stream(id string) *Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[id]
}

// all returns the streams of all rooms.
func (r *Rooms) all() []*Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Stream, 0, len(r.streams))
	for _, s := range r.streams {
		all = append(all, s)
	}
	return all
}

// list tells who sends in a room, by id.
func (r *Rooms) list(name string) []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []Info{} // as JSON, [] and not null
	if room := r.rooms[name]; room != nil {
		for _, s := range room.streams {
			list = append(list, Info{s.ID, s.Name, s.has(Audio), s.has(Video)})
		}
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// watch returns a channel that has something now and after each change, until forget.
func (r *Rooms) watch(name string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan struct{}, 1)
	c <- struct{}{}
	r.get(name).watchers[c] = struct{}{}
	return c
}

func (r *Rooms) forget(name string, c chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	delete(room.watchers, c)
	r.drop(room)
}

// enter lets somebody into a room's chat, and returns that. It is the room's until he has left.
func (r *Rooms) enter(name string, m *Member) *Chat {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.get(name)
	room.members++
	room.Chat.add(m)
	return &room.Chat
}

func (r *Rooms) leave(name string, m *Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	room.members--
	room.Chat.remove(m)
	r.drop(room)
}

// chat returns the chat of a room, or nil if nobody is there.
func (r *Rooms) chat(name string) *Chat {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room := r.rooms[name]; room != nil {
		return &room.Chat
	}
	return nil
}

// len returns how many rooms there are.
func (r *Rooms) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rooms)
}

// get returns the room of that name, a new one if need be. mu is held, and somebody is about to be put into it.
func (r *Rooms) get(name string) *Room {
	room := r.rooms[name]
	if room == nil {
		room = &Room{Name: name, streams: make(map[string]*Stream), watchers: make(map[chan struct{}]struct{})}
		r.rooms[name] = room
	}
	return room
}

// drop forgets a room that nobody is in. mu is held.
func (r *Rooms) drop(room *Room) {
	if len(room.streams)+len(room.watchers)+room.members == 0 {
		delete(r.rooms, room.Name)
	}
}

// changed wakes the watchers. Rooms.mu is held.
func (r *Room) changed() {
	for c := range r.watchers {
		select {
		case c <- struct{}{}:
		default: // it has not looked at the last change yet
		}
	}
}
