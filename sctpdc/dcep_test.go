package sctpdc

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

var (
	three     = uint16(3)
	twoSecond = 2 * time.Second
)

var openMessages = []dcepOpenMessage{
	{},
	{channelType: dcepReliable, priority: 256, label: "echo"},
	{channelType: dcepRexmit, reliability: 3, label: "a", protocol: "b"},
	{channelType: dcepTimed | dcepUnordered, reliability: 1<<32 - 1, priority: 65535, protocol: "only"},
	{channelType: dcepReliable | dcepUnordered, label: string(bytes.Repeat([]byte{0xff}, 65535)), protocol: string(make([]byte, 65535))},
}

func TestDCEPOpenSurvivesTheRoundTrip(t *testing.T) {
	for _, m := range openMessages {
		b := m.append([]byte("before"))
		got, err := parseDCEPOpen(b[len("before"):])
		if err != nil || got != m {
			t.Errorf("parsed %.60v, %v; wrote %.60v", got, err, m)
		}
	}
}

// DC-04
func TestNoStrictPrefixOfDCEPOpenParses(t *testing.T) {
	for _, m := range openMessages[:4] {
		b := m.append(nil)
		for n := range b {
			if _, err := parseDCEPOpen(b[:n]); !errors.Is(err, ErrProtocol) {
				t.Errorf("%d of %d bytes: %v, want ErrProtocol", n, len(b), err)
			}
		}
		if _, err := parseDCEPOpen(append(b, 0)); !errors.Is(err, ErrProtocol) {
			t.Errorf("a byte more: %v, want ErrProtocol", err)
		}
	}
}

// DC-03, DC-04
func TestDCEPOpenWithBadValuesIsRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"channel type 3":       {dcepOpen, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"channel type 0x7f":    {dcepOpen, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"channel type 0x83":    {dcepOpen, 0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"label of 65535":       {dcepOpen, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0},
		"protocol of 65535":    {dcepOpen, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
		"message type 1":       {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"DATA_CHANNEL_ACK":     {dcepAck},
		"nothing":              {},
		"lengths that overlap": {dcepOpen, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 'a', 'b', 'c'},
	} {
		if _, err := parseDCEPOpen(b); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v, want ErrProtocol", name, err)
		}
	}
}

func TestOptionsBecomeTheChannelTypeAndBack(t *testing.T) {
	for _, test := range []struct {
		options ChannelOptions
		want    uint8
	}{
		{ChannelOptions{}, 0x00},
		{ChannelOptions{Unordered: true}, 0x80},
		{ChannelOptions{MaxRetransmits: &three}, 0x01},
		{ChannelOptions{MaxRetransmits: &three, Unordered: true}, 0x81},
		{ChannelOptions{MaxLifetime: &twoSecond}, 0x02},
		{ChannelOptions{MaxLifetime: &twoSecond, Unordered: true, Protocol: "p", Priority: 7}, 0x82},
	} {
		m := openMessage("label", &test.options)
		if m.channelType != test.want {
			t.Errorf("%+v: channel type %#x, want %#x", test.options, m.channelType, test.want)
		}
		if again := m.options(); openMessage("label", &again) != m {
			t.Errorf("%+v comes back as %+v", test.options, again)
		}
	}
}

func FuzzDCEPOpen(f *testing.F) {
	for _, m := range openMessages[:4] {
		f.Add(m.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseDCEPOpen(b)
		if err != nil {
			return
		}
		if again := m.append(nil); !bytes.Equal(again, b) {
			t.Errorf("parsed %x, writes %x", b, again)
		}
	})
}
