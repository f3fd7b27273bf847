package main

import (
	"slices"
	"strings"
	"sync"
)

// A Room is who sends to whom: everyone receives all streams but his own. It is safe for concurrent use.
type Room struct {
	Name string

	mu       sync.Mutex
	streams  map[string]*Stream
	watchers map[chan struct{}]struct{} // each with room for one: "look again"
}

// Info is a stream as the room's page sees it.
type Info struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Audio bool   `json:"audio"`
	Video bool   `json:"video"`
}

// Streams lists who sends, by id.
func (r *Room) Streams() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []Info{} // as JSON, [] and not null
	for _, s := range r.streams {
		list = append(list, Info{s.ID, s.Name, s.has(Audio), s.has(Video)})
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Stream returns the stream of that id, or nil.
func (r *Room) Stream(id string) *Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[id]
}

func (r *Room) add(s *Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams[s.ID] = s
	r.changed()
}

func (r *Room) remove(s *Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.streams, s.ID)
	r.changed()
}

// watch returns a channel that has something after each change, until forget.
func (r *Room) watch() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan struct{}, 1)
	c <- struct{}{}
	r.watchers[c] = struct{}{}
	return c
}

func (r *Room) forget(c chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.watchers, c)
}

// changed wakes the watchers. mu is held.
func (r *Room) changed() {
	for c := range r.watchers {
		select {
		case c <- struct{}{}:
		default: // it has not looked at the last change yet
		}
	}
}

// Rooms are all rooms. One without streams and watchers is as good as none, and is dropped.
type Rooms struct {
	mu    sync.Mutex
	rooms map[string]*Room
}

// get returns the room of that name, a new one if need be.
func (r *Rooms) get(name string) *Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	if room == nil {
		for other, empty := range r.rooms {
			if empty.isEmpty() {
				delete(r.rooms, other)
			}
		}
		room = &Room{Name: name, streams: make(map[string]*Stream), watchers: make(map[chan struct{}]struct{})}
		r.rooms[name] = room
	}
	return room
}

// streams returns all streams of all rooms.
func (r *Rooms) streams() (all []*Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, room := range r.rooms {
		room.mu.Lock()
		for _, s := range room.streams {
			all = append(all, s)
		}
		room.mu.Unlock()
	}
	return all
}

// len returns how many rooms have somebody in them.
func (r *Rooms) len() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, room := range r.rooms {
		if !room.isEmpty() {
			n++
		}
	}
	return n
}

func (r *Room) isEmpty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.streams)+len(r.watchers) == 0
}
