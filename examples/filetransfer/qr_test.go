package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// modules reads a QR code as a terminal shows it, light on dark: two modules in each character, one above the other. True is light.
func modules(t *testing.T, picture string) (rows [][]bool) {
	t.Helper()
	for line := range strings.Lines(picture) {
		var upper, lower []bool
		for _, c := range strings.TrimSuffix(line, "\n") {
			at := strings.IndexRune(" ▀▄█", c)
			if at < 0 {
				return rows // what is written below it
			}
			upper = append(upper, c == '▀' || c == '█')
			lower = append(lower, c == '▄' || c == '█')
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

// scan reads a QR code with zbarimg, as a camera would.
func scan(t *testing.T, rows [][]bool) string {
	t.Helper()
	const size = 4 // of a module, in pixels
	img := image.NewGray(image.Rect(0, 0, size*len(rows[0]), size*len(rows)))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if row := rows[y/size]; x/size < len(row) && row[x/size] {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	name := filepath.Join(t.TempDir(), "code.png")
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("zbarimg", "--raw", "-q", name).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func TestQRCodesOnTheTerminalAreTheCodes(t *testing.T) {
	for _, name := range []string{"qrencode", "zbarimg"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("RTC_REQUIRE_PEERS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	s, err := network{loopback: true}.newSide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.agent.Close()
	for typ, setup := range map[string]string{"offer": "actpass", "answer": "active"} {
		code := encode(typ, s.describe(setup, "0"))
		var out, messages bytes.Buffer
		p := &program{out: &out, messages: &messages, qr: true}
		p.show(code)
		if out.String() != code+"\n" {
			t.Errorf("standard output has %q", out.String())
		}
		rows := modules(t, messages.String())
		if len(rows) < 42 { // version 1 with its margins has 29
			t.Fatalf("%d rows of modules in\n%s", len(rows), messages.String())
		}
		if got := scan(t, rows); got != code {
			t.Errorf("scanned %q, want %q", got, code)
		}
		if !strings.Contains(messages.String(), "The QR code fills ") {
			t.Errorf("nobody is told its size:\n%s", messages.String())
		}
	}
}

func TestWithoutAQRCodeThereIsStillTheCode(t *testing.T) {
	var out, messages bytes.Buffer
	p := &program{out: &out, messages: &messages, qr: true}
	t.Setenv("PATH", t.TempDir())
	p.show("offer.x")
	if out.String() != "offer.x\n" || !strings.Contains(messages.String(), "qrencode is not installed") {
		t.Errorf("printed %q and %q", out.String(), messages.String())
	}
	if _, err := exec.LookPath("/usr/bin/qrencode"); err != nil {
		return
	}
	t.Setenv("PATH", "/usr/bin")
	messages.Reset()
	p.show("offer." + strings.Repeat("x", 3000)) // more than any QR code holds
	if !strings.Contains(messages.String(), "No QR code: ") {
		t.Errorf("printed %q", messages.String())
	}
}
