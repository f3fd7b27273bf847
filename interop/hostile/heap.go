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
