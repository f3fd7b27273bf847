package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/sctpdc"
)

// reader is a member that keeps what it gets.
func reader(c *Chat, name string) (*Member, *[]Line) {
	got := new([]Line)
	m := &Member{ID: name, Name: name, send: func(m sctpdc.Message) error {
		var line Line
		err := json.Unmarshal(m.Data, &line)
		*got = append(*got, line)
		return err
	}}
	c.add(m)
	return m, got
}

func text(s string) sctpdc.Message { return sctpdc.Message{Kind: sctpdc.Text, Data: []byte(s)} }

func TestALineIsPlainText(t *testing.T) {
	for name, test := range map[string]struct {
		message sctpdc.Message
		want    string
		refused string
	}{
		"a line":                 {text("hello"), "hello", ""},
		"another language":       {text("Grüße, 世界 🌍"), "Grüße, 世界 🌍", ""},
		"what looks like a page": {text("<b>hello</b>"), "<b>hello</b>", ""},
		"more than a line":       {text(" a\r\nb\x00\u0085\u2028c "), "a  b   c", ""},
		"nothing":                {text(" \n "), "", "the line is empty"},
		"too much":               {text(strings.Repeat("x", maxLine+1)), "", "the line is too long"},
		"not UTF-8":              {text("\xff"), "", "a line is text"},
		"no text":                {sctpdc.Message{Kind: sctpdc.Binary, Data: []byte("hello")}, "", "a line is text"},
	} {
		var c Chat
		m, _ := reader(&c, "Ada")
		if line, refused := c.take(start, m, test.message); line.Text != test.want || refused != test.refused {
			t.Errorf("%s: %q, refused %q", name, line.Text, refused)
		}
	}
}

func TestWhoWritesTooMuchIsRefusedAlone(t *testing.T) {
	var c Chat
	ada, _ := reader(&c, "Ada")
	bob, _ := reader(&c, "Bob")
	taken := 0
	for second := range 3 {
		for i := range 100 {
			if _, refused := c.take(start.Add(time.Duration(second)*time.Second+time.Duration(i)*time.Microsecond), ada, text("spam")); refused == "" {
				taken++
			}
		}
		if _, refused := c.take(start.Add(time.Duration(second)*time.Second), bob, text("hello")); refused != "" {
			t.Errorf("another is refused: %s", refused)
		}
	}
	if taken < 2*linesPerSecond || taken > 3*linesPerSecond {
		t.Errorf("%d lines in 3 s", taken)
	}
}

// Many who write as much as each may are bounded together, for each line goes to all of them.
func TestARoomHasABoundAsWell(t *testing.T) {
	var c Chat
	taken := 0
	for range 100 {
		m, _ := reader(&c, "one of many")
		for range linesPerSecond - 1 {
			if _, refused := c.take(start, m, text("hello")); refused == "" {
				taken++
			}
		}
	}
	if taken != roomLinesPerSecond {
		t.Errorf("%d lines at once", taken)
	}
}

func TestNobodyWaitsForASlowReader(t *testing.T) {
	var c Chat
	_, got := reader(&c, "Ada")
	slow := &Member{send: func(sctpdc.Message) error { return errors.New("buffer full") }}
	c.add(slow)
	for _, s := range []string{"one", "two"} {
		if lost := c.say(Line{"id", "Ada", s}); lost != 1 {
			t.Errorf("%d miss the line", lost)
		}
	}
	c.remove(slow)
	if lost := c.say(Line{"id", "Ada", "three"}); lost != 0 || len(*got) != 3 || (*got)[2] != (Line{"id", "Ada", "three"}) {
		t.Errorf("%v, %d miss a line", *got, lost)
	}
}

func TestNamesAreShortPlainText(t *testing.T) {
	for name, want := range map[string]string{
		"Ada": "Ada", " Ada ": "Ada", "": "somebody", " \t\n": "somebody", "Ada\r\na=x:y": "Ada  a=x:y", "\x1b[1mAda\u009b": "[1mAda",
		strings.Repeat("ä", 40): strings.Repeat("ä", 32), "A\xffda": "A\ufffdda", "<b>": "<b>",
	} {
		if got := cleanName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
