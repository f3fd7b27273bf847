package dtlstransport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// restarting is two transports that are connected, in a bubble, and media between
// them.
type restarting struct {
	t      *testing.T
	a, b   *Transport
	client *Config // of the next association
	server *Config

	mu       sync.Mutex
	received map[string]map[int]bool // by who has received it: numbers of media packets
	once     sync.Once
	stop     chan struct{}
	senders  sync.WaitGroup
	sent     [2]int
}

// restart connects two transports and runs test, with media both ways all the
// time: a packet each 10 ms.
func restart(t *testing.T, link netsim.Config, test func(t *testing.T, r *restarting)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &restarting{t: t, received: map[string]map[int]bool{"a": {}, "b": {}}, stop: make(chan struct{})}
		r.a, r.b = transportPair(t, link, nil)
		// The next association has other certificates.
		r.client, r.server = configs(t, fingerprint.Ed25519, fingerprint.ECDSAP384)
		r.client.NewProtector, r.server.NewProtector = pionsrtp.New, pionsrtp.New
		mustShakeHands(t, r.a, r.b)
		for i, x := range []*Transport{r.a, r.b} {
			name := string(rune('a' + i))
			x.OnRTP(func(p []byte) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.received[name][int(binary.BigEndian.Uint32(p[12:]))] = true
			})
		}
		r.send(0, r.a)
		r.send(1, r.b)
		defer r.a.Close()
		defer r.b.Close()
		defer r.silence()
		test(t, r)
	})
}

func (r *restarting) send(i int, x *Transport) {
	r.senders.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-r.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			packet := rtpPacket(uint16(n), string(binary.BigEndian.AppendUint32(nil, uint32(n))))
			if _, err := x.WriteRTP(packet); err != nil {
				return
			}
			r.sent[i] = n + 1
		}
	})
}

func (r *restarting) silence() {
	r.once.Do(func() { close(r.stop) })
	r.senders.Wait()
}

// stopMedia ends the media, and returns how many packets of each way were lost.
func (r *restarting) stopMedia() (toA, toB int) {
	r.silence()
	time.Sleep(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent[1] - len(r.received["a"]), r.sent[0] - len(r.received["b"])
}

// run restarts both ends, b as the client if swapped, the one that is second after
// the given time.
func (r *restarting) run(ctx context.Context, swapped bool, bLater time.Duration) (errA, errB error) {
	roleA, configA, roleB, configB := RoleClient, r.client, RoleServer, r.server
	if swapped {
		roleA, configA, roleB, configB = roleB, configB, roleA, configA
	}
	done := make(chan error, 1)
	go func() {
		time.Sleep(max(bLater, 0))
		done <- r.b.Restart(ctx, roleB, configB)
	}()
	time.Sleep(max(-bLater, 0))
	errA = r.a.Restart(ctx, roleA, configA)
	return errA, <-done
}

func (r *restarting) mustRun(swapped bool, bLater time.Duration) {
	r.t.Helper()
	if errA, errB := r.run(r.t.Context(), swapped, bLater); errA != nil || errB != nil {
		r.t.Fatalf("restart: %v, %v", errA, errB)
	}
}

// exported returns a key of each end.
func (r *restarting) exported() (a, b string) {
	x, errX := r.a.Conn().ExportKeyingMaterial("EXPERIMENTAL test", nil, 16)
	y, errY := r.b.Conn().ExportKeyingMaterial("EXPERIMENTAL test", nil, 16)
	if errX != nil || errY != nil {
		r.t.Errorf("export: %v, %v", errX, errY)
	}
	return string(x), string(y)
}

func TestARestartInterruptsNoMedia(t *testing.T) { // FP-14
	for _, swapped := range []bool{false, true} {
		for _, bLater := range []time.Duration{0, 30 * time.Millisecond, -30 * time.Millisecond, time.Second} {
			t.Run(fmt.Sprintf("roles swapped %v, b later by %v", swapped, bLater), func(t *testing.T) {
				restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
					old, _ := r.exported()
					oldConn := r.a.Conn()
					time.Sleep(time.Second)
					r.mustRun(swapped, bLater)
					time.Sleep(5 * time.Second)
					if a, b := r.exported(); a != b || a == old {
						t.Errorf("exported %x and %x, before %x", a, b, old)
					}
					if role := r.a.Role(); (role == RoleServer) != swapped || r.b.Role() == role {
						t.Errorf("roles %v and %v", role, r.b.Role())
					}
					if oldConn == r.a.Conn() || !errors.Is(oldConn.Err(), net.ErrClosed) {
						t.Errorf("the old association has ended with %v", oldConn.Err())
					}
					if toA, toB := r.stopMedia(); toA != 0 || toB != 0 {
						t.Errorf("%d packets to a and %d to b were lost", toA, toB)
					}
					for _, x := range []*Transport{r.a, r.b} {
						if k := x.rtp.keys.Load(); k.old != nil || x.old != nil || k.send != k.newest {
							t.Error("the old keys are still there, or not sent under the new")
						}
						if s := x.Stats(); s.RTP.Refused != 0 {
							t.Errorf("%d packets refused", s.RTP.Refused)
						}
					}
				})
			})
		}
	}
}

func TestARestartLosesNoMoreMediaThanTheLink(t *testing.T) { // FP-14
	for seed := range uint64(40) {
		link := netsim.Config{Seed: seed, Delay: 25 * time.Millisecond, Loss: 0.2, Reorder: 0.05, Duplicate: 0.05}
		restart(t, link, func(t *testing.T, r *restarting) {
			r.mustRun(seed%2 == 1, time.Duration(seed%3)*40*time.Millisecond)
			time.Sleep(8 * time.Second)
			if a, b := r.exported(); a != b {
				t.Errorf("seed %d: exported %x and %x", seed, a, b)
			}
			toA, toB := r.stopMedia()
			for i, x := range []*Transport{r.a, r.b} {
				s := x.Stats()
				got, lost := len(r.received[string(rune('a'+i))]), []int{toA, toB}[i]
				if s.RTP.Received != uint64(got) {
					t.Errorf("seed %d: %d packets delivered, %+v", seed, got, s.RTP)
				}
				if share := float64(lost) / float64(got+lost); share > 0.28 {
					t.Errorf("seed %d: %d of %d packets were lost", seed, lost, got+lost)
				}
			}
		})
	}
}

func TestTheServerSendsUnderTheOldKeysUntilTheClientHasTheNew(t *testing.T) {
	restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.mustRun(false, 0)
		}()
		// The server is connected before the client: until it hears of it, the old keys.
		first := r.b.Conn()
		for r.b.Conn() == first {
			time.Sleep(time.Millisecond)
		}
		r.b.mu.Lock()
		waits := r.b.wait
		r.b.mu.Unlock()
		if k := r.b.rtp.keys.Load(); !waits || k.send != k.old {
			t.Error("the server sends under the new keys at once")
		}
		<-done
		time.Sleep(100 * time.Millisecond)
		if k := r.b.rtp.keys.Load(); k.send != k.newest {
			t.Error("the server has not changed over")
		}
	})
}

func TestAServerChangesOverBeforeASilentClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: 20 * time.Millisecond}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		client, server := configs(t, fingerprint.Ed25519, fingerprint.ECDSAP384)
		client.NewProtector, server.NewProtector = pionsrtp.New, pionsrtp.New
		go b.Restart(t.Context(), RoleServer, server)
		next, err := newLane(a, RoleClient, client)
		if err != nil {
			t.Fatal(err)
		}
		next.conn.onConnected = func() func() { return a.succeed(next) }
		if err := a.admit(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if err := next.conn.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		// It says nothing under the new keys.
		time.Sleep(restartQuiet - 100*time.Millisecond)
		if k := b.rtp.keys.Load(); k.send != k.old {
			t.Error("changed over too soon")
		}
		time.Sleep(200 * time.Millisecond)
		if k := b.rtp.keys.Load(); k.send != k.newest {
			t.Error("not changed over")
		}
	})
}

func TestAFailedRestartLeavesTheOldAssociation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *restarting)
		late   bool // the peer does not take part
		want   func(err error) bool
	}{
		{"another certificate", func(r *restarting) { r.client.RemoteFingerprints = fingerprint.Set{testFingerprint(t, "A")} }, false,
			func(err error) bool { var h *HandshakeError; return errors.As(err, &h) }},
		{"the peer does not take part", func(*restarting) {}, true, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
				tt.change(r)
				before, _ := r.exported()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				var errA, errB error
				if tt.late {
					errA = r.a.Restart(ctx, RoleClient, r.client)
					errB = context.DeadlineExceeded
				} else {
					errA, errB = r.run(ctx, false, 0)
				}
				if !tt.want(errA) || errB == nil {
					t.Errorf("errors %v and %v", errA, errB)
				}
				if a, b := r.exported(); a != before || b != before {
					t.Error("not the old association")
				}
				if toA, toB := r.stopMedia(); toA != 0 || toB != 0 {
					t.Errorf("%d packets to a and %d to b were lost", toA, toB)
				}
				// And there may be another one.
				r.client, r.server = configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				r.mustRun(true, 0)
			})
		})
	}
}

func TestRestartsFollowEachOther(t *testing.T) {
	restart(t, netsim.Config{Delay: 5 * time.Millisecond}, func(t *testing.T, r *restarting) {
		for i := range 6 { // the next before the last one is gone
			r.mustRun(i%2 == 0, 0)
			time.Sleep(time.Duration(i) * 300 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		if toA, toB := r.stopMedia(); toA != 0 || toB != 0 {
			t.Errorf("%d packets to a and %d to b were lost", toA, toB)
		}
		if a, b := r.exported(); a != b {
			t.Error("not the same association")
		}
	})
}

func TestOnlyOneRestartAtATimeAndOnlyOfWhatIsConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		client, _ := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
		if err := a.Restart(t.Context(), RoleClient, client); !errors.Is(err, ErrNotConnected) {
			t.Errorf("before the handshake: %v", err)
		}
		mustShakeHands(t, a, b)
		if err := a.Restart(t.Context(), RoleClient, &Config{}); err == nil {
			t.Error("restarted without a certificate")
		}
		result := make(chan error)
		go func() { result <- a.Restart(t.Context(), RoleClient, client) }()
		synctest.Wait()
		if err := a.Restart(t.Context(), RoleClient, client); !errors.Is(err, ErrRestarting) {
			t.Errorf("twice: %v", err)
		}
		a.Close()
		if err := <-result; !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed meanwhile: %v", err)
		}
		if err := a.Restart(t.Context(), RoleClient, client); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		b.Close()
		<-a.Done()
		<-b.Done()
	})
}

func TestAPeerThatBreaksBeforeItMakesIsMetAllTheSame(t *testing.T) {
	restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
		result := make(chan error)
		go func() { result <- r.b.Restart(t.Context(), RoleServer, r.server) }()
		time.Sleep(100 * time.Millisecond)
		old := r.a.Conn()
		old.mu.Lock()
		_ = old.engine.Close(time.Now())
		old.flush()
		old.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		if err := r.b.Conn().Err(); err != io.EOF {
			t.Fatalf("the old association has ended with %v", err)
		}
		if err := r.a.Restart(t.Context(), RoleClient, r.client); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		select {
		case <-r.b.Done():
			t.Error("the transport has ended with its first association")
		default:
		}
		if a, b := r.exported(); a != b {
			t.Error("not the same association")
		}
	})
}

func TestDataOfBothAssociationsArrives(t *testing.T) {
	restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
		oldA, oldB := r.a.Conn(), r.b.Conn()
		r.mustRun(false, 0)
		buf := make([]byte, 100)
		for _, way := range []struct{ from, to *Conn }{{oldA, oldB}, {r.a.Conn(), r.b.Conn()}, {oldB, oldA}, {r.b.Conn(), r.a.Conn()}} {
			if _, err := way.from.Write([]byte("data")); err != nil {
				t.Fatal(err)
			}
			if n, err := way.to.Read(buf); err != nil || string(buf[:n]) != "data" {
				t.Errorf("read %q, %v", buf[:n], err)
			}
		}
		if n := oldB.Stats().Dropped[DropForged] + r.b.Conn().Stats().Dropped[DropForged]; n != 0 {
			t.Errorf("%d records of the other association count as forged", n)
		}
	})
}

// Connection IDs of the two associations may differ in size, and what has one is as protected as what has none.
func TestDataOfBothAssociationsArrivesWithConnectionIDs(t *testing.T) {
	for _, ids := range [][2]string{{"id", "di"}, {"of the first", "2"}, {"\xff\xff of the first", ""}, {"", "\xff\xff of the second"}} {
		t.Run(fmt.Sprintf("%q and then %q", ids[0], ids[1]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				with := func(id string) func(client, server *Config) {
					return func(client, server *Config) { client.ConnectionID, server.ConnectionID = []byte(id), []byte(id) }
				}
				r := &restarting{t: t}
				r.a, r.b = transportPair(t, netsim.Config{Delay: 20 * time.Millisecond}, with(ids[0]))
				defer r.a.Close()
				defer r.b.Close()
				mustShakeHands(t, r.a, r.b)
				oldA, oldB := r.a.Conn(), r.b.Conn()
				r.client, r.server = configs(t, fingerprint.Ed25519, fingerprint.ECDSAP384)
				with(ids[1])(r.client, r.server)
				r.mustRun(false, 0)
				buf := make([]byte, 100)
				for i, way := range []struct{ from, to *Conn }{{oldA, oldB}, {r.a.Conn(), r.b.Conn()}, {oldB, oldA}, {r.b.Conn(), r.a.Conn()}} {
					_ = way.to.SetReadDeadline(time.Now().Add(time.Second))
					if _, err := way.from.Write([]byte("data")); err != nil {
						t.Fatal(err)
					}
					if n, err := way.to.Read(buf); err != nil || string(buf[:n]) != "data" {
						t.Errorf("way %d: read %q, %v", i, buf[:n], err)
					}
				}
			})
		})
	}
}

// The application of the second association has no use for media. Nothing goes out under the keys of the first any
// more, or is taken under them, when that is gone.
func TestARestartWithoutSRTPEndsMedia(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"nobody protects": func(c *Config) { c.NewProtector = nil },
		"no profile":      func(c *Config) { c.NewProtector, c.SRTPProfiles = pionsrtp.New, []keying.SRTPProfile{} },
	} {
		t.Run(name, func(t *testing.T) {
			restart(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, r *restarting) {
				change(r.client)
				change(r.server)
				r.mustRun(false, 0)
				time.Sleep(5 * time.Second)
				before := r.b.Stats().RTP.Received
				if _, err := r.a.WriteRTP(rtpPacket(1, "late")); !errors.Is(err, ErrNoSRTP) {
					t.Errorf("WriteRTP: %v", err)
				}
				time.Sleep(time.Second)
				if n := r.b.Stats().RTP.Received - before; n > 0 {
					t.Errorf("%d packets received under the old keys", n)
				}

				r.client, r.server = configs(t, fingerprint.Ed25519, fingerprint.ECDSAP384)
				r.client.NewProtector, r.server.NewProtector = pionsrtp.New, pionsrtp.New
				r.mustRun(false, 0)
				time.Sleep(5 * time.Second)
				if _, err := r.a.WriteRTP(rtpPacket(1, "again")); err != nil {
					t.Errorf("WriteRTP: %v", err)
				}
				time.Sleep(time.Second)
				if n := r.b.Stats().RTP.Received - before; n != 1 {
					t.Errorf("%d packets received under new keys, want 1", n)
				}
			})
		})
	}
}

func TestARestartWithSRTPBeginsMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &restarting{t: t}
		r.a, r.b = transportPair(t, netsim.Config{Delay: 20 * time.Millisecond}, func(client, _ *Config) {
			client.SRTPProfiles = []keying.SRTPProfile{}
		})
		defer r.a.Close()
		defer r.b.Close()
		mustShakeHands(t, r.a, r.b)
		r.client, r.server = configs(t, fingerprint.Ed25519, fingerprint.ECDSAP384)
		r.client.NewProtector, r.server.NewProtector = pionsrtp.New, pionsrtp.New
		r.mustRun(false, 0)
		time.Sleep(5 * time.Second)
		if _, err := r.a.WriteRTP(rtpPacket(1, "media")); err != nil {
			t.Fatal(err)
		}
		_ = r.b.SetReadDeadline(time.Now().Add(time.Second))
		buf := make([]byte, 100)
		if n, err := r.b.ReadRTP(buf); err != nil || string(buf[12:n]) != "media" {
			t.Errorf("ReadRTP: %d bytes, %v", n, err)
		}
	})
}
