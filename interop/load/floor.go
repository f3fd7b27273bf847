package main

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"runtime"
	"time"
)

// A floor measures what a server's side of a handshake cannot do without: a key pair and an X25519, a signature made and
// one verified. It does so while peers are joining, a little at a time, so that it is on cores that are as busy.
type floor struct {
	own    *ecdsa.PrivateKey
	peer   *ecdh.PrivateKey
	digest [sha256.Size]byte

	times int
	used  time.Duration // of CPU, in all
}

// floorEvery is for how many peers that join the floor is done once.
const floorEvery = 20

func newFloor() (f *floor, err error) {
	f = &floor{digest: sha256.Sum256([]byte("what is signed"))}
	if f.own, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	f.peer, err = ecdh.X25519().GenerateKey(rand.Reader)
	return f, err
}

// sample measures.
func (f *floor) sample() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	if _, err := key.ECDH(f.peer.PublicKey()); err != nil {
		return err
	}
	signature, err := f.own.Sign(rand.Reader, f.digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	ecdsa.VerifyASN1(&f.own.PublicKey, f.digest[:], signature)
	f.times++
	f.used += threadTime() - began
	return nil
}

// each is the work of one join; zero where CPU time is not known.
func (f *floor) each() time.Duration { return f.used / time.Duration(max(1, f.times)) }
