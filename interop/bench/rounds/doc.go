// Package rounds measures contenders at the same thing, in rounds that take turns, each in another order, so that other
// load on the machine falls on all alike; what counts is the ratio within a round.
//
//	figure --> every contender, Times --> a round
//	                                       ... Rounds of them --> Result: min, median, max; ratios round by round
//
// Read figure.go first (what is measured), then result.go (what comes of it), then parse.go (results of other programs).
package rounds
