//go:build unix && race

package browser

// raceEnabled has the server built with the race detector when the tests are.
const raceEnabled = true
