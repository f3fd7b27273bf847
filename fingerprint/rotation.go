package fingerprint

import (
	"fmt"
	"sync"
	"time"
)

// A Rotation has the certificate that a long-lived endpoint presents, and renews it before it expires:
//
//	          |<------------- NotAfter ------------->|
//	first     |===== presented =====|----- kept -----|
//	second                 Before ->|===== presented =====|----- kept -----|
//
// Associations that are under way keep the certificate they have, for it is theirs and does not change. A certificate that
// was replaced is kept for those that are still to come: whoever read its fingerprint in an older session description, and
// sessions that were made with it, which dtlstransport resumes only while the certificate is among Config.Certificates.
//
// The zero value makes certificates as Generate(ECDSAP256) does. It has no clock: methods are told the time. Fields must not
// be changed after the first call; methods may be called concurrently.
type Rotation struct {
	// New makes a certificate that is valid at now; for example from a file that something else renews. Nil means that
	// of Generate(ECDSAP256), with the time of now. It is called by one goroutine at a time.
	New func(now time.Time) (*Certificate, error)

	// Before is how long before its NotAfter a certificate is replaced. Zero means 10 days, a third of what Generate
	// gives; one that is valid for less than that is replaced after half of it.
	Before time.Duration

	// Keep is how long a certificate is kept after it was replaced. Zero means until its NotAfter.
	Keep time.Duration

	mu      sync.Mutex
	current *Certificate // nil: none yet
	due     time.Time    // when current is to be replaced; zero: never
	old     []retired    // the latest first
}

// retired is a certificate that was replaced.
type retired struct {
	certificate *Certificate
	until       time.Time // zero: for ever
}

// defaultBefore is Rotation.Before when it is zero.
const defaultBefore = 10 * 24 * time.Hour

// Certificates returns what to present at now, the certificate of today first and behind it those that are kept: for
// dtlstransport's Config.Certificates, in a new Config each time that the result is another. The first one's fingerprint is what
// to signal. It makes a certificate if there is none or the time has come.
//
// If that fails, the error is New's, and the certificates are those that there were: nobody refuses them for their dates,
// and each call tries again. The slice is the caller's.
func (r *Rotation) Certificates(now time.Time) ([]*Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if r.current == nil || !r.due.IsZero() && !now.Before(r.due) {
		err = r.renew(now)
	}
	r.forget(now)
	if r.current == nil {
		return nil, err
	}
	all := []*Certificate{r.current}
	for _, o := range r.old {
		all = append(all, o.certificate)
	}
	return all, err
}

// Add makes c the certificate to present, in place of the one that there was: a stored one, after a restart, or the
// first of a new kind.
func (r *Rotation) Add(now time.Time, c *Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replace(now, c)
}

// Due returns when Certificates will make another one, for whoever sets a timer; the zero Time means at once if there is
// none, and else never, for the one that there is does not expire.
func (r *Rotation) Due() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due
}

// Signalled returns the certificate, of those that Certificates returns at now, that was signalled as f, or nil: for an offer
// whose answer comes after the next renewal.
func (r *Rotation) Signalled(now time.Time, f Fingerprint) *Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	if r.current != nil && (Set{f}).Verify(r.current.chain[0]) == nil {
		return r.current
	}
	for _, o := range r.old {
		if (Set{f}).Verify(o.certificate.chain[0]) == nil {
			return o.certificate
		}
	}
	return nil
}

// renew makes the next certificate. r.mu is held, as by all below.
func (r *Rotation) renew(now time.Time) error {
	c, err := r.make(now)
	if err != nil {
		return err
	}
	if end := c.NotAfter(); !end.IsZero() && !now.Before(end) {
		return fmt.Errorf("%w: the next one has expired already", ErrBadCertificate)
	}
	r.replace(now, c)
	return nil
}

func (r *Rotation) make(now time.Time) (*Certificate, error) {
	if r.New != nil {
		return r.New(now)
	}
	signer, err := generateKey(ECDSAP256)
	if err != nil {
		return nil, err
	}
	return selfSign(signer, now)
}

func (r *Rotation) replace(now time.Time, c *Certificate) {
	if r.current == c {
		return // whoever makes them has no newer one
	}
	if last := r.current; last != nil {
		until := last.NotAfter()
		if r.Keep > 0 {
			until = now.Add(r.Keep)
		}
		r.old = append([]retired{{last, until}}, r.old...)
	}
	r.current, r.due = c, time.Time{}
	end := c.NotAfter()
	if end.IsZero() {
		return
	}
	before := r.Before
	if before <= 0 {
		before = defaultBefore
	}
	if r.due = end.Add(-before); !now.Before(r.due) {
		r.due = now.Add(max(end.Sub(now), 0) / 2)
	}
}

// forget lets go of what was kept long enough.
func (r *Rotation) forget(now time.Time) {
	kept := r.old[:0]
	for _, o := range r.old {
		if o.until.IsZero() || now.Before(o.until) {
			kept = append(kept, o)
		}
	}
	clear(r.old[len(kept):])
	r.old = kept
}
