// Package headless starts Chromium and Firefox for tests, with all that WebRTC pages want: fake cameras and
// microphones, candidates with addresses, no network but this machine's.
//
// No browser driver is needed: a test starts a browser on a page, the page asks the test's server what to do, and posts
// what came of it.
package headless
