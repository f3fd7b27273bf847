package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// Jobs with interop/dcpeer at the other end in place of examples/browser; those of interop/webrtc/js/jobs/dcpeer.js.

const dcpeerChannels = 50

// few are messages for a channel that is one of many.
func few(c *channel) []any { return []any{"of " + c.Label(), make([]byte, 1000)} }

// allSizes are those that it takes: an empty message is one of the kinds.
func allSizes() []any {
	return []any{"hello", "Grüße 🙂", "", []byte{}, make([]byte, 1), make([]byte, 1200), make([]byte, 16384), make([]byte, 65535), strings.Repeat("x", 65535), "end"}
}

// oneByOne has each message echoed before the next goes: unordered ones have no order.
func (c *channel) oneByOne(messages []any) error {
	for _, m := range messages {
		if err := c.echoes(m); err != nil {
			return err
		}
	}
	return nil
}

// some sends until a few echoes have come, of a channel that may lose any.
func (c *channel) some() error {
	for i := range 100 {
		c.mu.Lock()
		n := len(c.got)
		c.mu.Unlock()
		if n >= 3 {
			return nil
		}
		if err := c.SendText(fmt.Sprint("message ", i)); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("few echoes of 100 messages on %s", c.Label())
}

func dcpeerEchoes(j *job) error      { return j.dcpeerEchoes(false) }
func dcpeerEchoesLossy(j *job) error { return j.dcpeerEchoes(true) }

func (j *job) dcpeerEchoes(lossy bool) error {
	no, zero, lifetime, protocol := false, uint16(0), uint16(500), "p"
	type use struct {
		label string
		init  *webrtc.DataChannelInit
		does  func(*channel) error
	}
	partly := func(c *channel) error {
		if lossy {
			return c.some()
		}
		return c.oneByOne(few(c))
	}
	uses := []use{
		{"plain", nil, func(c *channel) error { return c.echoes(allSizes()...) }},
		{"unordered", &webrtc.DataChannelInit{Ordered: &no, Protocol: &protocol}, func(c *channel) error { return c.oneByOne(allSizes()) }},
		{"once", &webrtc.DataChannelInit{Ordered: &no, MaxRetransmits: &zero}, partly},
		{"timed", &webrtc.DataChannelInit{MaxPacketLifeTime: &lifetime}, partly},
	}
	for i := len(uses); i < dcpeerChannels; i++ {
		uses = append(uses, use{fmt.Sprint("c", i), nil, func(c *channel) error { return c.echoes(few(c)...) }})
	}
	var all []*channel
	_, err := j.begin(options{at: "dcpeer/echoes"}, func(pc *webrtc.PeerConnection) error {
		for _, u := range uses {
			c, err := j.open(pc, u.label, u.init)
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	errs := make([]error, len(all))
	var done sync.WaitGroup
	for i, c := range all {
		done.Go(func() {
			if errs[i] = c.opened(); errs[i] == nil {
				errs[i] = uses[i].does(c)
			}
			if errs[i] == nil {
				errs[i] = errors.Join(c.Close(), c.closed())
			}
		})
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return j.until("dcpeer to have closed 50 channels", func() bool { return j.dcpeer().Closed == dcpeerChannels })
}

// A dcpeerProgress is what the program has done.
type dcpeerProgress struct {
	Closed int
	Ended  bool
}

func (j *job) dcpeer() (p dcpeerProgress) {
	_ = j.ask("dcpeer", nil, &p)
	return p
}

// dcpeerOpens has both sides open channels; each echoes on those of the other, which closes them.
func dcpeerOpens(j *job) error {
	var mu sync.Mutex
	var theirs []*webrtc.DataChannel
	var ours *channel
	_, err := j.begin(options{at: "dcpeer/opens"}, func(pc *webrtc.PeerConnection) (err error) {
		pc.OnDataChannel(func(d *webrtc.DataChannel) {
			d.OnMessage(func(m webrtc.DataChannelMessage) {
				if m.IsString {
					_ = d.SendText(string(m.Data))
				} else {
					_ = d.Send(bytes.Clone(m.Data))
				}
			})
			mu.Lock()
			defer mu.Unlock()
			theirs = append(theirs, d)
		})
		ours, err = j.open(pc, "ours", nil)
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(ours.opened(), ours.echoes("from both sides", make([]byte, 3000))); err != nil {
		return err
	}
	count := func() (came, closed int) {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range theirs {
			if d.ReadyState() == webrtc.DataChannelStateClosed {
				closed++
			}
		}
		return len(theirs), closed
	}
	err = j.until("50 channels of dcpeer, closed", func() bool {
		_, closed := count()
		return closed == dcpeerChannels
	})
	if err != nil {
		came, closed := count()
		return fmt.Errorf("%w: %d have come, %d are closed", err, came, closed)
	}
	if err := errors.Join(ours.Close(), ours.closed()); err != nil {
		return err
	}
	return j.until("dcpeer to have shut down", func() bool { return j.dcpeer().Ended })
}
