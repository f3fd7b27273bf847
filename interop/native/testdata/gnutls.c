/* GnuTLS for the tests; see shim.h. */
#define STACK_RENEGOTIATES
#include "shim.h"
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

static gnutls_certificate_credentials_t credentials;
static gnutls_session_t session;
static gnutls_datum_t saved, ticket_key, cookie_key;
static int socket_fd, renegotiating;

/* The server's cache of sessions has room for one. */
static unsigned char cached_key[128], cached[1 << 14];
static unsigned cached_key_size, cached_size;

static int cache_store(void *p, gnutls_datum_t key, gnutls_datum_t data)
{
	(void)p;
	if (key.size > sizeof cached_key || data.size > sizeof cached)
		return -1;
	memcpy(cached_key, key.data, cached_key_size = key.size);
	memcpy(cached, data.data, cached_size = data.size);
	return 0;
}

static gnutls_datum_t cache_retrieve(void *p, gnutls_datum_t key)
{
	gnutls_datum_t d = {NULL, 0};
	(void)p;
	if (key.size == cached_key_size && !memcmp(key.data, cached_key, key.size)) {
		d.data = gnutls_malloc(cached_size);
		memcpy(d.data, cached, d.size = cached_size);
	}
	return d;
}

static int cache_remove(void *p, gnutls_datum_t key) { (void)p; (void)key; cached_key_size = 0; return 0; }

static gnutls_psk_client_credentials_t client_psk;
static gnutls_psk_server_credentials_t server_psk;

static int psk_of(gnutls_session_t s, const char *identity, gnutls_datum_t *key)
{
	(void)s;
	if (strcmp(identity, opt.psk_identity))
		return -1;
	key->data = gnutls_malloc((size_t)opt.psk_length);
	memcpy(key->data, opt.psk, key->size = (unsigned)opt.psk_length);
	return 0;
}

static void must(int r, const char *what)
{
	if (r < 0)
		fail("%s: %s", what, gnutls_strerror(r));
}

static const char *stack_version(void) { return gnutls_check_version(NULL); }

static void stack_init(void)
{
	gnutls_global_init();
	must(gnutls_certificate_allocate_credentials(&credentials), "credentials");
	if (opt.cert)
		must(gnutls_certificate_set_x509_key_file(credentials, opt.cert, opt.key, GNUTLS_X509_FMT_PEM), "certificate");
	if (opt.psk_identity && opt.server) {
		must(gnutls_psk_allocate_server_credentials(&server_psk), "psk");
		gnutls_psk_set_server_credentials_function(server_psk, psk_of);
		must(gnutls_psk_set_server_credentials_hint(server_psk, "a hint"), "psk hint");
	} else if (opt.psk_identity) {
		gnutls_datum_t key = {opt.psk, (unsigned)opt.psk_length};
		must(gnutls_psk_allocate_client_credentials(&client_psk), "psk");
		must(gnutls_psk_set_client_credentials(client_psk, opt.psk_identity, &key, GNUTLS_PSK_KEY_RAW), "psk");
	}
	gnutls_session_ticket_key_generate(&ticket_key);
	gnutls_key_generate(&cookie_key, GNUTLS_COOKIE_KEY_SIZE);
}

static ssize_t push(gnutls_transport_ptr_t p, const void *b, size_t n) { return send((int)(intptr_t)p, b, n, 0); }

/* verify_cookie answers hellos until one has the right cookie, which is left on the
 * socket. */
static void verify_cookie(int fd, gnutls_dtls_prestate_st *state)
{
	static unsigned char b[1 << 16];
	struct sockaddr_in peer;
	socklen_t size = sizeof peer;
	getpeername(fd, (struct sockaddr *)&peer, &size);
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		poll(&p, 1, -1);
		ssize_t n = recv(fd, b, sizeof b, MSG_PEEK);
		if (n > 0 && gnutls_dtls_cookie_verify(&cookie_key, &peer, sizeof peer, b, (size_t)n, state) >= 0)
			return;
		if (n > 0)
			gnutls_dtls_cookie_send(&cookie_key, &peer, sizeof peer, state, (gnutls_transport_ptr_t)(intptr_t)fd, push);
		recv(fd, b, sizeof b, 0);
	}
}

static void stack_open(int fd)
{
	gnutls_dtls_prestate_st state = {0};
	socket_fd = fd;
	must(gnutls_init(&session, (opt.server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | (opt.no_tickets ? GNUTLS_NO_TICKETS : 0)), "init");
	must(gnutls_priority_set_direct(session, opt.suite, NULL), opt.suite);
	must(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), "credentials");
	if (opt.psk_identity)
		must(gnutls_credentials_set(session, GNUTLS_CRD_PSK, opt.server ? (void *)server_psk : (void *)client_psk), "psk");
	if (opt.srtp)
		must(gnutls_srtp_set_profile_direct(session, opt.srtp, NULL), "srtp");
	if (opt.server) {
		gnutls_certificate_server_set_request(session, opt.client_auth ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE);
		if (!opt.no_tickets)
			must(gnutls_session_ticket_enable_server(session, &ticket_key), "ticket");
		gnutls_db_set_store_function(session, cache_store);
		gnutls_db_set_retrieve_function(session, cache_retrieve);
		gnutls_db_set_remove_function(session, cache_remove);
		if (opt.cookie) {
			verify_cookie(fd, &state);
			gnutls_dtls_prestate_set(session, &state);
		}
	} else if (saved.data) {
		must(gnutls_session_set_data(session, saved.data, saved.size), "session");
	}
	gnutls_dtls_set_mtu(session, opt.mtu ? (unsigned)opt.mtu : 1400);
	gnutls_transport_set_int(session, fd);
	gnutls_transport_set_push_function(session, push);
}

static int stack_handshake(void)
{
	int r = gnutls_handshake(session);
	if (r == 0)
		return 0;
	if (!gnutls_error_is_fatal(r))
		return STACK_AGAIN;
	printf("handshake: %s; alert %d\n", gnutls_strerror(r), r == GNUTLS_E_FATAL_ALERT_RECEIVED ? (int)gnutls_alert_get(session) : -1);
	gnutls_alert_send_appropriate(session, r);
	return STACK_ERROR;
}

static int stack_timeout(void) { return (int)gnutls_dtls_get_timeout(session) + 1; }

static unsigned suite_number(const char *name)
{
	static const struct { const char *name; unsigned number; } suites[] = {
		{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b}, {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c}, {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9},
		{"TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xc0ac}, {"TLS_ECDHE_ECDSA_WITH_AES_256_CCM", 0xc0ad}, {"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xc0ae},
		{"TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", 0xc0af}, {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc009}, {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xc023},
		{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", 0xc024}, {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xc014}, {"TLS_PSK_WITH_AES_128_GCM_SHA256", 0x00a8},
		{"TLS_PSK_WITH_AES_256_GCM_SHA384", 0x00a9}, {"TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", 0xccab}, {"TLS_PSK_WITH_AES_128_CCM", 0xc0a4},
		{"TLS_PSK_WITH_AES_128_CCM_8", 0xc0a8}, {"TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", 0xccac}, {"TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", 0xc037},
		{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f}, {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030}, {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8},
	};
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		if (!strcmp(name, suites[i].name))
			return suites[i].number;
	printf("suite %s\n", name);
	return 0;
}

static void stack_connected(void)
{
	gnutls_srtp_profile_t p;
	const char *srtp = gnutls_srtp_get_selected_profile(session, &p) < 0 ? "none" : gnutls_srtp_get_profile_name(p);
	const char *group = gnutls_group_get(session) ? gnutls_group_get_name(gnutls_group_get(session)) : "-";
	int resumed = gnutls_session_is_resumed(session) != 0;
	if (!opt.server)
		must(gnutls_session_get_data2(session, &saved), "session"); /* it has none after the end */
	connected(suite_number(gnutls_ciphersuite_get(session)), resumed ? "-" : group, srtp, gnutls_session_ext_master_secret_status(session) ? "1" : "0", resumed);
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	return gnutls_prf_rfc5705(session, strlen(e->label), e->label, (size_t)e->context_length, e->has_context ? (const char *)e->context : NULL, (size_t)e->length, (char *)out);
}

/* renegotiate is what has to be called again until it is answered. */
static void renegotiate(void)
{
	int r = opt.server ? gnutls_rehandshake(session) : gnutls_handshake(session);
	renegotiating = !opt.server && r < 0 && !gnutls_error_is_fatal(r);
	if (r == GNUTLS_E_WARNING_ALERT_RECEIVED && gnutls_alert_get(session) == GNUTLS_A_NO_RENEGOTIATION) {
		printf("refused\n");
		renegotiating = 0;
	} else if (r < 0 && gnutls_error_is_fatal(r)) {
		printf("renegotiation: %s\n", gnutls_strerror(r));
	}
}

static void stack_renegotiate(void) { renegotiate(); }

static int stack_read(unsigned char *b, int n)
{
	if (renegotiating)
		renegotiate();
	if (renegotiating)
		return STACK_AGAIN;
	ssize_t r = gnutls_record_recv(session, b, (size_t)n);
	if (r >= 0)
		return (int)r;
	if (r == GNUTLS_E_WARNING_ALERT_RECEIVED && gnutls_alert_get(session) == GNUTLS_A_NO_RENEGOTIATION)
		printf("refused\n");
	if (!gnutls_error_is_fatal((int)r))
		return STACK_AGAIN;
	printf("read: %s\n", gnutls_strerror((int)r));
	return STACK_ERROR;
}

static int stack_write(const unsigned char *b, int n)
{
	gnutls_dtls_set_mtu(session, 20000); /* it sends no record that is larger */
	return (int)gnutls_record_send(session, b, (size_t)n);
}

static void stack_close(void) { gnutls_bye(session, GNUTLS_SHUT_WR); }

static void stack_free(void)
{
	gnutls_deinit(session);
}
