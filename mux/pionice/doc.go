// Package pionice joins pion/ice v2 to package mux. It is apart because whoever imports pion/ice v2 also
// links pion/stun v0 and pion/dtls v2; package mux does not.
//
//	signalling: Description  <----->  Description
//	                 |                     |
//	Gather --> Agent.Dial/Accept --> Link --> mux.New
//	              |
//	          ShieldNet: every socket of the agent behind a Shield
//
// [Gather] and [Agent] take an agent from nothing to a connected [Link] in three calls. [NewLink] is for
// those who run their own ice.Agent: it adds what a mux.Link may tell (round-trip time, addresses) and a
// Close that may be called twice. [Shield] keeps STUN messages that make pion/stun v0.6.1 panic away from
// any code that reads a net.PacketConn.
//
// Do not give an agent "turns:" or "stuns:" URLs over UDP: they run pion/dtls v2.2.7, which is not
// maintained (CVE-2026-26014). [Gather] refuses all secure URLs.
//
// Read agent.go first, then shield.go.
package pionice
