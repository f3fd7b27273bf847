package dtlstransport

import "sync"

// maxBatch and maxBatchBytes bound what one call of the system sends.
const maxBatch, maxBatchBytes = 48, 60_000

// A segmentWriter is a carrier that can send several datagrams in one call of the system.
type segmentWriter interface {
	CanSegment() bool
	WriteSegments(b []byte, size int) (int, error)
}

// A batch is records on their way to the link, one behind the other.
type batch struct {
	b     []byte
	sizes []int // of the records
}

var batches = sync.Pool{New: func() any {
	return &batch{make([]byte, 0, 1<<16), make([]int, 0, maxBatch)}
}}

// CanBatch reports whether WriteBatch costs less than as many Writes.
func (c *Conn) CanBatch() bool {
	s, ok := c.carrier.(segmentWriter)
	return ok && s.CanSegment()
}

// WriteBatch sends each packet as one record in one datagram, as Write does. Records of one size that follow each other go to the
// system together if it takes them so. It stops at the first error; then some may have been sent.
func (c *Conn) WriteBatch(packets [][]byte) error {
	s, ok := c.carrier.(segmentWriter)
	for len(packets) > 0 {
		if !ok || len(packets) == 1 || len(packets[0]) > maxBatchBytes/2 {
			if _, err := c.Write(packets[0]); err != nil {
				return err
			}
			packets = packets[1:]
			continue
		}
		n, err := c.writeSome(s, packets)
		if err != nil {
			return c.opError("write", err)
		}
		packets = packets[n:]
	}
	return nil
}

// writeSome sends as many of the packets as fit in a batch, and returns how many.
func (c *Conn) writeSome(s segmentWriter, packets [][]byte) (n int, err error) {
	batch := batches.Get().(*batch)
	defer batches.Put(batch)
	batch.b, batch.sizes = batch.b[:0], batch.sizes[:0]
	if n, err = c.sealSome(batch, packets); err != nil {
		return 0, err
	}
	defer c.leaveLink()
	for b, sizes := batch.b, batch.sizes; len(sizes) > 0; {
		size, together := sizes[0], sizes[0]
		k := 1
		for ; k < len(sizes) && sizes[k] == size; k++ {
			together += size
		}
		if k < len(sizes) && sizes[k] < size { // the last one may be smaller
			together += sizes[k]
			k++
		}
		if _, err := s.WriteSegments(b[:together], size); err != nil {
			return 0, writeError(err)
		}
		b, sizes = b[together:], sizes[k:]
	}
	return n, nil
}

// sealSome makes records of as many packets as fit, and returns how many. It enters the link
// for them.
func (c *Conn) sealSome(to *batch, packets [][]byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayWrite(); err != nil {
		return 0, err
	}
	for ; n < min(len(packets), maxBatch) && (n == 0 || len(to.b)+len(packets[n]) < maxBatchBytes); n++ {
		before := len(to.b)
		if to.b, err = c.engine.AppendApplicationData(to.b, packets[n]); err != nil {
			to.b = to.b[:before]
			return n, err
		}
		to.sizes = append(to.sizes, len(to.b)-before)
	}
	c.inLink.count.Add(1)
	return n, nil
}
