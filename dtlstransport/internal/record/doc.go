// Package record seals and opens DTLS 1.2 records: the header on the wire, one
// object for each epoch and direction, AEAD protection and the replay window
// (RFC 6347, Section 4.1; RFC 5246, Section 6.2.3.3).
//
//	datagram -> Next -> Record --epoch 0--------------------> plaintext
//	                       \---epoch 1--> Opener.Open ------> plaintext
//
//	plaintext -> Sealer.Append -> datagram
//
// Neither direction copies or allocates. Read record.go for the header,
// sealer.go and opener.go for the two directions, window.go for replays.
package record
