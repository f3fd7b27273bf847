package netsim

// goldenFates is what TestASeedKeepsItsMeaning compares with: datagrams 0 to 5 of both directions.
var goldenFates = []string{
	"A->B {Drop:false Copies:1 CopyDelay:13.966955ms Extra:21.564264ms Corrupt:true}",
	"B->A {Drop:false Copies:1 CopyDelay:48.929946ms Extra:917.813µs Corrupt:false}",
	"A->B {Drop:false Copies:0 CopyDelay:0s Extra:6.682466ms Corrupt:true}",
	"B->A {Drop:false Copies:0 CopyDelay:0s Extra:5.851876ms Corrupt:false}",
	"A->B {Drop:false Copies:1 CopyDelay:11.808729ms Extra:5.361063ms Corrupt:false}",
	"B->A {Drop:false Copies:0 CopyDelay:0s Extra:21.794577ms Corrupt:false}",
	"A->B {Drop:false Copies:0 CopyDelay:0s Extra:858.277µs Corrupt:false}",
	"B->A {Drop:false Copies:1 CopyDelay:8.675301ms Extra:4.068476ms Corrupt:false}",
	"A->B {Drop:false Copies:1 CopyDelay:2.219301ms Extra:8.181654ms Corrupt:false}",
	"B->A {Drop:false Copies:0 CopyDelay:0s Extra:30.094766ms Corrupt:false}",
	"A->B {Drop:false Copies:1 CopyDelay:47.056659ms Extra:49.647303ms Corrupt:false}",
	"B->A {Drop:false Copies:1 CopyDelay:49.424749ms Extra:2.854754ms Corrupt:false}",
}
