package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/pion/logging"
	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/sctpdc"
)

func init() {
	register("R11", "SCTP and a peer that is authenticated, and hostile", hostilePeer)
}

// packet returns an SCTP packet (RFC 9260, Section 3) of chunks.
func packet(tag uint32, chunks ...[]byte) []byte {
	p := []byte{0x13, 0x88, 0x13, 0x88}
	p = append(binary.BigEndian.AppendUint32(p, tag), 0, 0, 0, 0)
	for _, c := range chunks {
		p = append(p, c...)
		for len(p)%4 != 0 {
			p = append(p, 0)
		}
	}
	binary.LittleEndian.PutUint32(p[8:], crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)))
	return p
}

func chunk(typ, flags byte, value ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{typ, flags}, uint16(4+len(value))), value...)
}

// withPeer runs f with an association of ours and a bare one of pion/sctp.
func withPeer(config sctpdc.Config, f func(ours *sctpdc.Association, peer *sctp.Association, t *tap)) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, b := netsim.Pipe(netsim.Config{Delay: time.Millisecond})
	t := &tap{Conn: b}
	config.Role = keying.RoleServer
	ours, err := sctpdc.New(a, &config)
	if err != nil {
		return err
	}
	defer ours.Close()
	peer, err := sctp.ClientContext(ctx, sctp.WithNetConn(t),
		sctp.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}))
	if err != nil {
		return err
	}
	defer peer.Close()
	if err := ours.Handshake(ctx); err != nil {
		return err
	}
	f(ours, peer, t)
	return nil
}

func hostilePeer(r *report) {
	note := func(err error) {
		if err != nil {
			r.row("set up", err.Error(), "", false)
		}
	}

	note(withPeer(sctpdc.Config{DisableInterleaving: true}, func(ours *sctpdc.Association, _ *sctp.Association, t *tap) {
		const n = 40_000
		t.mu.Lock()
		t.mute = true
		tag, tsn := t.tag, t.tsn
		t.mu.Unlock()
		began := cpuTime()
		sent := 0
		for ; sent < n && ours.Err() == nil; sent += 50 {
			var chunks [][]byte
			for i := range 50 {
				value := binary.BigEndian.AppendUint32(nil, tsn+uint32(sent+i))
				flags := byte(0)
				if sent+i == 0 {
					flags = 2 // the beginning; there is no end
				}
				chunks = append(chunks, chunk(0, flags, append(value, 0, 0, 0, 0, 0, 0, 0, 51, 'x')...))
			}
			_, _ = t.Conn.Write(packet(tag, chunks...))
			if sent%1000 == 0 {
				select {
				case <-ours.Done():
				case <-time.After(2 * time.Millisecond):
				}
			}
			r.ran(0)
		}
		select {
		case <-ours.Done():
		case <-time.After(5 * time.Second):
		}
		took := cpuTime() - began
		r.row("40,000 fragments of one byte", fmt.Sprintf("%v of CPU, refused after %d: %v", took.Round(time.Millisecond), sent, ours.Err()),
			"< 0.2 s, or refused", took < 200*time.Millisecond)
	}))

	// Half of the ids are those that this peer may open (RFC 8832, Section 6); the others are refused.
	note(withPeer(sctpdc.Config{MaxChannels: 65535, MaxUnaccepted: 65535}, func(ours *sctpdc.Association, _ *sctp.Association, t *tap) {
		count := r.scaled(65535, 6000)
		before, began := heap(), time.Now()
		computed := cpuTime()
		x := t.takeOver()
		x.open(ours, count, func(channels int) {
			if channels%64 == 0 {
				r.ran(count / 64)
			}
		})
		took, computed := time.Since(began), cpuTime()-computed
		accepted := 0
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for ; accepted < len(x.answered); accepted++ {
			if _, err := ours.Accept(ctx); err != nil {
				break
			}
		}
		lost := count - len(x.answered) - len(x.refused)
		r.row(fmt.Sprintf("%d channels in a burst", count), fmt.Sprintf("%d accepted, %d refused, %d lost", accepted, len(x.refused), lost),
			"0 lost silently", lost == 0 && accepted == (count+1)/2 && len(x.refused) == count/2)
		r.row("    largest packet in answer", fmt.Sprintf("%d B", x.largest), "<= 1200 B", x.largest <= 1200)
		each := (heap() - before) / int64(max(accepted, 1))
		r.row("    time; CPU; heap for each that is open", fmt.Sprintf("%v, %v, %d B", took.Round(time.Millisecond), computed.Round(time.Millisecond), each), "<= 16 KiB", each <= 16<<10)
	}))

	note(withPeer(sctpdc.Config{MaxChannels: 100}, func(ours *sctpdc.Association, _ *sctp.Association, t *tap) {
		x := t.takeOver()
		x.stubborn = true
		x.open(ours, 65535, func(int) { r.ran(0) })
		select {
		case <-ours.Done():
		case <-time.After(20 * time.Second):
		}
		err := ours.Err()
		r.row("65,535 channels where 100 may be, and resets in vain", fmt.Sprint("refused: ", err), "refused", errors.Is(err, sctpdc.ErrTooManyChannels))
	}))

	note(withPeer(sctpdc.Config{}, func(ours *sctpdc.Association, peer *sctp.Association, t *tap) {
		const n = 1000
		for i := range n {
			t.mu.Lock()
			tag := t.tag
			t.mu.Unlock()
			_, _ = t.Conn.Write(packet(tag+1+uint32(i), chunk(6, 0, 0, 12, 0, 4)))
			if i%100 == 0 {
				time.Sleep(5 * time.Millisecond) // the socket of the simulation holds so many
			}
			r.ran(0)
		}
		s, err := peer.OpenStream(0, sctp.PayloadTypeWebRTCBinary)
		if err == nil {
			_, err = s.WriteSCTP(dcepOpen, sctp.PayloadTypeWebRTCDCEP)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err == nil {
			_, err = ours.Accept(ctx)
		}
		refused := ours.Stats().BadTag
		r.row("ABORTs with a wrong tag", fmt.Sprintf("%d of %d refused, then %v", refused, n, map[bool]string{true: "alive", false: fmt.Sprint(err)}[err == nil]), "refused", refused == n && err == nil)
	}))
}
