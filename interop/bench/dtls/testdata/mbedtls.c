// Handshakes, records and memory of two ends of Mbed TLS in one process. A line "kind n" asks for n of a
// kind; the answer is the CPU time in nanoseconds, or the bytes of heap that they keep. See kind.go for the kinds.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;

// need ends the program if a function of the library has failed.
static void need(int r, const char *what) {
	char text[128];
	if (r == 0) return;
	mbedtls_strerror(r, text, sizeof text);
	fprintf(stderr, "mbedtls: %s: %s\n", what, text);
	exit(1);
}

static void assert_that(int ok, const char *what) {
	if (ok) return;
	fprintf(stderr, "mbedtls: %s\n", what);
	exit(1);
}

struct identity {
	mbedtls_pk_context key;
	mbedtls_x509_crt cert;
	unsigned char sum[32];
};

static void sum(const mbedtls_x509_crt *cert, unsigned char *out) {
	need(mbedtls_sha256_ret(cert->raw.p, cert->raw.len, out, 0), "sha256");
}

static void generate(struct identity *id, const char *name) {
	mbedtls_x509write_cert w;
	mbedtls_mpi serial;
	unsigned char der[1024];
	mbedtls_pk_init(&id->key);
	mbedtls_x509_crt_init(&id->cert);
	mbedtls_x509write_crt_init(&w);
	mbedtls_mpi_init(&serial);
	need(mbedtls_pk_setup(&id->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "pk_setup");
	need(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(id->key), mbedtls_ctr_drbg_random, &drbg), "gen_key");
	need(mbedtls_mpi_lset(&serial, 1), "serial");
	need(mbedtls_x509write_crt_set_serial(&w, &serial), "serial");
	need(mbedtls_x509write_crt_set_validity(&w, "20200101000000", "20491231235959"), "validity");
	need(mbedtls_x509write_crt_set_subject_name(&w, name), "subject");
	need(mbedtls_x509write_crt_set_issuer_name(&w, name), "issuer");
	mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(&w, &id->key);
	mbedtls_x509write_crt_set_issuer_key(&w, &id->key);
	int n = mbedtls_x509write_crt_der(&w, der, sizeof der, mbedtls_ctr_drbg_random, &drbg); // at the end of the buffer
	if (n < 0) need(n, "certificate");
	need(mbedtls_x509_crt_parse_der(&id->cert, der + sizeof der - n, n), "certificate");
	sum(&id->cert, id->sum);
	mbedtls_x509write_crt_free(&w);
	mbedtls_mpi_free(&serial);
}

static int judged; // certificates so far

// judge compares the peer's certificate with its fingerprint, and looks at nothing else of it.
static int judge(void *want, mbedtls_x509_crt *cert, int depth, uint32_t *flags) {
	unsigned char got[32];
	sum(cert, got);
	if (depth != 0 || memcmp(got, want, sizeof got) != 0) return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
	judged++;
	*flags = 0;
	return 0;
}

// A side has what all associations of a role have in common.
struct side {
	mbedtls_ssl_config config;
	mbedtls_ssl_cache_context cache;
	mbedtls_ssl_ticket_context tickets;
};

static const int suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0};
static const mbedtls_ecp_group_id groups[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
static const mbedtls_ssl_srtp_profile profiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET}; // it has none with GCM

static void configure(struct side *s, int role, struct identity *own, struct identity *peer, mbedtls_x509_crt *nobody, int tickets) {
	mbedtls_ssl_config *c = &s->config;
	mbedtls_ssl_config_init(c);
	need(mbedtls_ssl_config_defaults(c, role, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT), "defaults");
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &drbg);
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(c, nobody, NULL); // it wants one; nobody's issuer has that name
	mbedtls_ssl_conf_verify(c, judge, peer->sum);
	need(mbedtls_ssl_conf_own_cert(c, &own->cert, &own->key), "own_cert");
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, groups);
	need(mbedtls_ssl_conf_dtls_srtp_protection_profiles(c, profiles), "srtp");
	if (role == MBEDTLS_SSL_IS_CLIENT) {
		mbedtls_ssl_conf_session_tickets(c, tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
		return;
	}
	mbedtls_ssl_conf_cert_req_ca_list(c, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
	mbedtls_ssl_conf_dtls_cookies(c, NULL, NULL, NULL);
	if (tickets) {
		mbedtls_ssl_ticket_init(&s->tickets);
		need(mbedtls_ssl_ticket_setup(&s->tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 86400), "tickets");
		mbedtls_ssl_conf_session_tickets_cb(c, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &s->tickets);
	} else {
		mbedtls_ssl_cache_init(&s->cache);
		mbedtls_ssl_conf_session_cache(c, &s->cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
	}
}

// A wire keeps datagrams in one direction.
enum { SLOTS = 16, MTU = 1200 };
struct wire {
	unsigned char data[SLOTS][1500];
	int size[SLOTS], first, count;
};

static int put(struct wire *w, const unsigned char *b, size_t n) {
	assert_that(w->count < SLOTS && n <= sizeof w->data[0], "the wire is full");
	int i = (w->first + w->count++) % SLOTS;
	memcpy(w->data[i], b, n);
	w->size[i] = (int)n;
	return (int)n;
}

static int get(struct wire *w, unsigned char *b, size_t n) {
	if (w->count == 0) return MBEDTLS_ERR_SSL_WANT_READ;
	int i = w->first;
	assert_that(w->size[i] <= (int)n, "a datagram is too long");
	memcpy(b, w->data[i], w->size[i]);
	w->first = (i + 1) % SLOTS;
	w->count--;
	return w->size[i];
}

static struct wire up, down; // all associations use them in turns

static int client_send(void *p, const unsigned char *b, size_t n) { (void)p; return put(&up, b, n); }
static int client_receive(void *p, unsigned char *b, size_t n) { (void)p; return get(&down, b, n); }
static int server_send(void *p, const unsigned char *b, size_t n) { (void)p; return put(&down, b, n); }
static int server_receive(void *p, unsigned char *b, size_t n) { (void)p; return get(&up, b, n); }

// Nothing is lost, so no time passes.
static void set_timer(void *p, uint32_t a, uint32_t b) { (void)p; (void)a; (void)b; }
static int get_timer(void *p) { (void)p; return 0; }

struct pair {
	mbedtls_ssl_context client, server;
};

static void handshake(struct pair *p, struct side *client, struct side *server, mbedtls_ssl_session *session) {
	int before = judged;
	mbedtls_ssl_init(&p->client);
	mbedtls_ssl_init(&p->server);
	need(mbedtls_ssl_setup(&p->client, &client->config), "setup");
	need(mbedtls_ssl_setup(&p->server, &server->config), "setup");
	mbedtls_ssl_set_mtu(&p->client, MTU);
	mbedtls_ssl_set_mtu(&p->server, MTU);
	mbedtls_ssl_set_timer_cb(&p->client, NULL, set_timer, get_timer);
	mbedtls_ssl_set_timer_cb(&p->server, NULL, set_timer, get_timer);
	mbedtls_ssl_set_bio(&p->client, NULL, client_send, client_receive, NULL);
	mbedtls_ssl_set_bio(&p->server, NULL, server_send, server_receive, NULL);
	if (session) need(mbedtls_ssl_set_session(&p->client, session), "set_session");
	for (int i = 0;; i++) {
		int c = mbedtls_ssl_handshake(&p->client), s = mbedtls_ssl_handshake(&p->server);
		if (c == 0 && s == 0) break;
		if (c != MBEDTLS_ERR_SSL_WANT_READ) need(c, "client");
		if (s != MBEDTLS_ERR_SSL_WANT_READ) need(s, "server");
		assert_that(i < 20, "handshake does not end");
	}
	assert_that(judged - before == (session ? 0 : 2), "resumed or not");
}

static void drop(struct pair *p) {
	mbedtls_ssl_free(&p->client);
	mbedtls_ssl_free(&p->server);
	up.count = down.count = 0; // what came after the last flight
}

// idle returns the bytes that n associations keep.
static long long idle(struct side *client, struct side *server, int n) {
	struct pair *all = malloc(n * sizeof *all);
	assert_that(all != NULL, "malloc");
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < n; i++) {
		handshake(&all[i], client, server, NULL);
		up.count = down.count = 0;
	}
	long long kept = mallinfo2().uordblks - before + n * sizeof *all;
	for (int i = 0; i < n; i++) drop(&all[i]);
	free(all);
	return kept;
}

static long long cpu(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
	struct identity a, b, nobody;
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
	need(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "random");
	generate(&a, "CN=WebRTC");
	generate(&b, "CN=WebRTC");
	generate(&nobody, "CN=nobody");
	static struct side client[3], server[3]; // the third for all that is not resumed: it would push the session out of the cache
	static mbedtls_ssl_session session[2];
	static struct pair connected, p;
	for (int tickets = 0; tickets < 2; tickets++) {
		configure(&client[tickets], MBEDTLS_SSL_IS_CLIENT, &a, &b, &nobody.cert, tickets);
		configure(&server[tickets], MBEDTLS_SSL_IS_SERVER, &b, &a, &nobody.cert, tickets);
		handshake(&p, &client[tickets], &server[tickets], NULL);
		mbedtls_ssl_session_init(&session[tickets]);
		need(mbedtls_ssl_get_session(&p.client, &session[tickets]), "get_session");
		assert_that((session[tickets].ticket_len > 0) == tickets, "ticket or not");
		drop(&p);
	}
	configure(&client[2], MBEDTLS_SSL_IS_CLIENT, &a, &b, &nobody.cert, 0);
	configure(&server[2], MBEDTLS_SSL_IS_SERVER, &b, &a, &nobody.cert, 0);
	handshake(&connected, &client[2], &server[2], NULL);
	up.count = down.count = 0;
	mbedtls_ssl_set_mtu(&connected.client, 1400); // for records of 1,200 bytes
	printf("Mbed TLS %s\n", MBEDTLS_VERSION_STRING);
	fflush(stdout);

	char kind[16];
	unsigned char message[1200] = {0}, got[2048];
	for (int n; scanf("%15s %d", kind, &n) == 2;) {
		if (strcmp(kind, "idle") == 0) {
			printf("%lld\n", idle(&client[2], &server[2], n));
			fflush(stdout);
			continue;
		}
		long long begin = cpu();
		for (int i = 0; i < n; i++) {
			if (strcmp(kind, "full") == 0) {
				handshake(&p, &client[2], &server[2], NULL);
				drop(&p);
			} else if (strcmp(kind, "id") == 0) {
				handshake(&p, &client[0], &server[0], &session[0]);
				drop(&p);
			} else if (strcmp(kind, "ticket") == 0) {
				handshake(&p, &client[1], &server[1], &session[1]);
				drop(&p);
			} else {
				assert_that(mbedtls_ssl_write(&connected.client, message, sizeof message) == sizeof message, "write");
				assert_that(mbedtls_ssl_read(&connected.server, got, sizeof got) == sizeof message, "read");
			}
		}
		printf("%lld\n", cpu() - begin);
		fflush(stdout);
	}
	return 0;
}
