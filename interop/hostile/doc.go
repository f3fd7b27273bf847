// Command hostile shows what nobody's datagrams can do to a handshake or an association:
//
//	go run ./interop/hostile            every figure, less than 15 minutes
//	go run ./interop/hostile -short     a subset, less than a minute
//	go run ./interop/hostile -only R4 -seed 7
//
// It exits with 1 if a goal is missed. Each figure is computed by a process of its own, in virtual time where time
// matters, and all that is random follows from the seed: the same command says the same thing again.
//
//	main.go, table.go   flags, processes, the table
//	figure.go           what a figure is
//	scene.go            two engines and a simulated link, stepped by hand
//	random.go           randomness that follows from a seed
//	failure.go          a failure's datagrams in a file, which a test plays again
//	r*.go               the figures
//	forge/              DTLS as an attacker needs it, with no code of the engine
package main
