/* Mbed TLS 2.28 for the tests; see shim.h. */
#define STACK_RENEGOTIATES
#include "shim.h"
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context random_state;
static mbedtls_ssl_config config;
static mbedtls_ssl_context ssl;
static mbedtls_x509_crt chain;
static mbedtls_pk_context key;
static mbedtls_ssl_cookie_ctx cookies;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_ticket_context tickets;
static mbedtls_ssl_session session;
static int have_session;
static int suites[2];
static mbedtls_ecp_group_id groups[8];
static mbedtls_ssl_srtp_profile profiles[2];
static int socket_fd, full, refused; /* full: a handshake that derived a master secret; refused: to renegotiate */

/* What the exporter (RFC 5705) needs; the library has none. */
static unsigned char master[48], randoms[64];
static mbedtls_tls_prf_types prf;

/* The timer of the library: two deadlines in milliseconds, 0: none. */
static long intermediate, final;

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_timer(void *p, uint32_t a, uint32_t b)
{
	(void)p;
	intermediate = b ? now_ms() + a : 0;
	final = b ? now_ms() + b : 0;
}

static int get_timer(void *p)
{
	(void)p;
	return !final ? -1 : now_ms() >= final ? 2 : now_ms() >= intermediate;
}

static void must(int r, const char *what)
{
	char text[128];
	if (r == 0)
		return;
	mbedtls_strerror(r, text, sizeof text);
	fail("%s: %s", what, text);
}

static int export_keys(void *p, const unsigned char *ms, const unsigned char *kb, size_t maclen, size_t keylen, size_t ivlen,
	const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types type)
{
	(void)p; (void)kb; (void)maclen; (void)keylen; (void)ivlen;
	memcpy(master, ms, 48);
	memcpy(randoms, client_random, 32);
	memcpy(randoms + 32, server_random, 32);
	prf = type;
	return 0;
}

static int send_datagram(void *p, const unsigned char *b, size_t n) { (void)p; return (int)send(socket_fd, b, n, 0); }

static int receive_datagram(void *p, unsigned char *b, size_t n)
{
	(void)p;
	ssize_t r = recv(socket_fd, b, n, 0);
	return r < 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int)r;
}

static int accept_any(void *p, mbedtls_x509_crt *c, int depth, uint32_t *flags) { (void)p; (void)c; (void)depth; *flags = 0; return 0; }

static const struct { const char *name; mbedtls_ecp_group_id id; } group_names[] = {
	{"x25519", MBEDTLS_ECP_DP_CURVE25519}, {"secp256r1", MBEDTLS_ECP_DP_SECP256R1}, {"secp384r1", MBEDTLS_ECP_DP_SECP384R1},
	{"secp521r1", MBEDTLS_ECP_DP_SECP521R1},
};

static const char *stack_version(void) { return MBEDTLS_VERSION_STRING; }

static void stack_init(void)
{
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random_state);
	must(mbedtls_ctr_drbg_seed(&random_state, mbedtls_entropy_func, &entropy, NULL, 0), "random");
	mbedtls_ssl_config_init(&config);
	must(mbedtls_ssl_config_defaults(&config, opt.server, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT), "config");
	mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random_state);
	mbedtls_ssl_conf_verify(&config, accept_any, NULL);
	mbedtls_ssl_conf_authmode(&config, !opt.server || opt.client_auth ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	if (opt.cert) {
		must(mbedtls_x509_crt_parse_file(&chain, opt.cert), "certificate");
		must(mbedtls_pk_parse_keyfile(&key, opt.key, NULL), "key");
		must(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "certificate");
	}
	mbedtls_ssl_conf_ca_chain(&config, &chain, NULL);
	if (opt.psk_identity)
		must(mbedtls_ssl_conf_psk(&config, opt.psk, (size_t)opt.psk_length, (const unsigned char *)opt.psk_identity, strlen(opt.psk_identity)), "psk");
	if (!(suites[0] = mbedtls_ssl_get_ciphersuite_id(opt.suite)))
		fail("suite %s", opt.suite);
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	int n = 0;
	for (char *list = strdup(opt.groups), *g = strtok(list, ","); g; g = strtok(NULL, ","))
		for (size_t i = 0; i < sizeof group_names / sizeof *group_names; i++)
			if (!strcmp(g, group_names[i].name))
				groups[n++] = group_names[i].id;
	mbedtls_ssl_conf_curves(&config, groups);
	if (opt.srtp) {
		profiles[0] = strstr(opt.srtp, "_32") ? MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_32 : MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80;
		must(mbedtls_ssl_conf_dtls_srtp_protection_profiles(&config, profiles), "srtp");
	}
	mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
	if (opt.no_ems)
		mbedtls_ssl_conf_extended_master_secret(&config, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
	mbedtls_ssl_conf_export_keys_ext_cb(&config, export_keys, NULL);
	if (opt.server) {
		mbedtls_ssl_cookie_init(&cookies);
		must(mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random_state), "cookies");
		mbedtls_ssl_conf_dtls_cookies(&config, opt.cookie ? mbedtls_ssl_cookie_write : NULL, opt.cookie ? mbedtls_ssl_cookie_check : NULL, &cookies);
		mbedtls_ssl_cache_init(&cache);
		mbedtls_ssl_conf_session_cache(&config, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
		if (!opt.no_tickets) {
			mbedtls_ssl_ticket_init(&tickets);
			must(mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &random_state, MBEDTLS_CIPHER_AES_256_GCM, 86400), "tickets");
			mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
		}
	} else {
		mbedtls_ssl_conf_session_tickets(&config, opt.no_tickets ? MBEDTLS_SSL_SESSION_TICKETS_DISABLED : MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
	}
}

static void stack_open(int fd)
{
	socket_fd = fd;
	full = 0;
	mbedtls_ssl_init(&ssl);
	must(mbedtls_ssl_setup(&ssl, &config), "setup");
	mbedtls_ssl_set_mtu(&ssl, opt.mtu ? (uint16_t)opt.mtu : 1400);
	mbedtls_ssl_set_timer_cb(&ssl, NULL, set_timer, get_timer);
	mbedtls_ssl_set_bio(&ssl, NULL, send_datagram, receive_datagram, NULL);
	if (opt.server)
		must(mbedtls_ssl_set_client_transport_id(&ssl, (const unsigned char *)"peer", 4), "id");
	else if (have_session)
		must(mbedtls_ssl_set_session(&ssl, &session), "session");
}

static int result(int r)
{
	char text[128];
	if (r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE)
		return STACK_AGAIN;
	if (r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return 0;
	mbedtls_strerror(r, text, sizeof text);
	printf("%s\n", text);
	return STACK_ERROR;
}

static int stack_handshake(void)
{
	for (;;) {
		int r;
		if (ssl.state == MBEDTLS_SSL_CLIENT_KEY_EXCHANGE)
			full = 1;
		if (ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER)
			return 0;
		r = mbedtls_ssl_handshake_step(&ssl);
		if (r == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
			mbedtls_ssl_session_reset(&ssl);
			must(mbedtls_ssl_set_client_transport_id(&ssl, (const unsigned char *)"peer", 4), "id");
			continue;
		}
		if (r)
			return result(r);
	}
}

static int stack_timeout(void)
{
	if (!final)
		return -1;
	long left = (intermediate > now_ms() ? intermediate : final) - now_ms();
	return left > 0 ? (int)left + 1 : 0;
}

static void stack_connected(void)
{
	mbedtls_dtls_srtp_info srtp;
	mbedtls_ssl_get_dtls_srtp_negotiation_result(&ssl, &srtp);
	connected((unsigned)mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(&ssl)), "-",
		srtp.chosen_dtls_srtp_profile == MBEDTLS_TLS_SRTP_UNSET ? "none" : mbedtls_ssl_get_srtp_profile_as_string(srtp.chosen_dtls_srtp_profile), "-", !full);
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	unsigned char seed[64 + 2 + 64];
	size_t n = 64;
	memcpy(seed, randoms, 64);
	if (e->has_context) {
		seed[n++] = 0;
		seed[n++] = (unsigned char)e->context_length;
		memcpy(seed + n, e->context, (size_t)e->context_length);
		n += (size_t)e->context_length;
	}
	return mbedtls_ssl_tls_prf(prf, master, 48, e->label, seed, n, out, (size_t)e->length);
}

static void stack_renegotiate(void)
{
	int r = mbedtls_ssl_renegotiate(&ssl);
	if (r)
		result(r);
}

static int stack_read(unsigned char *b, int n)
{
	int r = mbedtls_ssl_read(&ssl, b, (size_t)n);
	if (ssl.in_msgtype == MBEDTLS_SSL_MSG_ALERT && ssl.in_msg[1] == MBEDTLS_SSL_ALERT_MSG_NO_RENEGOTIATION && !refused++)
		printf("refused\n");
	return r > 0 ? r : result(r);
}

static int stack_write(const unsigned char *b, int n)
{
	mbedtls_ssl_set_mtu(&ssl, 0); /* it sends no record that is larger */
	return mbedtls_ssl_write(&ssl, b, (size_t)n);
}

static void stack_close(void) { mbedtls_ssl_close_notify(&ssl); }

static void stack_free(void)
{
	if (!opt.server) {
		mbedtls_ssl_session_init(&session);
		have_session = mbedtls_ssl_get_session(&ssl, &session) == 0;
	}
	mbedtls_ssl_free(&ssl);
}
