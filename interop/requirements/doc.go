// Command requirements shows which of the rules that this library obeys are proved,
// and proves them.
//
//	make requirements                                  proved rows by area, and the others
//	make mutants                                       every mutant, one at a time
//	go run ./interop/requirements -mutants -only HS-   those of some rows
//
// requirements.tsv is the table of rules: what RFCs demand, and what we demand of
// ourselves. Tests name the rows that they are about, but a comment proves nothing.
// So a row counts only if there is a mutant for it: a change of one line of the
// code, in the files of mutants/, which breaks the rule and makes a test that names
// the row fail.
//
//	requirements.tsv <-- names -- mutants/*.txt -- changes --> code
//	       ^                            |
//	       +------- names -- test <-----+ has to fail
//
// Some rules are kept by a package that we build on, pion/sctp above all. No change of our code breaks them, so they are
// never counted as proved; their note names the test that shows them, which has to be there and to name the row.
//
// A mutant is applied through the overlay of the go command, which leaves the tree
// alone. Most are built into one test binary for each package, where all of them are
// asleep but one: see overlay.go. The rest, which change what is outside of
// functions, are built alone.
//
// Read table.go for the rows, mutant.go for how a mutant is written, try.go for when
// one counts as caught. The test of this package sees to it that every mutant still
// applies to the code, that its test is there and names its rows and, without -short, that
// it compiles.
package main
