package dtlstransport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// lastNumber is the largest sequence number of a record, of 48 bits.
const lastNumber = 1<<48 - 1

// skipTo makes seq the number of the next record of epoch 1, which would take years.
func (e *Engine) skipTo(seq uint64) {
	next := reflect.ValueOf(e.write[1]).Elem().FieldByName("next")
	*(*uint64)(next.Addr().UnsafePointer()) = seq
}

// "Note that because of the [...] limit [...] implementations MUST either abandon an
// association or rehandshake prior to allowing the sequence number to wrap" (after RFC 6347,
// Section 4.1): data ends first, so that there is a number to say so with.
func TestDataEndsBeforeTheRecordNumbersDo(t *testing.T) { // REC-10
	s := newQuickScene(t)
	s.connect()
	client := s.client
	client.skipTo(lastNumber - record.Reserved - 2)
	for i := range 6 {
		b, err := client.AppendApplicationData([]byte("kept"), []byte{byte(i)})
		switch {
		case i < 3 && err != nil:
			t.Errorf("record %d: %v", i, err)
		case i < 3:
			s.server.note(s.server.HandleDatagram(s.now, b[4:]))
			s.flush(s.server)
		case !errors.Is(err, ErrSequenceExhausted) || string(b) != "kept":
			t.Errorf("record %d: %x, %v, want ErrSequenceExhausted and nothing appended", i, b, err)
		}
	}
	if got := bytes.Join(s.server.received, nil); !bytes.Equal(got, []byte{0, 1, 2}) {
		t.Errorf("the server received %v", got)
	}
	// The other direction has numbers of its own.
	s.send(s.server, []byte("down"))
	s.run(time.Second, func() bool { return len(client.received) > 0 })
	if len(client.received) != 1 {
		t.Error("nothing is received any more")
	}
	client.Close(s.now)
	s.flush(client)
	if !s.run(time.Second, func() bool { return s.server.ConnectionState().State == StateClosed }) {
		t.Error("the close_notify has no number left")
	}
}

// What the last numbers are for may use them up. Nothing has one twice then either.
func TestNoRecordNumberComesTwice(t *testing.T) { // REC-10
	s := newQuickScene(t)
	s.connect()
	const left = 3
	s.server.skipTo(lastNumber - left + 1)
	numbers := map[uint64]bool{}
	for range 2 * left {
		if err := s.server.SendWarning(AlertUserCanceled); err != nil {
			t.Fatal(err)
		}
		b, ok := s.server.AppendDatagram(nil)
		if !ok {
			continue
		}
		r, _, _ := record.Next(b)
		if numbers[r.Number.Seq] || r.Number.Epoch != 1 || r.Number.Seq <= lastNumber-left {
			t.Errorf("a warning is record %v", r.Number)
		}
		numbers[r.Number.Seq] = true
	}
	if len(numbers) != left {
		t.Errorf("%d warnings were sent, want %d", len(numbers), left)
	}
	s.server.SendAlert(s.now, AlertInternalError)
	if b, ok := s.server.AppendDatagram(nil); ok {
		t.Errorf("an alert without a number: %x", b)
	}
}

func TestAConnSaysThatItsRecordNumbersAreUsedUp(t *testing.T) { // REC-10
	synctest.Test(t, func(t *testing.T) {
		client, server := connPair(t, netsim.Config{Delay: time.Millisecond}, nil)
		defer server.Close()
		go server.Handshake(t.Context())
		if err := client.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		client.mu.Lock()
		client.engine.skipTo(lastNumber - record.Reserved)
		client.mu.Unlock()
		if _, err := client.Write([]byte("last")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err := client.Write([]byte("too late"))
			if opErr, ok := errors.AsType[*net.OpError](err); !ok || !errors.Is(opErr.Err, ErrSequenceExhausted) {
				t.Errorf("Write = %v, want ErrSequenceExhausted", err)
			}
		}
		buf := make([]byte, 100)
		if n, err := server.Read(buf); err != nil || string(buf[:n]) != "last" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
		if _, err := server.Write([]byte("down")); err != nil {
			t.Fatal(err)
		}
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "down" {
			t.Errorf("Read = %q, %v: what comes is still received", buf[:n], err)
		}
		client.Close()
		if _, err := server.Read(buf); err != io.EOF {
			t.Errorf("Read = %v, want the close_notify", err)
		}
	})
}
