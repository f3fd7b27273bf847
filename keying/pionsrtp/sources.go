package pionsrtp

import "github.com/rtctransport/rtctransport/keying"

// Bounds on what one association may make us remember, for each of RTP and RTCP in each direction.
const (
	// maxActive is how many SSRCs have a window, 200 bytes each. A conference of 100 with simulcast, retransmission and
	// FEC streams has 100 * (1 + 3 * 2 + 1) = 800.
	maxActive = 1024
	// maxRetired is how many SSRCs more have a floor, 36 bytes each.
	maxRetired = 16384
)

// A source is one SSRC in one direction, as long as it is active.
type source struct {
	ssrc       uint32
	used       window
	prev, next *source // more and less recently used
}

// sources is what is remembered of the SSRCs of RTP, or of RTCP, in one direction. Only what is authenticated
// enters (what we send is), so only who holds the keys can make it grow.
//
//	active, a window each, most recently used first      retired, a floor each
//	+------+------+-- ... --+------+                      +------+-- ... --+
//	| SSRC | SSRC |         | SSRC | -- when it is full -> | SSRC |         |
//	+------+------+-- ... --+------+                      +------+-- ... --+
//	   ^                                                     |
//	   +------- when it is back with an index above the floor
//
// Forgetting an SSRC altogether would let everything it ever sent be replayed, and lose its rollover counter. So what falls out
// of the active list leaves the highest index it has used behind, as a floor: it can go on above that, and never below. What was still
// on its way at or below the floor is lost. Floors are never forgotten. When there is no place for another, new SSRCs are refused
// (ErrTooManySources) and known ones live on. So a peer with the keys can make one direction hold 1.6 MB at worst, RTP and RTCP
// together: 2 * (1,024 * 200 + 16,384 * 36) bytes; and 0.7 MB in the Context, which is shown 4 * 1,024 SSRCs, and those that are active.
type sources struct {
	active     map[uint32]*source // nil until there is one, as most transports have two of four directions silent
	retired    map[uint32]uint64
	newest     *source // of the active, the most recently used; nil: there is none
	oldest     *source
	maxActive  int
	maxRetired int
}

// find returns an active source, or nil. It changes nothing, not even the order: who asks may be a forger.
func (s *sources) find(ssrc uint32) *source {
	if s.newest != nil && s.newest.ssrc == ssrc {
		return s.newest // Most packets follow one of the same source.
	}
	return s.active[ssrc]
}

// use marks an index of an active source and makes the source the most recently used.
func (s *sources) use(src *source, index uint64) {
	src.used.mark(index)
	if s.newest != src {
		s.unlink(src)
		s.link(src)
	}
}

// floor returns the highest index that a retired SSRC has used.
func (s *sources) floor(ssrc uint32) (highest uint64, retired bool) {
	highest, retired = s.retired[ssrc]
	return
}

// highest returns the highest index that is known of an SSRC, whose source is src or nil.
func (s *sources) highest(ssrc uint32, src *source) (index uint64, known bool) {
	if src != nil {
		return src.used.highest, true
	}
	return s.floor(ssrc)
}

// hasRoom reports whether an SSRC that is not active may be added.
func (s *sources) hasRoom(ssrc uint32) bool {
	if len(s.active) < s.maxActive || len(s.retired) < s.maxRetired {
		return true
	}
	_, retired := s.retired[ssrc]
	return retired // It gives back the place it needs.
}

// add makes an SSRC that is not active the most recently used source. The caller has authenticated it.
func (s *sources) add(ssrc uint32) (*source, error) {
	if !s.hasRoom(ssrc) {
		return nil, keying.ErrTooManySources
	}
	src := &source{ssrc: ssrc}
	if floor, retired := s.retired[ssrc]; retired {
		src.used.startAfter(floor)
		delete(s.retired, ssrc)
	}
	if len(s.active) >= s.maxActive {
		s.retire(s.oldest)
	}
	if s.active == nil {
		s.active = make(map[uint32]*source)
	}
	s.active[ssrc] = src
	s.link(src)
	return src, nil
}

// enter returns the source of an SSRC, which it adds if it is not active.
func (s *sources) enter(ssrc uint32) (src *source, newSSRC bool, err error) {
	if src = s.find(ssrc); src != nil {
		return src, false, nil
	}
	src, err = s.add(ssrc)
	return src, true, err
}

func (s *sources) retire(src *source) {
	s.unlink(src)
	delete(s.active, src.ssrc)
	if s.retired == nil {
		s.retired = make(map[uint32]uint64)
	}
	s.retired[src.ssrc] = src.used.highest
}

// link makes src, which is in no list, the most recently used.
func (s *sources) link(src *source) {
	src.prev, src.next = nil, s.newest
	if s.newest == nil {
		s.oldest = src
	} else {
		s.newest.prev = src
	}
	s.newest = src
}

func (s *sources) unlink(src *source) {
	if src.prev == nil {
		s.newest = src.next
	} else {
		src.prev.next = src.next
	}
	if src.next == nil {
		s.oldest = src.prev
	} else {
		src.next.prev = src.prev
	}
	src.prev, src.next = nil, nil
}

// remembered returns how many SSRCs are active or retired.
func (s *sources) remembered() int { return len(s.active) + len(s.retired) }
