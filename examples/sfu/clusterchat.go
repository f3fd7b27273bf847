package main

import (
	"encoding/json"
	"strings"

	"github.com/nats-io/nats.go"
)

// A nodeLine is a line on its way to other servers, on sfu.chat.{room}.
type nodeLine struct {
	Node string `json:"node"`
	Line
}

// say gives a line that was written here to the rooms of that name at other servers.
func (c *Cluster) say(room string, line Line) {
	c.publish("sfu.chat."+room, nodeLine{c.node, line})
}

// onChat takes a line that was written at another server.
func (c *Cluster) onChat(m *nats.Msg) {
	chat := c.sfu.rooms.chat(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:])
	var l nodeLine
	if chat == nil || json.Unmarshal(m.Data, &l) != nil || l.Node == c.node || len(l.Text) > maxLine {
		return
	}
	if text := printable(l.Text); text != "" {
		c.sfu.metrics.messagesLost.Add(uint64(chat.say(Line{l.From, cleanName(l.Name), text})))
	}
}
