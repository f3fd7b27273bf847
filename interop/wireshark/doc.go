// Package wireshark has tshark read our handshakes with our key log: whether it names every record, decrypts what is
// encrypted, and finds nothing malformed.
package wireshark
