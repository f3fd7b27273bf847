//go:build unix

package native

import (
	"regexp"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// patience is within what time of a hint, or of the beginning where there is none, our error says what was awaited.
const patience = 3 * time.Second

// silenceTime is what our end is given for a handshake with somebody who says no more, in seconds; what of patience is left is for a busy
// machine.
const silenceTime = "2"

// silence is the scene of a peer that says no more: once a ServerHelloDone has passed, nothing of theirs does.
func silence() scene {
	return scene{name: "they fall silent: we say what was awaited", suite: ecdsaGCM128, group: "x25519", srtp: "SRTP_AES128_CM_HMAC_SHA1_80", serverCert: "p256", clientCert: "p256", mute: true}
}

var awaiting = regexp.MustCompile(`(?m)^error stage=handshake msg=.*timed out \(awaiting (\w+), sent (\d+) times, after ([^);]+)`)

// silenced plays that scene.
func (r *run) silenced() {
	want := "client12Flight6"
	var text string
	if r.role == "client" {
		want = "server12Flight5"
		we := r.start(r.ours, append(r.flags("server"), "--addr", "127.0.0.1:0", "--handshake-timeout", silenceTime)...)
		r.k.client(r, r.relay(we.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1]), r.TempDir(), nil)
		we.Exit()
		text = we.Text()
	} else {
		port := r.freePort()
		r.k.server(r, port)
		we := r.start(r.ours, append(r.flags("client"), "--addr", "127.0.0.1:"+r.relay(port), "--handshake-timeout", silenceTime)...)
		we.Exit()
		text = we.Text()
	}
	said := awaiting.FindStringSubmatch(text)
	if said == nil || said[1] != want {
		r.Errorf("we await %s, and say\n%s", want, text)
		return
	}
	r.Logf("sent %s times, after %s", said[2], said[3])
	if after, err := time.ParseDuration(said[3]); err != nil || after > patience {
		r.Errorf("we say so after %s, %v", said[3], err)
	}
}

// prompt checks that what they hinted at was the verdict soon.
func (r *run) prompt(text string) {
	hinted, failed, ok := r.trace().Verdict()
	if !ok {
		r.Errorf("our trace has no hint before the verdict:\n%s", text)
		return
	}
	if took := failed.Sub(hinted); took > patience {
		r.Errorf("the verdict comes %v after the hint", took)
	}
}

// mutes returns what loses all that a side sends once a ServerHelloDone has passed.
func mutes(theirs netsim.Direction) func(d netsim.Direction, b []byte) bool {
	mute := false
	return func(d netsim.Direction, b []byte) bool {
		if mute {
			return d == theirs
		}
		mute = d == netsim.BtoA && hasServerHelloDone(b)
		return false
	}
}

// hasServerHelloDone reports whether a datagram has that message in the clear.
//
//	type 1, version 2, epoch 2, sequence number 6, length 2; msg_type 1, length 3, message_seq 2, fragment_offset 3, fragment_length 3
func hasServerHelloDone(b []byte) bool {
	const handshake, serverHelloDone, record, header = 22, 14, 13, 12
	for len(b) >= record {
		end := min(len(b), record+int(b[11])<<8+int(b[12]))
		for m := b[record:end]; b[0] == handshake && b[4] == 0 && len(m) >= header; {
			if m[0] == serverHelloDone {
				return true
			}
			m = m[min(len(m), header+int(m[9])<<16+int(m[10])<<8+int(m[11])):]
		}
		b = b[end:]
	}
	return false
}
