/*
 * What our C programs around foreign DTLS stacks share: the command line, the
 * socket, the lines that they print. Each program includes this file and defines
 * the functions with the prefix stack_.
 *
 *   PROGRAM client|server PORT [name=value...]
 *   PROGRAM version
 *
 * On standard input, a line is sent as one record, its end included; "Q" closes the
 * association, "R" asks to renegotiate where the stack can, "again" begins the next
 * association. A server echoes. On standard output:
 *
 *   ready                                             a server
 *   connected suite=HEX group=NAME srtp=NAME ems=0|1 resumed=0|1      "-": not known
 *   export HEX                                        one for each export=
 *   up                                                after the last of these
 *   data TEXT                                         one for each record
 *   refused                                           to renegotiate, where the stack tells
 *   closed by=peer|self
 *   error TEXT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct export_ask { char label[64]; int length; int has_context; unsigned char context[64]; int context_length; };

static struct {
	int server;
	int port;
	const char *cert, *key; /* PEM files; NULL: none */
	const char *suite, *groups, *srtp; /* as the stack names them; NULL: default */
	int mtu;         /* 0: default */
	int cookie;      /* server */
	int client_auth; /* server */
	int no_ems, no_tickets;
	int dtls13;      /* would speak it */
	const char *psk_identity; /* NULL: none */
	unsigned char psk[64];
	int psk_length;
	int rounds;
	struct export_ask exports[4];
	int export_count;
} opt;

enum { STACK_AGAIN = -1, STACK_ERROR = -2 };

static const char *stack_version(void);
/* init is called once, open for each association on a connected non-blocking socket. */
static void stack_init(void);
static void stack_open(int fd);
/* handshake returns 0, STACK_AGAIN or STACK_ERROR; timeout the milliseconds after
 * which it wants to be called again, or -1. */
static int stack_handshake(void);
static int stack_timeout(void);
static void stack_connected(void); /* prints with connected() */
static int stack_export(const struct export_ask *ask, unsigned char *out); /* 0: done */
static int stack_read(unsigned char *b, int n); /* 0: close_notify */
static int stack_write(const unsigned char *b, int n);
static void stack_close(void); /* sends close_notify */
static void stack_free(void);
#ifdef STACK_RENEGOTIATES
static void stack_renegotiate(void); /* asks; reading goes on as ever */
#endif

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	printf("error ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	exit(1);
}

static void connected(unsigned suite, const char *group, const char *srtp, const char *ems, int resumed)
{
	printf("connected suite=%04x group=%s srtp=%s ems=%s resumed=%d\n", suite, group, srtp, ems, resumed);
}

static void read_export(const char *value)
{
	struct export_ask *e = &opt.exports[opt.export_count++];
	const char *colon = strchr(value, ':');
	memcpy(e->label, value, (size_t)(colon - value));
	e->length = atoi(colon + 1);
	if ((colon = strchr(colon + 1, ':')) == NULL)
		return;
	e->has_context = 1;
	for (colon++; colon[0] && colon[1]; colon += 2) {
		unsigned byte;
		sscanf(colon, "%2x", &byte);
		e->context[e->context_length++] = (unsigned char)byte;
	}
}

/* read_psk takes IDENTITY:KEYHEX. */
static void read_psk(char *value)
{
	char *digits = strrchr(value, ':');
	*digits++ = 0;
	opt.psk_identity = value;
	for (; digits[0] && digits[1] && opt.psk_length < (int)sizeof opt.psk; digits += 2) {
		unsigned byte;
		sscanf(digits, "%2x", &byte);
		opt.psk[opt.psk_length++] = (unsigned char)byte;
	}
}

static void read_options(int argc, char **argv)
{
	if (argc < 3)
		fail("usage");
	opt.server = strcmp(argv[1], "server") == 0;
	opt.port = atoi(argv[2]);
	for (int i = 3; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (!value)
			fail("usage: %s", argv[i]);
		*value++ = 0;
		if (!strcmp(argv[i], "cert")) opt.cert = value;
		else if (!strcmp(argv[i], "key")) opt.key = value;
		else if (!strcmp(argv[i], "suite")) opt.suite = value;
		else if (!strcmp(argv[i], "groups")) opt.groups = value;
		else if (!strcmp(argv[i], "srtp")) opt.srtp = value;
		else if (!strcmp(argv[i], "mtu")) opt.mtu = atoi(value);
		else if (!strcmp(argv[i], "cookie")) opt.cookie = atoi(value);
		else if (!strcmp(argv[i], "clientauth")) opt.client_auth = atoi(value);
		else if (!strcmp(argv[i], "noems")) opt.no_ems = atoi(value);
		else if (!strcmp(argv[i], "notickets")) opt.no_tickets = atoi(value);
		else if (!strcmp(argv[i], "dtls13")) opt.dtls13 = atoi(value);
		else if (!strcmp(argv[i], "rounds")) opt.rounds = atoi(value);
		else if (!strcmp(argv[i], "psk")) read_psk(value);
		else if (!strcmp(argv[i], "export")) read_export(value);
		else fail("usage: %s", argv[i]);
	}
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a;
	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* await_client waits for a datagram that begins with a ClientHello, leaves it on
 * the socket and connects to where it is from. */
static void await_client(int fd)
{
	struct sockaddr none;
	memset(&none, 0, sizeof none);
	none.sa_family = AF_UNSPEC;
	connect(fd, &none, sizeof none);
	for (;;) {
		unsigned char b[2048];
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		struct pollfd p = {fd, POLLIN, 0};
		poll(&p, 1, -1);
		ssize_t n = recvfrom(fd, b, sizeof b, MSG_PEEK, (struct sockaddr *)&from, &size);
		if (n > 13 && b[0] == 22 && b[3] == 0 && b[4] == 0 && b[13] == 1) {
			if (connect(fd, (struct sockaddr *)&from, size))
				fail("connect: %s", strerror(errno));
			return;
		}
		recv(fd, b, sizeof b, 0);
	}
}

/* read_line reads a line from standard input, byte by byte, without its end. It
 * returns its length, or -1 at the end of the input. */
static int read_line(char *line, int max)
{
	for (int n = 0; n < max; n++) {
		if (read(0, line + n, 1) <= 0)
			return -1;
		if (line[n] == '\n') {
			line[n] = 0;
			return n;
		}
	}
	return -1;
}

static void hex(const char *name, const unsigned char *b, int n)
{
	printf("%s ", name);
	for (int i = 0; i < n; i++)
		printf("%02x", b[i]);
	printf("\n");
}

/* traffic runs an association until it is closed. */
static void traffic(int fd)
{
	static unsigned char b[1 << 16];
	static char line[1 << 16];
	for (;;) {
		for (;;) {
			int n = stack_read(b, sizeof b - 1);
			if (n == STACK_AGAIN)
				break;
			if (n == STACK_ERROR)
				fail("read");
			if (n == 0) {
				stack_close();
				printf("closed by=peer\n");
				return;
			}
			b[n] = 0;
			printf("data %s%s", (char *)b, b[n - 1] == '\n' ? "" : "\n");
			fflush(stdout);
			if (opt.server && stack_write(b, n) != n)
				fail("write of %d bytes", n);
		}
		struct pollfd p[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
		poll(p, 2, -1);
		if (p[1].revents) {
			int n = read_line(line, sizeof line - 1);
			if (n < 0 || !strcmp(line, "Q")) {
				stack_close();
				printf("closed by=self\n");
				return;
			}
#ifdef STACK_RENEGOTIATES
			if (!strcmp(line, "R")) {
				stack_renegotiate();
				continue;
			}
#endif
			line[n] = '\n';
			if (stack_write((unsigned char *)line, n + 1) != n + 1)
				fail("write of %d bytes", n + 1);
		}
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "version")) {
		printf("%s\n", stack_version());
		return 0;
	}
	opt.rounds = opt.client_auth = 1;
	read_options(argc, argv);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in peer = loopback(opt.port), local = loopback(opt.server ? opt.port : 0);
	if (bind(fd, (struct sockaddr *)&local, sizeof local))
		fail("bind: %s", strerror(errno));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	stack_init();
	for (int round = 0; round < opt.rounds; round++) {
		if (opt.server) {
			printf("ready\n");
			await_client(fd);
		} else {
			char line[16];
			if (round > 0 && read_line(line, sizeof line) < 0)
				return 0;
			if (connect(fd, (struct sockaddr *)&peer, sizeof peer))
				fail("connect: %s", strerror(errno));
		}
		stack_open(fd);
		int r;
		while ((r = stack_handshake()) != 0) {
			if (r == STACK_ERROR)
				fail("handshake");
			struct pollfd p = {fd, POLLIN, 0};
			poll(&p, 1, stack_timeout());
		}
		stack_connected();
		for (int i = 0; i < opt.export_count; i++) {
			unsigned char out[512];
			if (stack_export(&opt.exports[i], out))
				printf("export failed\n");
			else
				hex("export", out, opt.exports[i].length);
		}
		printf("up\n");
		traffic(fd);
		stack_free();
	}
	return 0;
}
