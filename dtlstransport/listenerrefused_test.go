package dtlstransport

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// unknownClients gives the clients of a listener that refuses at once a certificate that
// it does not know.
func unknownClients(t *testing.T, l *listening) {
	known := l.client.Certificates
	l.client.Certificates = []*fingerprint.Certificate{testCertificate(t, fingerprint.ECDSAP384)}
	t.Cleanup(func() { l.client.Certificates = known })
}

func refuseAtOnce(c *ListenConfig) {
	config := *c.Config
	config.FailureGrace = -1
	c.Config = &config
}

// "[...] a DTLS implementation which would ordinarily issue an alert SHOULD generate a
// new alert message if the offending record is received again" RFC 6347, Section 4.2.7.
func TestAListenerTellsAgainWhomItHasRefused(t *testing.T) { // ALERT-07
	const alertAt = 2 // of the server's datagrams, behind a cookie and flight 4
	for lost := range 4 {
		listen(t, refuseAtOnce, func(t *testing.T, l *listening) {
			unknownClients(t, l)
			client := l.dial(listenAddr, netsim.Config{Delay: 10 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
				return netsim.Fate{Drop: d == netsim.BtoA && n >= alertAt && n < alertAt+lost}
			}})
			defer client.Close()
			err := client.Handshake(t.Context())
			var a *AlertError
			if !errors.As(err, &a) || !a.FromPeer || a.Alert != AlertBadCertificate {
				t.Errorf("%d alerts lost: %v", lost, err)
			}
			if s := l.Stats(); s.HalfOpen != 0 || s.Open != 0 || s.Handshakes != 1 || s.Refused[RefusedFailed] != 1 {
				t.Errorf("%d alerts lost: %+v", lost, s)
			}
		})
	}
}

// An accepted association that the application ends by an alert answers for it until the
// application closes it.
func TestAnAssociationThatIsClosedTellsNobodyAgain(t *testing.T) { // ALERT-07
	listen(t, nil, func(t *testing.T, l *listening) {
		client, server := l.connect(listenAddr, netsim.Config{})
		defer client.Close()
		server.SendAlert(AlertInternalError)
		alerts := func() uint64 {
			before := server.Stats().DatagramsSent
			l.socket.inject(listenAddr, plainRecord(record.TypeHandshake, 0, 99, make([]byte, 100)))
			synctest.Wait()
			return server.Stats().DatagramsSent - before
		}
		if n := alerts(); n != 1 {
			t.Errorf("%d alerts for a handshake that goes on, want 1", n)
		}
		server.Close()
		if n := alerts(); n != 0 {
			t.Errorf("%d alerts after Close", n)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.refused); n != 0 {
			t.Errorf("%d refused are kept", n)
		}
	})
}

func TestAListenerKeepsSoManyOfThoseThatItHasRefused(t *testing.T) { // ALERT-07
	listen(t, refuseAtOnce, func(t *testing.T, l *listening) {
		known := l.client.Certificates
		unknownClients(t, l)
		const clients = maxRefusedPeers + 3
		for i := range clients {
			client := l.dial(fmt.Sprintf("192.0.2.1:%d", 5000+i), netsim.Config{})
			if err := client.Handshake(t.Context()); err == nil {
				t.Fatal("a stranger is connected")
			}
			client.Close()
		}
		synctest.Wait()
		l.mu.Lock()
		n := len(l.refused)
		for _, a := range l.refused {
			if a.number <= 3 {
				t.Errorf("the refused are kept from the first, number %d", a.number)
			}
			if e := a.conn.engine; e.schedule != nil && len(e.schedule.master) > 0 || e.hs != nil {
				t.Error("their secrets are kept")
			}
		}
		l.mu.Unlock()
		if n != maxRefusedPeers {
			t.Errorf("%d are kept, want %d", n, maxRefusedPeers)
		}

		// One of them comes again, with what it is known by.
		l.client.Certificates = known
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := l.dial(fmt.Sprintf("192.0.2.1:%d", 5000+clients-1), netsim.Config{})
		defer client.Close()
		if err := client.Handshake(ctx); err != nil {
			t.Error(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.refused); n != maxRefusedPeers-1 {
			t.Errorf("%d are kept beside the one who is let in, want %d", n, maxRefusedPeers-1)
		}
	})
}
