package dtlstransport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/keying"
)

// A setting is a field of Config as text.
type setting struct {
	name string
	get  func(*Config) string // empty: the default
	set  func(*Config, string) error
}

// settings is what LoadPolicy knows, in the order in which WritePolicy writes.
var settings = []setting{
	listSetting("cipher_suites", func(c *Config) *[]CipherSuite { return &c.CipherSuites }, knownSuites()),
	listSetting("groups", func(c *Config) *[]Group { return &c.Groups }, defaultGroups),
	listSetting("signature_schemes", func(c *Config) *[]SignatureScheme { return &c.SignatureSchemes }, defaultSchemes),
	srtpSetting(),
	alpnSetting(),
	wordSetting("hello_profile", func(c *Config) *HelloProfile { return &c.HelloProfile }, helloProfileNames[:]),
	wordSetting("extended_master_secret", func(c *Config) *EMSPolicy { return &c.ExtendedMasterSecret }, []string{"require", "request"}),
	ticketSetting(),
	timeSetting("initial_timeout", func(c *Config) *time.Duration { return &c.InitialTimeout }, false),
	timeSetting("longest_timeout", func(c *Config) *time.Duration { return &c.LongestTimeout }, false),
	timeSetting("handshake_timeout", func(c *Config) *time.Duration { return &c.HandshakeTimeout }, true),
	timeSetting("failure_grace", func(c *Config) *time.Duration { return &c.FailureGrace }, true),
	timeSetting("session_lifetime", func(c *Config) *time.Duration { return &c.SessionLifetime }, false),
	numberSetting("max_datagram_size", func(c *Config) *int { return &c.MaxDatagramSize }, MinDatagramSize),
	numberSetting("max_message_size", func(c *Config) *int { return &c.MaxMessageSize }, minMaxMessageSize),
	numberSetting("receive_buffer", func(c *Config) *int { return &c.ReceiveBuffer }, 1),
	wordSetting("heartbeat", func(c *Config) *HeartbeatMode { return &c.Heartbeat }, []string{"off", "answer", "refuse"}),
	numberSetting("replay_window", func(c *Config) *int { return &c.ReplayWindow }, MinReplayWindow),
	numberSetting("record_padding", func(c *Config) *int { return &c.RecordPadding }, 1),
	numberSetting("max_forged_records", func(c *Config) *int { return &c.MaxForgedRecords }, 1),
}

func knownSuites() (all []CipherSuite) {
	for i := range suites {
		all = append(all, suites[i].id)
	}
	return all
}

// listSetting is a list of names, separated by spaces, each of which is one of known.
func listSetting[T interface {
	comparable
	fmt.Stringer
}](name string, field func(*Config) *[]T, known []T) setting {
	get := func(c *Config) string {
		var names []string
		for _, x := range *field(c) {
			names = append(names, x.String())
		}
		return strings.Join(names, " ")
	}
	set := func(c *Config, value string) error {
		var list []T
		for word := range strings.FieldsSeq(value) {
			i := slices.IndexFunc(known, func(x T) bool { return strings.EqualFold(x.String(), word) })
			if i < 0 {
				return fmt.Errorf("unknown name %q", word)
			}
			if slices.Contains(list, known[i]) {
				return fmt.Errorf("%v twice", known[i])
			}
			list = append(list, known[i])
		}
		*field(c) = list
		return nil
	}
	return setting{name, get, set}
}

// none is the word for an empty list, or for no bound, where that is not the default.
const none = "none"

func srtpSetting() setting {
	s := listSetting("srtp_profiles", func(c *Config) *[]keying.SRTPProfile { return &c.SRTPProfiles },
		append(keying.DefaultSRTPProfiles(), keying.SRTPAES128CMHMACSHA1_32))
	getList, setList := s.get, s.set
	s.get = func(c *Config) string {
		if c.SRTPProfiles != nil && len(c.SRTPProfiles) == 0 {
			return none
		}
		return getList(c)
	}
	s.set = func(c *Config, value string) error {
		if strings.EqualFold(value, none) {
			c.SRTPProfiles = []keying.SRTPProfile{}
			return nil
		}
		return setList(c, value)
	}
	return s
}

func alpnSetting() setting {
	return setting{"alpn",
		func(c *Config) string { return strings.Join(c.ALPN, " ") },
		func(c *Config, value string) error { c.ALPN = strings.Fields(value); return nil },
	}
}

func ticketSetting() setting {
	return setting{"session_tickets",
		func(c *Config) string {
			if c.NoTickets {
				return "no"
			}
			return ""
		},
		func(c *Config, value string) error {
			if !strings.EqualFold(value, "yes") && !strings.EqualFold(value, "no") {
				return fmt.Errorf("%q is neither yes nor no", value)
			}
			c.NoTickets = strings.EqualFold(value, "no")
			return nil
		},
	}
}

// wordSetting is one word, that of the value in words.
func wordSetting[T ~uint8](name string, field func(*Config) *T, words []string) setting {
	get := func(c *Config) string {
		if x := *field(c); x > 0 && int(x) < len(words) {
			return words[x]
		}
		return ""
	}
	set := func(c *Config, value string) error {
		i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, value) })
		if i < 0 {
			return fmt.Errorf("%q is none of %s", value, strings.Join(words, ", "))
		}
		*field(c) = T(i)
		return nil
	}
	return setting{name, get, set}
}

// timeSetting is a duration above zero, or none, which is -1, if that may be.
func timeSetting(name string, field func(*Config) *time.Duration, mayBeNone bool) setting {
	get := func(c *Config) string {
		switch d := *field(c); {
		case d < 0 && mayBeNone:
			return none
		case d > 0:
			return d.String()
		}
		return ""
	}
	set := func(c *Config, value string) error {
		if mayBeNone && strings.EqualFold(value, none) {
			*field(c) = -1
			return nil
		}
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is no duration above 0, such as 1500ms", value)
		}
		*field(c) = d
		return nil
	}
	return setting{name, get, set}
}

// numberSetting is a number of at least least.
func numberSetting(name string, field func(*Config) *int, least int) setting {
	get := func(c *Config) string {
		if n := *field(c); n > 0 {
			return strconv.Itoa(n)
		}
		return ""
	}
	set := func(c *Config, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least {
			return fmt.Errorf("%q is no number from %d on", value, least)
		}
		*field(c) = n
		return nil
	}
	return setting{name, get, set}
}
