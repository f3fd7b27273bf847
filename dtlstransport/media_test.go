package dtlstransport

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// untilLocked waits until a goroutine that is in function waits for a mutex.
func untilLocked(t *testing.T, function string) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for began := time.Now(); time.Since(began) < time.Minute; runtime.Gosched() {
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if state, _, _ := strings.Cut(stack, "\n"); strings.Contains(state, "[sync.Mutex.Lock") && strings.Contains(stack, function+"(") {
				return
			}
		}
	}
	t.Fatalf("nobody waits for a lock in %s", function)
}

// A packet that has met no handler, but comes to the queue only when OnRTP has emptied
// it, must not stay there.
func TestAPacketThatCrossesOnRTPReachesTheHandler(t *testing.T) {
	var m media
	m.init(func() {})
	m.open = func(_ keying.Protector, _, packet []byte) ([]byte, error) { return packet, nil }
	p := struct{ keying.Protector }{}
	m.use(&mediaKeys{send: p, newest: p})
	var got []string
	done := make(chan struct{}, 2)
	m.mu.Lock()
	go func() {
		m.handle(func(p []byte) { got = append(got, string(p)) })
		done <- struct{}{}
	}()
	untilLocked(t, "(*media).handle")
	go func() {
		m.receive([]byte("crossing"))
		done <- struct{}{}
	}()
	untilLocked(t, "(*media).receive") // behind handle
	m.mu.Unlock()
	<-done
	<-done
	if len(got) != 1 || got[0] != "crossing" || m.queue.Len() != 0 {
		t.Errorf("the handler saw %q, and %d packets wait", got, m.queue.Len())
	}
}

// "handler [...] may call the Transport's methods", also while it is given what came
// before it; what comes meanwhile is next.
func TestTheHandlerIsNotCalledUnderALock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		for seq := range uint16(2) {
			if _, err := a.WriteRTP(rtpPacket(seq, "x")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // they wait for ReadRTP
		var got []byte
		b.OnRTP(func(p []byte) {
			if !b.rtp.mu.TryLock() {
				t.Fatal("the handler is called with the lock held")
			}
			b.rtp.mu.Unlock()
			if len(got) == 0 {
				if _, err := a.WriteRTP(rtpPacket(2, "x")); err != nil {
					t.Error(err)
				}
				synctest.Wait()
			}
			got = append(got, p[3])
		})
		a.WriteRTP(rtpPacket(3, "x"))
		synctest.Wait()
		if !bytes.Equal(got, []byte{0, 1, 2, 3}) {
			t.Errorf("the handler saw %v, want packets 0 to 3 in order", got)
		}
	})
}
