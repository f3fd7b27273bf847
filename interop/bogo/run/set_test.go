package main

import (
	"path"
	"strings"
	"testing"
)

func TestSetIsReportedWithWhatIsMissing(t *testing.T) {
	got := results{"Loss-1": "PASS", "Loss-2": "FAIL", "MTU": "SKIP", "Other": "FAIL"}
	var out strings.Builder
	reportSet(&out, "WebRTC", parsePatterns("# what matters\n\nLoss-*\nMTU\n"), got)
	if want := "bogo: WebRTC: 1 passed of 3; not Loss-2, MTU\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestPatternsOfWebRTCAreWellFormed(t *testing.T) {
	patterns := parsePatterns(webrtcText)
	if len(patterns) == 0 {
		t.Error("no patterns")
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}
