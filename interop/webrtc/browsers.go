//go:build unix

package webrtc

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"github.com/rtctransport/rtctransport/interop/headless"
	"github.com/rtctransport/rtctransport/interop/process"
	"github.com/rtctransport/rtctransport/interop/table"
)

// newBrowser starts a browser on js/page.html.
func newBrowser(b *headless.Browser) *starter {
	var path string
	return &starter{
		name: b.Name, pkg: b.Debian,
		prepare: func(ctx context.Context) (version string, err error) {
			if path, err = b.Path(); err != nil {
				if missing, ok := errors.AsType[*headless.MissingError](err); ok {
					err = &table.MissingError{What: missing.Why}
				}
				return "", err
			}
			out, err := exec.CommandContext(ctx, path, "--version").Output()
			for word := range strings.FieldsSeq(string(out)) {
				if word[0] >= '0' && word[0] <= '9' {
					return word, err
				}
			}
			return "", err
		},
		open: func(f *fixture, address string) {
			if err := b.Start(silent{f}, path, address+"/page.html"); err != nil {
				f.Errorf("%v", err)
			}
		},
	}
}

// silent keeps to itself what a browser prints, which is a lot.
type silent struct{ process.Owner }

func (silent) Logf(string, ...any) {}
