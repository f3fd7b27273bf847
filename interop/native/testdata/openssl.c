/* OpenSSL 3 for the tests; see shim.h. */
#define STACK_RENEGOTIATES
#include "shim.h"
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *ctx;
static SSL *ssl;
static SSL_SESSION *session;

static int accept_any(int ok, X509_STORE_CTX *store) { (void)ok; (void)store; return 1; }

static int make_cookie(SSL *s, unsigned char *b, unsigned *n) { (void)s; memcpy(b, "a cookie of tests", *n = 17); return 1; }
static int check_cookie(SSL *s, const unsigned char *b, unsigned n) { (void)s; return n == 17 && !memcmp(b, "a cookie of tests", n); }

static unsigned client_psk(SSL *s, const char *hint, char *identity, unsigned identity_room, unsigned char *key, unsigned key_room)
{
	(void)s; (void)hint; (void)key_room;
	snprintf(identity, identity_room, "%s", opt.psk_identity);
	memcpy(key, opt.psk, (size_t)opt.psk_length);
	return (unsigned)opt.psk_length;
}

static unsigned server_psk(SSL *s, const char *identity, unsigned char *key, unsigned key_room)
{
	(void)s; (void)key_room;
	if (strcmp(identity, opt.psk_identity))
		return 0;
	memcpy(key, opt.psk, (size_t)opt.psk_length);
	return (unsigned)opt.psk_length;
}

static const char *stack_version(void) { return OpenSSL_version(OPENSSL_VERSION_STRING); }

static void stack_init(void)
{
	ctx = SSL_CTX_new(opt.server ? DTLS_server_method() : DTLS_client_method());
	SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION);
	if (opt.cert && (SSL_CTX_use_certificate_chain_file(ctx, opt.cert) != 1 || SSL_CTX_use_PrivateKey_file(ctx, opt.key, SSL_FILETYPE_PEM) != 1))
		fail("certificate");
	if (opt.suite && SSL_CTX_set_cipher_list(ctx, opt.suite) != 1)
		fail("suite %s", opt.suite);
	if (opt.groups && SSL_CTX_set1_groups_list(ctx, opt.groups) != 1)
		fail("groups %s", opt.groups);
	if (opt.srtp && SSL_CTX_set_tlsext_use_srtp(ctx, opt.srtp) != 0)
		fail("srtp %s", opt.srtp);
	if (!opt.server || opt.client_auth)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (opt.server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), accept_any);
	if (opt.psk_identity) {
		SSL_CTX_set_psk_client_callback(ctx, client_psk);
		SSL_CTX_set_psk_server_callback(ctx, server_psk);
		SSL_CTX_use_psk_identity_hint(ctx, "a hint");
	}
	if (opt.no_ems)
		SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	if (opt.no_tickets)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"t", 1);
	if (opt.cookie) {
		SSL_CTX_set_options(ctx, SSL_OP_COOKIE_EXCHANGE);
		SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
		SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
	}
}

static void stack_open(int fd)
{
	ssl = SSL_new(ctx);
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	struct sockaddr_in peer;
	socklen_t n = sizeof peer;
	getpeername(fd, (struct sockaddr *)&peer, &n);
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &peer);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, opt.mtu ? opt.mtu : 1400);
	if (opt.server) {
		SSL_set_accept_state(ssl);
	} else {
		SSL_set_connect_state(ssl);
		if (session)
			SSL_set_session(ssl, session);
	}
}

static int result(int r)
{
	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return STACK_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	}
	ERR_print_errors_fp(stdout);
	return STACK_ERROR;
}

static int stack_handshake(void)
{
	DTLSv1_handle_timeout(ssl);
	int r = SSL_do_handshake(ssl);
	return r == 1 ? 0 : result(r);
}

static int stack_timeout(void)
{
	struct timeval t;
	return DTLSv1_get_timeout(ssl, &t) ? (int)(t.tv_sec * 1000 + t.tv_usec / 1000 + 1) : -1;
}

static void stack_connected(void)
{
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(ssl);
	EVP_PKEY *key = NULL;
	const char *group = "-";
	if (!opt.server && SSL_get_peer_tmp_key(ssl, &key)) {
		char name[64];
		group = EVP_PKEY_get_id(key) == EVP_PKEY_X25519 ? "X25519" : EVP_PKEY_get_group_name(key, name, sizeof name, NULL) && !strcmp(name, "prime256v1") ? "P-256" : !strcmp(name, "secp521r1") ? "P-521" : "P-384";
		EVP_PKEY_free(key);
	}
	connected(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)), group, p ? p->name : "none", SSL_get_extms_support(ssl) ? "1" : "0", SSL_session_reused(ssl));
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	return SSL_export_keying_material(ssl, out, (size_t)e->length, e->label, strlen(e->label), e->context, (size_t)e->context_length, e->has_context) != 1;
}

static void stack_renegotiate(void)
{
	SSL_renegotiate(ssl);
	int r = SSL_do_handshake(ssl);
	if (r != 1)
		result(r);
}

static int stack_read(unsigned char *b, int n)
{
	int r = SSL_read(ssl, b, n);
	return r > 0 ? r : result(r);
}

static int stack_write(const unsigned char *b, int n) { return SSL_write(ssl, b, n); }

static void stack_close(void) { SSL_shutdown(ssl); }

static void stack_free(void)
{
	if (!opt.server)
		session = SSL_get1_session(ssl);
	SSL_free(ssl);
}

