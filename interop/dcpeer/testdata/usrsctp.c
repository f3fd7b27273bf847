/* A peer for data channels on usrsctp, over OpenSSL's DTLS on a UDP socket, with the command line of interop/dcpeer:
 *
 *     usrsctp client|server --addr H:P --cert PEM [--peer-fingerprint sha-256:HEX] [--idata on]
 *             [--dc LABEL:ORDERED:PRTYPE:PRVAL[:PROTOCOL]]... [--send HEX]... [--timeout S]
 *
 *     main: UDP -> SSL_read -> usrsctp_conninput -> on_receive (with lock)
 *     usrsctp's timers, and ours -> on_packet -> SSL_write -> UDP (with tls_lock)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <usrsctp.h>

enum { PPID_DCEP = 50, PPID_STRING = 51, PPID_BINARY = 53, PPID_STRING_EMPTY = 56, PPID_BINARY_EMPTY = 57 };
enum { DCEP_ACK = 2, DCEP_OPEN = 3 };
#define MAX_STREAMS 1024
#ifndef SCTP_INTERLEAVING_SUPPORTED /* usrsctp.h does not tell, usrsctp has it */
#define SCTP_INTERLEAVING_SUPPORTED 0x00001206
#endif
#define MAX_SPECS 256

struct channel {
	int known, ours, reset_sent, reset_seen, acked;
	int unordered, prtype;
	unsigned prval;
	char label[256], protocol[256];
	unsigned char *data; /* of a message in the making */
	size_t length;
	uint32_t ppid;
	int next;         /* payload to be sent */
	time_t deadline;  /* for its echo, if the channel may lose it */
};

struct payload {
	unsigned char *data;
	size_t length;
	uint32_t ppid;
};

static int client, idata, udp, specs, payloads, timeout_s = 15;
static char *address, *cert, *fingerprint, *spec[MAX_SPECS];
static struct payload payload[64];
static SSL *ssl;
static pthread_mutex_t tls_lock = PTHREAD_MUTEX_INITIALIZER, lock = PTHREAD_MUTEX_INITIALIZER;
static struct socket *sock;
static struct channel channels[MAX_STREAMS];
static int up, over, failed, opened, echoed, closed_count;

static void say(const char *format, ...) {
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void die(const char *what) {
	say("error stage=peer msg=%s", what);
	exit(1);
}

static void flush_tls(void) {
	char b[65536];
	int n;
	while ((n = BIO_read(SSL_get_wbio(ssl), b, sizeof b)) > 0)
		(void)!send(udp, b, n, 0);
}

/* on_packet sends a packet of SCTP. */
static int on_packet(void *addr, void *buffer, size_t length, uint8_t tos, uint8_t set_df) {
	(void)addr, (void)tos, (void)set_df;
	pthread_mutex_lock(&tls_lock);
	SSL_write(ssl, buffer, length);
	flush_tls();
	pthread_mutex_unlock(&tls_lock);
	return 0;
}

static int send_message(int id, uint32_t ppid, const void *data, size_t length) {
	struct channel *c = &channels[id];
	struct sctp_sendv_spa spa;
	memset(&spa, 0, sizeof spa);
	spa.sendv_flags = SCTP_SEND_SNDINFO_VALID;
	spa.sendv_sndinfo.snd_sid = id;
	spa.sendv_sndinfo.snd_ppid = htonl(ppid);
	spa.sendv_sndinfo.snd_flags = SCTP_EOR;
	if (ppid != PPID_DCEP) {
		if (c->unordered && c->acked)
			spa.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
		if (c->prtype) {
			spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
			spa.sendv_prinfo.pr_policy = c->prtype == 1 ? SCTP_PR_SCTP_RTX : SCTP_PR_SCTP_TTL;
			spa.sendv_prinfo.pr_value = c->prval;
		}
	}
	for (int tries = 0; tries < 2000; tries++) {
		if (usrsctp_sendv(sock, data, length, NULL, 0, &spa, sizeof spa, SCTP_SENDV_SPA, 0) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			break;
		usleep(1000);
	}
	say("note send on %d: %s", id, strerror(errno));
	failed = 1;
	return -1;
}

static void reset_stream(int id) {
	char b[sizeof(struct sctp_reset_streams) + 2];
	struct sctp_reset_streams *r = (void *)b;
	struct channel *c = &channels[id];
	if (c->reset_sent)
		return;
	memset(b, 0, sizeof b);
	r->srs_flags = SCTP_STREAM_RESET_OUTGOING;
	r->srs_number_streams = 1;
	r->srs_stream_list[0] = id;
	if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_RESET_STREAMS, r, sizeof b) == 0)
		c->reset_sent = 1;
	else if (errno != EALREADY && errno != EINPROGRESS && errno != EAGAIN) {
		say("note reset of %d: %s", id, strerror(errno));
		failed = 1;
	} /* else another one is under way: tried again from the main loop */
}

static void send_next(int id) {
	struct channel *c = &channels[id];
	if (c->next == payloads) {
		reset_stream(id);
		return;
	}
	c->deadline = c->prtype ? time(NULL) + 5 : 0;
	send_message(id, payload[c->next].ppid, payload[c->next].data, payload[c->next].length);
}

static void open_channel(int id, char *text) {
	struct channel *c = &channels[id];
	unsigned char b[600];
	int ordered, n = 0;
	if (sscanf(text, "%255[^:]:%d:%d:%u%n", c->label, &ordered, &c->prtype, &c->prval, &n) < 4)
		die("--dc");
	if (text[n] == ':')
		snprintf(c->protocol, sizeof c->protocol, "%s", text + n + 1);
	c->unordered = !ordered;
	c->known = c->ours = 1;
	opened++;
	size_t label = strlen(c->label), protocol = strlen(c->protocol);
	memset(b, 0, 12);
	b[0] = DCEP_OPEN;
	b[1] = c->prtype | (c->unordered ? 0x80 : 0);
	b[2] = 1; /* priority 256 */
	uint32_t value = htonl(c->prval);
	memcpy(b + 4, &value, 4);
	b[9] = label, b[11] = protocol;
	memcpy(b + 12, c->label, label);
	memcpy(b + 12 + label, c->protocol, protocol);
	say("dc open id=%d label=%s protocol=%s ordered=%d prtype=%d prval=%u by=self", id, c->label, c->protocol, ordered, c->prtype, c->prval);
	if (send_message(id, PPID_DCEP, b, 12 + label + protocol) == 0)
		send_next(id); /* before the ACK, as RFC 8832 allows */
}

static void on_dcep(int id, unsigned char *b, size_t n) {
	struct channel *c = &channels[id];
	unsigned char ack = DCEP_ACK;
	if (n >= 1 && b[0] == DCEP_ACK) {
		c->acked = 1;
		say("dc ack id=%d", id);
		return;
	}
	if (n < 12 || b[0] != DCEP_OPEN || n != 12u + b[8] * 256 + b[9] + b[10] * 256 + b[11] || b[8] || b[10]) {
		say("note DCEP message of %zu bytes on %d", n, id);
		failed = 1;
		return;
	}
	memset(c, 0, sizeof *c);
	c->known = c->acked = 1;
	c->unordered = b[1] >> 7;
	c->prtype = b[1] & 0x7f;
	uint32_t value;
	memcpy(&value, b + 4, 4);
	c->prval = ntohl(value);
	memcpy(c->label, b + 12, b[9]);
	memcpy(c->protocol, b + 12 + b[9], b[11]);
	opened++;
	say("dc open id=%d label=%s protocol=%s ordered=%d prtype=%d prval=%u by=peer", id, c->label, c->protocol, !c->unordered, c->prtype, c->prval);
	send_message(id, PPID_DCEP, &ack, 1);
}

static void on_message(int id, uint32_t ppid, unsigned char *b, size_t n) {
	struct channel *c = &channels[id];
	unsigned char sum[32];
	if (ppid == PPID_DCEP) {
		on_dcep(id, b, n);
		return;
	}
	if (!c->known) {
		say("note message on stream %d, which is not open", id);
		failed = 1;
		return;
	}
	size_t length = ppid == PPID_STRING_EMPTY || ppid == PPID_BINARY_EMPTY ? 0 : n;
	SHA256(b, length, sum);
	char hex[65];
	for (int i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
	say("dc recv id=%d ppid=%u len=%zu sha256=%s", id, ppid, length, hex);
	if (!c->ours) {
		if (send_message(id, ppid, b, n) == 0)
			echoed++;
		return;
	}
	struct payload *p = &payload[c->next];
	if (c->prtype && c->next && (c->next >= payloads || n != p->length || memcmp(b, p->data, n) != 0)) {
		say("note late echo on %d", id);
		return;
	}
	if (c->next >= payloads || ppid != p->ppid || n != p->length || memcmp(b, p->data, n) != 0) {
		say("note echo on %d is another message", id);
		failed = 1;
	}
	echoed++;
	c->next++;
	send_next(id);
}

static void on_notification(union sctp_notification *n) {
	switch (n->sn_header.sn_type) {
	case SCTP_ASSOC_CHANGE:
		switch (n->sn_assoc_change.sac_state) {
		case SCTP_COMM_UP:
			say("sctp up");
			up = 1;
			break;
		case SCTP_SHUTDOWN_COMP:
			over = 1;
			break;
		case SCTP_COMM_LOST:
		case SCTP_CANT_STR_ASSOC:
			say("note association lost");
			over = failed = 1;
		}
		break;
	case SCTP_STREAM_RESET_EVENT: {
		struct sctp_stream_reset_event *r = &n->sn_strreset_event;
		int count = (r->strreset_length - sizeof *r) / sizeof(uint16_t);
		if (!(r->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
			break;
		for (int i = 0; i < count; i++) {
			int id = r->strreset_stream_list[i];
			if (id >= MAX_STREAMS || !channels[id].known)
				continue;
			channels[id].reset_seen = 1;
			reset_stream(id);
			say("dc reset id=%d", id);
			closed_count++;
		}
		break;
	}
	}
}

static int on_receive(struct socket *s, union sctp_sockstore from, void *data, size_t length, struct sctp_rcvinfo info, int flags, void *ulp) {
	(void)s, (void)from, (void)ulp;
	if (!data)
		return 1;
	pthread_mutex_lock(&lock);
	if (flags & MSG_NOTIFICATION) {
		on_notification(data);
	} else if (info.rcv_sid < MAX_STREAMS) {
		struct channel *c = &channels[info.rcv_sid];
		if (c->length == 0)
			c->ppid = ntohl(info.rcv_ppid);
		c->data = realloc(c->data, c->length + length + 1);
		memcpy(c->data + c->length, data, length);
		c->length += length;
		if (flags & MSG_EOR) {
			unsigned char *b = c->data;
			size_t n = c->length;
			c->data = NULL, c->length = 0;
			on_message(info.rcv_sid, c->ppid, b, n);
			free(b);
		}
	}
	pthread_mutex_unlock(&lock);
	free(data);
	return 1;
}

static void start_sctp(void) {
	static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_SHUTDOWN_EVENT};
	struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_on = 1};
	struct sctp_assoc_value enable = {.assoc_id = SCTP_ALL_ASSOC, .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ};
	struct sctp_initmsg init = {.sinit_num_ostreams = MAX_STREAMS, .sinit_max_instreams = MAX_STREAMS};
	struct sctp_paddrparams path = {.spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = 1188};
	struct sockaddr_conn end = {.sconn_family = AF_CONN, .sconn_port = htons(5000), .sconn_addr = ssl};
	int on = 1, size = 8 << 20;
	usrsctp_init(0, on_packet, NULL);
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auth_enable(0);
	usrsctp_register_address(ssl);
	if (!(sock = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_receive, NULL, 0, NULL)))
		die("usrsctp_socket");
	usrsctp_set_non_blocking(sock, 1);
	usrsctp_setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	usrsctp_setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
	usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &enable, sizeof enable);
	usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init);
	if (idata) {
		struct sctp_assoc_value value = {.assoc_id = SCTP_FUTURE_ASSOC, .assoc_value = 1};
		int level = 2;
		if (usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &level, sizeof level) ||
		    usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_INTERLEAVING_SUPPORTED, &value, sizeof value))
			die("interleaving");
	}
	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		event.se_type = events[i];
		usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
	}
	if (usrsctp_bind(sock, (struct sockaddr *)&end, sizeof end))
		die("usrsctp_bind");
	if (usrsctp_connect(sock, (struct sockaddr *)&end, sizeof end) && errno != EINPROGRESS)
		die("usrsctp_connect");
	memcpy(&path.spp_address, &end, sizeof end);
	usrsctp_setsockopt(sock, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

static int accept_any(int ok, X509_STORE_CTX *store) {
	(void)ok, (void)store;
	return 1; /* the fingerprint is what counts */
}

static void check_fingerprint(void) {
	X509 *x = SSL_get_peer_certificate(ssl);
	unsigned char sum[32];
	unsigned n = sizeof sum;
	char hex[65];
	if (!x || !X509_digest(x, EVP_sha256(), sum, &n))
		die("no certificate");
	for (int i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
	if (fingerprint && strcasecmp(fingerprint, hex))
		die("fingerprint");
	X509_free(x);
}

static int nibble(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static void add_payload(const char *hex) {
	struct payload *p = &payload[payloads++];
	size_t n = strlen(hex) / 2;
	unsigned char *b = calloc(1, n + 1);
	for (size_t i = 0; i < n; i++)
		b[i] = nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]);
	*p = (struct payload){b, n, b[0] == 'T' ? PPID_STRING : PPID_BINARY};
	if (n == 1 && (b[0] == 'S' || b[0] == 'B')) {
		p->ppid = b[0] == 'S' ? PPID_STRING_EMPTY : PPID_BINARY_EMPTY;
		b[0] = 0;
	} else if (b[0] == 'Z') {
		p->length = atoi((char *)b + 1);
		p->data = malloc(p->length + 1);
		for (size_t i = 0; i < p->length; i++)
			p->data[i] = i * 31 + 7;
	}
}

/* pass gives a datagram of DTLS on, and what is in it to SCTP. */
static void pass(unsigned char *b, int n) {
	unsigned char plain[20000];
	int length;
	if (n > 0) {
		pthread_mutex_lock(&tls_lock);
		BIO_write(SSL_get_rbio(ssl), b, n);
		pthread_mutex_unlock(&tls_lock);
	}
	for (;;) {
		pthread_mutex_lock(&tls_lock);
		length = SSL_read(ssl, plain, sizeof plain);
		if (length <= 0 && SSL_get_error(ssl, length) == SSL_ERROR_ZERO_RETURN)
			over = 1;
		flush_tls();
		pthread_mutex_unlock(&tls_lock);
		if (length <= 0)
			return;
		usrsctp_conninput(ssl, plain, length, 0);
	}
}

int main(int argc, char **argv) {
	if (argc < 2)
		die("usage");
	client = !strcmp(argv[1], "client");
	for (int i = 2; i + 1 < argc; i += 2) {
		char *value = argv[i + 1];
		if (!strcmp(argv[i], "--addr")) address = value;
		else if (!strcmp(argv[i], "--cert")) cert = value;
		else if (!strcmp(argv[i], "--key")) ;
		else if (!strcmp(argv[i], "--peer-fingerprint")) fingerprint = strchr(value, ':') + 1;
		else if (!strcmp(argv[i], "--idata")) idata = !strcmp(value, "on");
		else if (!strcmp(argv[i], "--dc") && specs < MAX_SPECS) spec[specs++] = value;
		else if (!strcmp(argv[i], "--send") && payloads < 64) add_payload(value);
		else if (!strcmp(argv[i], "--timeout")) timeout_s = atoi(value);
		else die(argv[i]);
	}
	alarm(timeout_s);

	char *colon = address ? strrchr(address, ':') : NULL;
	if (!colon || !cert)
		die("usage");
	*colon = 0;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
	inet_pton(AF_INET, address, &at.sin_addr);
	socklen_t size = sizeof at;
	int buffer = 4 << 20;
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);

	SSL_CTX *context = SSL_CTX_new(DTLS_method());
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1 || SSL_CTX_use_PrivateKey_file(context, cert, SSL_FILETYPE_PEM) != 1)
		die("certificate");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
	ssl = SSL_new(context);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, 1400);

	unsigned char b[65536];
	ssize_t first = 0;
	if (client) {
		if (connect(udp, (void *)&at, sizeof at))
			die("connect");
		SSL_set_connect_state(ssl);
	} else {
		if (bind(udp, (void *)&at, sizeof at) || getsockname(udp, (void *)&at, &size))
			die("bind");
		say("listening addr=%s:%d", address, ntohs(at.sin_port));
		if ((first = recvfrom(udp, b, sizeof b, 0, (void *)&at, &size)) < 0 || connect(udp, (void *)&at, size))
			die("accept");
		SSL_set_accept_state(ssl);
		BIO_write(SSL_get_rbio(ssl), b, first);
	}

	int started = 0, asked = 0;
	while (!over) {
		struct timeval wait = {0, 20000};
		if (!SSL_is_init_finished(ssl)) {
			pthread_mutex_lock(&tls_lock);
			int n = SSL_do_handshake(ssl);
			if (n != 1 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ)
				die(ERR_error_string(ERR_get_error(), NULL));
			flush_tls();
			DTLSv1_handle_timeout(ssl);
			flush_tls();
			pthread_mutex_unlock(&tls_lock);
		}
		if (SSL_is_init_finished(ssl) && !started) {
			started = 1;
			check_fingerprint();
			say("connected version=%s suite=%s", SSL_get_version(ssl), SSL_get_cipher(ssl));
			start_sctp();
			pass(b, 0);
		}
		if (up && !asked) {
			asked = 1;
			pthread_mutex_lock(&lock);
			for (int i = 0; i < specs; i++)
				open_channel(2 * i + !client, spec[i]);
			pthread_mutex_unlock(&lock);
		}
		if (asked && specs) {
			int open = 0;
			pthread_mutex_lock(&lock);
			for (int id = !client; id < MAX_STREAMS; id += 2) {
				struct channel *c = &channels[id];
				if (!c->ours)
					continue;
				if (c->next < payloads && c->deadline && time(NULL) >= c->deadline) {
					say("note no echo on channel %d, which may lose messages", id);
					c->next++;
					send_next(id);
				} else if (c->next == payloads) {
					reset_stream(id);
				}
				open += !c->reset_sent || !c->reset_seen;
			}
			pthread_mutex_unlock(&lock);
			if (!open && asked == 1) {
				asked = 2;
				usrsctp_shutdown(sock, SHUT_WR); /* what is to come tells when it is over */
			}
		} else if (asked) {
			pthread_mutex_lock(&lock);
			for (int id = 0; id < MAX_STREAMS; id++)
				if (channels[id].reset_seen)
					reset_stream(id);
			pthread_mutex_unlock(&lock);
		}
		struct pollfd p = {udp, POLLIN, 0};
		if (poll(&p, 1, wait.tv_usec / 1000) <= 0)
			continue;
		ssize_t n = recv(udp, b, sizeof b, MSG_DONTWAIT);
		if (n <= 0)
			continue;
		if (started) {
			pass(b, n);
		} else {
			pthread_mutex_lock(&tls_lock);
			BIO_write(SSL_get_rbio(ssl), b, n);
			pthread_mutex_unlock(&tls_lock);
		}
	}
	pthread_mutex_lock(&tls_lock);
	SSL_shutdown(ssl);
	flush_tls();
	pthread_mutex_unlock(&tls_lock);
	say("dc summary opened=%d echoed=%d closed=%d", opened, echoed, closed_count);
	say("closed by=%s", specs ? "self" : "peer");
	exit(failed || closed_count < opened);
}
