// Package process runs programs that end with who started them, and waits for what they print.
package process
