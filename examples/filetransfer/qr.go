package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"unicode/utf8"
)

// showQR draws a code with qrencode, which most systems have as a package. What no terminal line holds looks torn, so people
// are told how large it is.
func (p *program) showQR(code string) {
	cmd := exec.Command("qrencode", "-t", "UTF8", "-l", "L")
	cmd.Stdin = strings.NewReader(code) // not as an argument: those are for everybody on the machine to see
	var picture, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &picture, &complaint
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		p.say("No QR code: the program qrencode is not installed.")
		return
	case err != nil:
		p.say("No QR code: %v %s", err, bytes.TrimSpace(complaint.Bytes()))
		return
	}
	first, _, _ := strings.Cut(picture.String(), "\n")
	p.say("%sThe QR code fills %d columns and %d lines.", &picture, utf8.RuneCountInString(first), strings.Count(picture.String(), "\n"))
}
