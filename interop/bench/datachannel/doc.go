// Package datachannel measures package sctpdc beside other stacks of data channels, in one run on one machine, both ends in
// one process: wall and CPU time, allocations, silences, memory.
//
//	go test -bench DataChannel ./datachannel
//	go test -bench DataChannelThroughput/16KiB -benchtime 60s ./datachannel    no silence in a minute
//
// stack_test.go says what a stack is; ours_test.go, pion_test.go and so on are the stacks, node_test.go those of Node.js; throughput_test.go,
// pingpong_test.go, resume_test.go and idle_test.go are what is measured.
package datachannel
