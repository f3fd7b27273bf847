// Package browser has no code; its tests run Chromium and Firefox against examples/browser.
//
//	go test ./interop/browser                               both browsers, if they are installed
//	go test -run 'Firefox/passive/media' ./interop/browser  one job
//	RTC_REQUIRE_BROWSERS=1 go test ./interop/browser        a missing browser is a failure, as with CI=1
//	RTC_SHOW_BROWSER=1 go test ./interop/browser            with the browser's standard error
//
// No browser driver is needed. A test starts the browser headless with the address of a page; the page asks
// for jobs and posts what came of them; the test kills the browser's process group.
//
//	go test ─────────────┬── builds and starts ──▶ examples/browser ◀── WebRTC ──┐
//	  jobs_test.go       │                              ▲                        │
//	  runner_test.go ◀───┼── GET /next, POST /done ─────┼────────── browser: testdata/page.html
//	  ../headless ───────┼── starts, kills ─────────────┼──────────▶         testdata/jobs/
//	                     └── /peer/... (proxy) ─────────┘
//
// Read jobs_test.go first: it lists what is shown. testdata/jobs/ does it. process_test.go sees to it that
// nothing is left behind, however the test ends.
package browser
