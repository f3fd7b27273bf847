// Package table runs what the table of interop is made of: cells, each a peer in a role in a case, with the verdict and what the
// wire showed.
//
//	Peer -- has --> Cell -- Run(*Trial) --> Result        cell.go, trial.go, result.go
//	                                           |
//	Run: cells side by side, time-bounded      |          run.go
//	                                           v
//	                     text, JSON, an HTML page         text.go, page.go
//
// Read cell.go first. What the cells do is told by the packages of the peers (native, webrtc).
package table
