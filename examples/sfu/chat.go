package main

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// What people write is bounded, for each of them and for the room: a line goes to everyone in it.
const (
	maxLine            = 2000 // bytes of UTF-8
	linesPerSecond     = 5    // of one member
	roomLinesPerSecond = 50   // of all members at this server
)

// A Line is what somebody has written, as everyone in the room gets it, himself too: text on the channel "chat", in JSON.
type Line struct {
	From string `json:"from"` // the id of his session
	Name string `json:"name"`
	Text string `json:"text"`
}

// A refused line goes back to who has written it, and to nobody else.
type refusedLine struct {
	Refused string `json:"refused"` // why
}

// A Chat is what the people in a room write to each other: everyone at this server gets all lines in the same order. The zero
// value has nobody in it. It is safe for concurrent use.
type Chat struct {
	mu      sync.Mutex
	members map[*Member]struct{}
	budget  budget
}

// A Member is somebody in a chat.
type Member struct {
	ID, Name string
	send     func(sctpdc.Message) error // does not wait

	budget budget // guarded by Chat.mu
}

func (c *Chat) add(m *Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members == nil {
		c.members = make(map[*Member]struct{})
	}
	c.members[m] = struct{}{}
}

func (c *Chat) remove(m *Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, m)
}

// take makes a line of what a member has sent. If it is none, refused says why, to him.
func (c *Chat) take(now time.Time, m *Member, message sctpdc.Message) (line Line, refused string) {
	if message.Kind != sctpdc.Text || !utf8.Valid(message.Data) {
		return line, "a line is text"
	}
	if len(message.Data) > maxLine {
		return line, "the line is too long"
	}
	text := printable(string(message.Data))
	if text == "" {
		return line, "the line is empty"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !m.budget.take(now, 1, linesPerSecond) {
		return line, "too many lines at once"
	}
	if !c.budget.take(now, 1, roomLinesPerSecond) {
		return line, "too many lines in this room at once"
	}
	return Line{m.ID, m.Name, text}, ""
}

// say gives a line to all members. Who has not taken the lines before misses this one, so that nobody waits for him; lost is how
// many do.
func (c *Chat) say(line Line) (lost int) {
	message := textMessage(line)
	c.mu.Lock()
	defer c.mu.Unlock()
	for m := range c.members {
		if m.send(message) != nil { // his buffer is full, or he is about to leave
			lost++
		}
	}
	return lost
}

// textMessage is v as JSON.
func textMessage(v any) sctpdc.Message {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // what we make a message of has strings only
	}
	return sctpdc.Message{Kind: sctpdc.Text, Data: b}
}

// printable returns what people have typed with a space for each control character, and without spaces at its ends.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s))
}
