package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// cache is a dtlstransport.SessionStore in memory, for one goroutine.
type cache map[string]stored

// stored is a session as the engine gives it.
type stored struct {
	Session []byte    `json:"session"`
	Expires time.Time `json:"expires"`
}

func (c cache) Get(key string) []byte {
	s, ok := c[key]
	if !ok || !time.Now().Before(s.Expires) {
		return nil
	}
	return s.Session
}

func (c cache) Put(key string, session []byte, expires time.Time) { c[key] = stored{session, expires} }

func (c cache) Delete(key string) { delete(c, key) }

// loadSessions reads the file of --resume. One that is not there is empty.
func loadSessions(name string) (cache, error) {
	c := cache{}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return cache{}, err
	}
	return c, nil
}

// save writes the file, which only its owner may read, or removes it if there is
// no session. It reports whether there is one.
func (c cache) save(name string) (bool, error) {
	if len(c) == 0 {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		return false, nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(name, text, 0o600)
}
