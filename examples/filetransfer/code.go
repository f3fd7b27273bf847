package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// A code is a description as a line of text for people to copy: "offer." or "answer.", then the SDP, compressed (RFC 1951), in
// base64 for URLs.

const maxSDP = 64 << 10 // bytes; descriptions have one or two thousand

// encode returns the code of a description of the type.
func encode(typ string, d description) string {
	var compressed bytes.Buffer
	w, _ := flate.NewWriter(&compressed, flate.BestCompression) // the level is valid, and a Buffer takes everything
	_, _ = io.WriteString(w, d.sdp(typ))
	_ = w.Close()
	return typ + "." + base64.RawURLEncoding.EncodeToString(compressed.Bytes())
}

// decode returns the description of a code of the type.
func decode(typ, code string) (description, error) {
	got, text, ok := strings.Cut(strings.TrimSpace(code), ".")
	if !ok || got != "offer" && got != "answer" {
		return description{}, fmt.Errorf("it does not begin with %q", typ+".")
	}
	if got != typ {
		return description{}, fmt.Errorf("it is the %s, not the %s", got, typ)
	}
	compressed, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return description{}, fmt.Errorf("part of it is missing or changed (%w)", err)
	}
	sdp, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(compressed)), maxSDP))
	if err != nil {
		return description{}, fmt.Errorf("part of it is missing or changed (%w)", err)
	}
	return parseSDP(string(sdp))
}
