//go:build !unix

package datachannel

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
