package keying

import "crypto"

// MasterSecretLen is the length of every TLS 1.2 master_secret, in bytes.
//
// "The master secret is always exactly 48 bytes in length."
// RFC 5246, Section 8.1.
const MasterSecretLen = 48

// VerifyDataLen is the length of verify_data for every cipher suite this module has, in bytes (RFC 5246, Section 7.4.9).
const VerifyDataLen = 12

// The labels a handshake uses itself; Export refuses those of RFC 5246.
const (
	labelMasterSecret         = "master secret"
	labelExtendedMasterSecret = "extended master secret"
	labelKeyExpansion         = "key expansion"
	labelClientFinished       = "client finished"
	labelServerFinished       = "server finished"
)

// MasterSecret returns the 48-byte master_secret of a handshake without the extended_master_secret extension.
// preMaster is the ECDHE shared secret, with its leading zero bytes (RFC 8422, Section 5.10); the randoms are the 32 bytes
// of each hello.
//
//	master_secret = PRF(pre_master_secret, "master secret",
//	                    ClientHello.random + ServerHello.random)[0..47];
//
// RFC 5246, Section 8.1.
func MasterSecret(h crypto.Hash, preMaster, clientRandom, serverRandom []byte) []byte {
	master := make([]byte, MasterSecretLen)
	PRF(master, h, preMaster, labelMasterSecret, clientRandom, serverRandom)
	return master
}

// ExtendedMasterSecret returns the 48-byte master_secret of a handshake that negotiated extended_master_secret.
// sessionHash is the hash of all handshake messages up to and including ClientKeyExchange.
//
//	master_secret = PRF(pre_master_secret, "extended master secret",
//	                    session_hash)[0..47];
//
// RFC 7627, Section 4.
func ExtendedMasterSecret(h crypto.Hash, preMaster, sessionHash []byte) []byte {
	master := make([]byte, MasterSecretLen)
	PRF(master, h, preMaster, labelExtendedMasterSecret, sessionHash)
	return master
}

// VerifyData returns the body of the Finished message that sender sends. transcriptHash is the hash of all handshake
// messages before that Finished. It panics if sender is neither side.
//
//	verify_data = PRF(master_secret, finished_label,
//	                  Hash(handshake_messages))[0..verify_data_length-1];
//
// RFC 5246, Section 7.4.9.
func VerifyData(h crypto.Hash, master []byte, sender Role, transcriptHash []byte) [VerifyDataLen]byte {
	return NewSecret(h, master).VerifyData(sender, transcriptHash)
}

// VerifyData is the function of that name, under the master secret that s is of.
func (s *Secret) VerifyData(sender Role, transcriptHash []byte) [VerifyDataLen]byte {
	var label string
	switch sender {
	case RoleClient:
		label = labelClientFinished
	case RoleServer:
		label = labelServerFinished
	default:
		panic("keying: VerifyData of " + sender.String())
	}
	var verifyData [VerifyDataLen]byte
	s.PRF(verifyData[:], label, transcriptHash)
	return verifyData
}

// KeyBlock fills out with the key block, which record protection cuts into the keys and salts of both sides.
// The seed has the server's random first, the other way round than everywhere else; the arguments have not.
//
//	key_block = PRF(SecurityParameters.master_secret,
//	                "key expansion",
//	                SecurityParameters.server_random +
//	                SecurityParameters.client_random);
//
// RFC 5246, Section 6.3.
func KeyBlock(out []byte, h crypto.Hash, master, clientRandom, serverRandom []byte) {
	NewSecret(h, master).KeyBlock(out, clientRandom, serverRandom)
}

// KeyBlock is the function of that name, under the master secret that s is of.
func (s *Secret) KeyBlock(out, clientRandom, serverRandom []byte) {
	s.PRF(out, labelKeyExpansion, serverRandom, clientRandom)
}
