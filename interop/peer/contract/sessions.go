package contract

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// Sessions is a dtlstransport.SessionStore in memory, for one goroutine at a time.
type Sessions map[string]stored

// stored is a session as the engine gives it.
type stored struct {
	Session []byte    `json:"session"`
	Expires time.Time `json:"expires"`
}

func (c Sessions) Get(key string) []byte {
	s, ok := c[key]
	if !ok || !time.Now().Before(s.Expires) {
		return nil
	}
	return s.Session
}

func (c Sessions) Put(key string, session []byte, expires time.Time) {
	c[key] = stored{session, expires}
}

func (c Sessions) Delete(key string) { delete(c, key) }

// LoadSessions reads the file of --resume. One that is not there is empty.
func LoadSessions(name string) (Sessions, error) {
	c := Sessions{}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return Sessions{}, err
	}
	return c, nil
}

// Save writes the file, which only its owner may read, or removes it if there is
// no session. It reports whether there is one.
func (c Sessions) Save(name string) (bool, error) {
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
