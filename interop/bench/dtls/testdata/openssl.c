// Handshakes, records and memory of two ends of OpenSSL in one process. A line "kind n" asks for n of a
// kind; the answer is the CPU time in nanoseconds, or the bytes of heap that they keep. See kind.go for the kinds.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static void die(const char *what) {
	fprintf(stderr, "openssl: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void need(int ok, const char *what) {
	if (!ok) die(what);
}

struct identity {
	EVP_PKEY *key;
	X509 *cert;
	unsigned char sum[SHA256_DIGEST_LENGTH];
};

static void sum(X509 *cert, unsigned char *out) {
	unsigned n = 0;
	need(X509_digest(cert, EVP_sha256(), out, &n) && n == SHA256_DIGEST_LENGTH, "X509_digest");
}

static void generate(struct identity *id) {
	id->key = EVP_EC_gen("P-256");
	id->cert = X509_new();
	need(id->key && id->cert, "key");
	X509_set_version(id->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(id->cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(id->cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(id->cert), 86400 * 30);
	X509_set_pubkey(id->cert, id->key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(id->cert), "CN", MBSTRING_ASC, (const unsigned char *)"WebRTC", -1, -1, 0);
	X509_set_issuer_name(id->cert, X509_get_subject_name(id->cert));
	need(X509_sign(id->cert, id->key, EVP_sha256()), "X509_sign");
	sum(id->cert, id->sum);
}

// judge compares the peer's certificate with its fingerprint, and looks at nothing else of it.
static int judge(X509_STORE_CTX *ctx, void *want) {
	unsigned char got[SHA256_DIGEST_LENGTH];
	sum(X509_STORE_CTX_get0_cert(ctx), got);
	return memcmp(got, want, sizeof got) == 0;
}

static SSL_CTX *context(const SSL_METHOD *method, struct identity *own, struct identity *peer, int tickets) {
	SSL_CTX *ctx = SSL_CTX_new(method);
	need(ctx != NULL, "SSL_CTX_new");
	need(SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION), "version");
	need(SSL_CTX_use_certificate(ctx, own->cert) && SSL_CTX_use_PrivateKey(ctx, own->key), "certificate");
	need(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256"), "cipher list");
	need(SSL_CTX_set1_groups_list(ctx, "X25519:P-256"), "groups");
	need(SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM") == 0, "use_srtp");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, judge, peer->sum);
	need(SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"bench", 5), "session_id_context");
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | (tickets ? 0 : SSL_OP_NO_TICKET));
	return ctx;
}

struct pair {
	SSL *client, *server;
};

static SSL *end(SSL_CTX *ctx, BIO *in, BIO *out) {
	SSL *ssl = SSL_new(ctx);
	need(ssl != NULL, "SSL_new");
	BIO_up_ref(in);
	BIO_up_ref(out);
	SSL_set_bio(ssl, in, out);
	SSL_set_mtu(ssl, 1200);
	return ssl;
}

static int step(SSL *ssl) {
	int n = SSL_do_handshake(ssl);
	if (n == 1) return 1;
	need(SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ, "handshake");
	return 0;
}

static struct pair handshake(SSL_CTX *client, SSL_CTX *server, SSL_SESSION *session) {
	BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
	need(a && b, "BIO_new");
	BIO_set_mem_eof_return(a, -1);
	BIO_set_mem_eof_return(b, -1);
	struct pair p = {end(client, a, b), end(server, b, a)};
	BIO_free(a);
	BIO_free(b);
	SSL_set_connect_state(p.client);
	SSL_set_accept_state(p.server);
	if (session) need(SSL_set_session(p.client, session), "SSL_set_session");
	for (int i = 0;; i++) {
		int done = step(p.client);
		done &= step(p.server);
		if (done) break;
		need(i < 10, "handshake does not end");
	}
	need(SSL_session_reused(p.client) == (session != NULL) && SSL_session_reused(p.server) == (session != NULL), "resumed or not");
	return p;
}

static void drop(struct pair p) {
	// As an association that ends in peace does; else its session is forgotten.
	SSL_set_shutdown(p.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_set_shutdown(p.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p.client);
	SSL_free(p.server);
}

// idle returns the bytes that n associations keep.
static long long idle(SSL_CTX *client, SSL_CTX *server, int n) {
	struct pair *all = malloc(n * sizeof *all);
	need(all != NULL, "malloc");
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < n; i++) all[i] = handshake(client, server, NULL);
	long long kept = mallinfo2().uordblks - before;
	for (int i = 0; i < n; i++) drop(all[i]);
	free(all);
	return kept;
}

static long long cpu(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
	struct identity a, b;
	generate(&a);
	generate(&b);
	SSL_CTX *client[2], *server[2];
	SSL_SESSION *session[2];
	for (int tickets = 0; tickets < 2; tickets++) {
		client[tickets] = context(DTLS_client_method(), &a, &b, tickets);
		server[tickets] = context(DTLS_server_method(), &b, &a, tickets);
		struct pair p = handshake(client[tickets], server[tickets], NULL);
		session[tickets] = SSL_get1_session(p.client);
		need(SSL_SESSION_has_ticket(session[tickets]) == tickets, "ticket or not");
		drop(p);
	}
	struct pair connected = handshake(client[0], server[0], NULL);
	printf("OpenSSL %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
	fflush(stdout);

	char kind[16];
	unsigned char message[1200] = {0}, got[2048];
	for (int n; scanf("%15s %d", kind, &n) == 2;) {
		if (strcmp(kind, "idle") == 0) {
			printf("%lld\n", idle(client[0], server[0], n));
			fflush(stdout);
			continue;
		}
		long long begin = cpu();
		for (int i = 0; i < n; i++) {
			if (strcmp(kind, "full") == 0) {
				drop(handshake(client[0], server[0], NULL));
			} else if (strcmp(kind, "id") == 0) {
				drop(handshake(client[0], server[0], session[0]));
			} else if (strcmp(kind, "ticket") == 0) {
				drop(handshake(client[1], server[1], session[1]));
			} else {
				need(SSL_write(connected.client, message, sizeof message) == sizeof message, "SSL_write");
				need(SSL_read(connected.server, got, sizeof got) == sizeof message, "SSL_read");
			}
		}
		printf("%lld\n", cpu() - begin);
		fflush(stdout);
	}
	return 0;
}
