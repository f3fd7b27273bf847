package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

func init() { register("R10", "SRTP packets with forged SSRCs", forgedSources) }

func forgedSources(r *report) {
	n := r.scaled(1_000_000, 60_000)
	for _, profile := range []keying.SRTPProfile{keying.SRTPAEADAES128GCM, keying.SRTPAES128CMHMACSHA1_80} {
		reseed(r.seed)
		material, err := keying.NewMaterial(profile, random(profile.MaterialLen()))
		if err != nil {
			panic(err)
		}
		sender, err := pionsrtp.New(material, keying.RoleClient)
		if err != nil {
			panic(err)
		}
		receiver, err := pionsrtp.New(material, keying.RoleServer)
		if err != nil {
			panic(err)
		}
		packet := func(seq uint16) []byte {
			rtp := append([]byte{0x80, 96, byte(seq >> 8), byte(seq), 0, 0, 0, 1, 0, 0, 0, 7}, make([]byte, 100)...)
			b, err := sender.ProtectRTP(nil, rtp)
			if err != nil {
				panic(err)
			}
			return b
		}
		_, _ = receiver.UnprotectRTP(nil, packet(1))
		forged := packet(2)
		buffer := make([]byte, 0, 2000)
		try := func(count, from int) {
			for i := range count {
				binary.BigEndian.PutUint32(forged[8:], uint32(from+i)*2654435761|1<<31)
				if _, err := receiver.UnprotectRTP(buffer, forged); err == nil {
					r.fail("delivered", fmt.Sprintf("%v: a forged packet is accepted", profile), nil)
				}
				r.ran(2 * n)
			}
		}
		try(1000, n) // what grows once has grown
		before, began := heap(), time.Now()
		try(n, 0)
		took := time.Since(began)
		grown := heap() - before
		got, err := receiver.UnprotectRTP(buffer, packet(3))
		r.row(fmt.Sprintf("%v, heap", profile), fmt.Sprintf("%d bytes, %v for each", max(grown, 0), took/time.Duration(n)), "0 growth (4 KiB of noise)", grown < 4<<10)
		r.row("    and the genuine packet right after", map[bool]string{true: "delivered", false: fmt.Sprint(err)}[err == nil && len(got) == 112], "delivered", err == nil && len(got) == 112)
	}
}
