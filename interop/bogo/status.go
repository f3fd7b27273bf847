package main

import "errors"

// statusCallback is the application's part in the status of certificates.
type statusCallback struct {
	decline bool // to send one
	fail    bool
}

var errStatus = errors.New("the test says that the status is bad")

// answer is what a server sends with a certificate that has a staple.
func (c statusCallback) answer(staple []byte) ([]byte, error) {
	switch {
	case c.fail:
		return nil, errStatus
	case c.decline:
		return nil, nil
	}
	return staple, nil
}

// judge is the verdict of a client.
func (c statusCallback) judge([][]byte, []byte) error {
	if c.fail {
		return errStatus
	}
	return nil
}
