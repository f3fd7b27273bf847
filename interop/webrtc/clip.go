//go:build unix

package webrtc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
)

// A clip is a short video in VP8, for stacks that have no codecs: they send its frames, cut into packets, and put together what comes
// back, which a decoder then has to make the same pictures of.
//
//	vpxenc ── frames ──▶ the stack ── RTP ──▶ examples/browser ── RTP ──▶ the stack ── frames ──▶ vpxdec
type clip struct {
	once   sync.Once
	err    error
	frames [][]byte
	sum    string // of the pictures
}

// The pictures of a clip.
const (
	clipWidth, clipHeight = 176, 144
	clipFrames            = 30
	clipRate              = 30 // frames a second
)

// maxClip bounds what comes back, in bytes.
const maxClip = 16 << 20

// make makes the clip, once.
func (c *clip) make(ctx context.Context) error {
	c.once.Do(func() { c.err = c.encode(ctx) })
	return c.err
}

func (c *clip) encode(ctx context.Context) error {
	for _, tool := range []string{"vpxenc", "vpxdec"} {
		if _, err := exec.LookPath(tool); err != nil {
			return &table.MissingError{What: tool, Package: "vpx-tools"}
		}
	}
	dir, err := os.MkdirTemp("", "rtc-clip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	raw, coded := filepath.Join(dir, "raw"), filepath.Join(dir, "ivf")
	if err := os.WriteFile(raw, pictures(), 0o600); err != nil {
		return err
	}
	err = process.Build(ctx, "vpxenc", "--codec=vp8", "--ivf", "--i420", fmt.Sprint("--width=", clipWidth), fmt.Sprint("--height=", clipHeight),
		fmt.Sprintf("--fps=%d/1", clipRate), "--rt", "--cpu-used=8", "--target-bitrate=2000", "--quiet", "--output="+coded, raw)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(coded)
	if err != nil {
		return err
	}
	if c.frames, err = readIVF(file); err != nil {
		return err
	}
	if len(c.frames) != clipFrames {
		return fmt.Errorf("vpxenc made %d frames of %d", len(c.frames), clipFrames)
	}
	c.sum, err = decode(ctx, c.frames)
	return err
}

// pictures are in I420: something that moves, in grey.
func pictures() []byte {
	var b []byte
	for n := range clipFrames {
		for y := range clipHeight {
			for x := range clipWidth {
				b = append(b, byte((x+3*n)*(y-2*n)/16+7*n))
			}
		}
		b = append(b, bytes.Repeat([]byte{128}, clipWidth*clipHeight/2)...)
	}
	return b
}

// decode returns a sum of the pictures that vpxdec makes of frames.
func decode(ctx context.Context, frames [][]byte) (sum string, err error) {
	cmd := exec.CommandContext(ctx, "vpxdec", "--md5", "--i420", "-")
	cmd.Stdin = bytes.NewReader(appendIVF(nil, frames))
	out, err := cmd.Output()
	if e, ok := err.(*exec.ExitError); ok {
		return "", fmt.Errorf("vpxdec: %w: %s", err, e.Stderr)
	}
	sum, _, _ = strings.Cut(string(out), " ") // the name of the file is behind
	return sum, err
}

// An IVF file has a header of 32 bytes: "DKIF", version 2, length of the header 2, codec 4, width 2, height 2, frames a second 4 and 4,
// frames 4, unused 4; and before each frame its length 4 and time 8. All little-endian.
const ivfHeader, ivfFrameHeader = 32, 12

func readIVF(b []byte) (frames [][]byte, err error) {
	if len(b) < ivfHeader || string(b[:4]) != "DKIF" {
		return nil, fmt.Errorf("no IVF file of %d bytes", len(b))
	}
	for b = b[ivfHeader:]; len(b) > 0; {
		if len(b) < ivfFrameHeader || uint64(len(b)-ivfFrameHeader) < uint64(binary.LittleEndian.Uint32(b)) {
			return nil, fmt.Errorf("an IVF file ends in a frame")
		}
		end := ivfFrameHeader + int(binary.LittleEndian.Uint32(b))
		frames = append(frames, b[ivfFrameHeader:end])
		b = b[end:]
	}
	return frames, nil
}

func appendIVF(b []byte, frames [][]byte) []byte {
	le := binary.LittleEndian
	b = append(b, "DKIF\x00\x00\x20\x00VP80"...)
	b = le.AppendUint16(le.AppendUint16(b, clipWidth), clipHeight)
	b = le.AppendUint32(le.AppendUint32(b, clipRate), 1)
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(frames))), 0)
	for n, f := range frames {
		b = le.AppendUint64(le.AppendUint32(b, uint32(len(f))), uint64(n))
		b = append(b, f...)
	}
	return b
}

// giveClip hands out the frames.
func (r *runner) giveClip(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(r.clip.frames)
}

// takeClip says what is wrong with the frames that came back; nothing: they decode to the same pictures.
func (r *runner) takeClip(w http.ResponseWriter, request *http.Request) {
	var frames [][]byte
	if err := json.NewDecoder(io.LimitReader(request.Body, maxClip)).Decode(&frames); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var verdict struct {
		Error string `json:"error"`
	}
	switch sum, err := decode(request.Context(), frames); {
	case err != nil:
		verdict.Error = fmt.Sprintf("%d frames came back: %v", len(frames), err)
	case sum != r.clip.sum:
		verdict.Error = fmt.Sprintf("%d frames came back, which decode to other pictures", len(frames))
	}
	_ = json.NewEncoder(w).Encode(verdict)
}
