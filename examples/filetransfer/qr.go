package main

import "os/exec"

// showQR draws a code with qrencode, which most systems have as a package.
func (p *program) showQR(code string) {
	cmd := exec.Command("qrencode", "-t", "UTF8", "-l", "L", code)
	cmd.Stdout = p.messages
	if err := cmd.Run(); err != nil {
		p.say("No QR code: %v", err)
	}
}
