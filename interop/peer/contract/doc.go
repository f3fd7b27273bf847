// Package contract is the command-line contract of the interop programs: their
// flags, the lines that they print and their exit codes. Another program drives
// them by it, so nothing of it may change.
//
//	client|server --addr H:P [flags] ──▶ Parse ──▶ Options ──▶ Options.Config
//	                                                              │ dtlstransport
//	one line per fact on stdout ◀──────────────── Output ◀────────┘
//
// Read contractflags.go for the flags, flags.go for how they are read, with their defaults, then output.go for the lines.
package contract
