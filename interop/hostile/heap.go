package main

import "runtime"

// heap returns the bytes that are reachable now.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools hold goes in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// countTimers has timers counted from now on: the runtime knows their number, and does not tell it, but it tells what
// has been allocated where.
func countTimers() { runtime.MemProfileRate = 1 }

// timers returns how many timers made since countTimers are reachable: those of programs, and those that run.
func timers() (n int64) {
	heap() // the profile is that of the collection before the last
	records := make([]runtime.MemProfileRecord, 1<<10)
	for {
		count, ok := runtime.MemProfile(records, false)
		if ok {
			records = records[:count]
			break
		}
		records = make([]runtime.MemProfileRecord, 2*count)
	}
	for _, r := range records {
		frames := runtime.CallersFrames(r.Stack())
		var before runtime.Frame
		for f, more := frames.Next(); more; f, more = frames.Next() {
			// And not the table of them all, which grows.
			if f.Function == "time.newTimer" && before.Function == "runtime.newobject" {
				n += r.InUseObjects()
			}
			before = f
		}
	}
	return n
}
