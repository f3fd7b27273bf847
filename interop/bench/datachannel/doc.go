// Package datachannel measures package sctpdc beside other stacks of data channels, in one run on one machine, both ends in
// one process: wall and CPU time, allocations, silences, memory.
//
//	go test -bench DataChannel ./datachannel
//	go test -bench DataChannelSilence -benchtime 60x ./datachannel    a minute of each
//	go test -bench DataChannelIdle -benchtime 1000x ./datachannel     1,000 associations of each that rest
//
// libdatachannel and libwebrtc run too where interop/setup has been; what is left out is said.
//
// stack_test.go says what a stack is; ours_test.go, pion_test.go and so on are the stacks, node_test.go those of Node.js; throughput_test.go,
// pingpong_test.go, silence_test.go, resume_test.go and idle_test.go are what is measured.
package datachannel
