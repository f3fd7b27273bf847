/* wolfSSL for the tests; see shim.h. */
#define STACK_RENEGOTIATES
#include "shim.h"
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

static WOLFSSL_CTX *ctx;
static WOLFSSL *ssl;
static WOLFSSL_SESSION *session;
static long deadline; /* of the flight that was sent, in milliseconds */
static int refused; /* to renegotiate */

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int accept_any(int ok, WOLFSSL_X509_STORE_CTX *store) { (void)ok; (void)store; return 1; }

static const char *stack_version(void) { return wolfSSL_lib_version(); }

static void stack_init(void)
{
	wolfSSL_Init();
	if (getenv("RTC_WOLFSSL_DEBUG"))
		wolfSSL_Debugging_ON();
	ctx = wolfSSL_CTX_new(opt.server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method());
	if (opt.cert && (wolfSSL_CTX_use_certificate_chain_file(ctx, opt.cert) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_use_PrivateKey_file(ctx, opt.key, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS))
		fail("certificate");
	if (wolfSSL_CTX_set_cipher_list(ctx, opt.suite) != WOLFSSL_SUCCESS)
		fail("suite %s", opt.suite);
	if (!opt.server)
		for (char *list = strdup(opt.groups), *g = strtok(list, ","); g; g = strtok(NULL, ","))
			wolfSSL_CTX_UseSupportedCurve(ctx, !strcmp(g, "X25519") ? WOLFSSL_ECC_X25519 : !strcmp(g, "SECP256R1") ? WOLFSSL_ECC_SECP256R1 : !strcmp(g, "SECP521R1") ? WOLFSSL_ECC_SECP521R1 : WOLFSSL_ECC_SECP384R1);
	if (opt.server && !opt.client_auth)
		wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, NULL);
	else
		wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER | (opt.server ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), accept_any);
	if (opt.no_ems)
		wolfSSL_CTX_DisableExtendedMasterSecret(ctx);
	if (opt.no_tickets)
		wolfSSL_CTX_NoTicketTLSv12(ctx);
	else if (!opt.server)
		wolfSSL_CTX_UseSessionTicket(ctx);
}

static void stack_open(int fd)
{
	struct sockaddr_in peer;
	socklen_t n = sizeof peer;
	getpeername(fd, (struct sockaddr *)&peer, &n);
	ssl = wolfSSL_new(ctx);
	wolfSSL_set_fd(ssl, fd);
	wolfSSL_dtls_set_peer(ssl, &peer, n);
	wolfSSL_dtls_set_using_nonblock(ssl, 1);
	wolfSSL_KeepArrays(ssl); /* for the exporter */
	wolfSSL_UseSecureRenegotiation(ssl);
	if (session)
		wolfSSL_set_session(ssl, session);
	deadline = 0;
}

static int result(int r)
{
	char text[WOLFSSL_MAX_ERROR_SZ];
	int e = wolfSSL_get_error(ssl, r);
	if (e == WOLFSSL_ERROR_WANT_READ || e == WOLFSSL_ERROR_WANT_WRITE)
		return STACK_AGAIN;
	if (e == WOLFSSL_ERROR_ZERO_RETURN)
		return 0;
	printf("error %d: %s\n", e, wolfSSL_ERR_error_string((unsigned long)e, text));
	return STACK_ERROR;
}

static int stack_handshake(void)
{
	if (deadline && now_ms() >= deadline && wolfSSL_dtls_got_timeout(ssl) != WOLFSSL_SUCCESS)
		return STACK_ERROR;
	int r = opt.server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
	deadline = now_ms() + wolfSSL_dtls_get_current_timeout(ssl) * 1000;
	return r == WOLFSSL_SUCCESS ? 0 : result(r);
}

static int stack_timeout(void) { return deadline > now_ms() ? (int)(deadline - now_ms()) + 1 : 0; }

static void stack_connected(void)
{
	int resumed = wolfSSL_session_reused(ssl);
	const char *group = resumed ? NULL : wolfSSL_get_curve_name(ssl);
	connected((unsigned)wolfSSL_get_current_cipher_suite(ssl), group ? group : "-", "none", "-", resumed);
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	return wolfSSL_export_keying_material(ssl, out, (size_t)e->length, e->label, strlen(e->label), e->context, (size_t)e->context_length, e->has_context) != WOLFSSL_SUCCESS;
}

static void stack_renegotiate(void)
{
	int r = wolfSSL_Rehandshake(ssl);
	if (r != WOLFSSL_SUCCESS)
		result(r);
}

static int stack_read(unsigned char *b, int n)
{
	int r = wolfSSL_read(ssl, b, n);
	WOLFSSL_ALERT_HISTORY alerts;
	if (wolfSSL_get_alert_history(ssl, &alerts) == WOLFSSL_SUCCESS && alerts.last_rx.code == 100 && !refused++)
		printf("refused\n");
	return r > 0 ? r : result(r);
}

static int stack_write(const unsigned char *b, int n)
{
	int r = wolfSSL_write(ssl, b, n);
	if (r != n)
		result(r);
	return r;
}

static void stack_close(void)
{
	if (!opt.server)
		session = wolfSSL_get1_session(ssl);
	wolfSSL_shutdown(ssl);
}

static void stack_free(void) { wolfSSL_free(ssl); }
