/*
 * NSS for the tests; see shim.h. NSS_DIR in the environment is a database in which
 * certificates have the names of their files as nicknames. Suites are hexadecimal
 * numbers, groups and profiles decimal ones.
 */
#include "shim.h"
#include <cert.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <ssl.h>
#include <sslproto.h>

static PRFileDesc *ssl;
static CERTCertificate *cert;
static SECKEYPrivateKey *key;

static void must(SECStatus s, const char *what)
{
	if (s != SECSuccess)
		fail("%s: %s", what, PR_ErrorToName(PR_GetError()));
}

static const char *stack_version(void) { return NSS_GetVersion(); }

static void stack_init(void)
{
	must(NSS_Init(getenv("NSS_DIR")), "database");
	NSS_SetDomesticPolicy();
	if (opt.cert) {
		const char *name = strrchr(opt.cert, '/');
		if (!(cert = PK11_FindCertFromNickname(name + 1, NULL)) || !(key = PK11_FindKeyByAnyCert(cert, NULL)))
			fail("certificate %s: %s", name + 1, PR_ErrorToName(PR_GetError()));
	}
	if (opt.server)
		must(SSL_ConfigServerSessionIDCache(0, 0, 0, NULL), "cache");
}

static SECStatus accept_any(void *p, PRFileDesc *fd, PRBool check, PRBool server) { (void)p; (void)fd; (void)check; (void)server; return SECSuccess; }

static SECStatus give_certificate(void *p, PRFileDesc *fd, CERTDistNames *names, CERTCertificate **c, SECKEYPrivateKey **k)
{
	(void)p; (void)fd; (void)names;
	if (!cert)
		return SECFailure;
	*c = CERT_DupCertificate(cert);
	*k = SECKEY_CopyPrivateKey(key);
	return SECSuccess;
}

static void stack_open(int fd)
{
	SSLVersionRange versions = {SSL_LIBRARY_VERSION_TLS_1_2, opt.dtls13 ? SSL_LIBRARY_VERSION_TLS_1_3 : SSL_LIBRARY_VERSION_TLS_1_2};
	PRFileDesc *socket = PR_ImportUDPSocket(dup(fd));
	PRSocketOptionData nonblocking = {.option = PR_SockOpt_Nonblocking, .value.non_blocking = PR_TRUE};
	PR_SetSocketOption(socket, &nonblocking);
	if (!(ssl = DTLS_ImportFD(NULL, socket)))
		fail("import");
	must(SSL_OptionSet(ssl, SSL_SECURITY, PR_TRUE), "security");
	must(SSL_OptionSet(ssl, opt.server ? SSL_HANDSHAKE_AS_SERVER : SSL_HANDSHAKE_AS_CLIENT, PR_TRUE), "role");
	must(SSL_OptionSet(ssl, SSL_ENABLE_EXTENDED_MASTER_SECRET, !opt.no_ems), "ems");
	must(SSL_OptionSet(ssl, SSL_ENABLE_SESSION_TICKETS, !opt.no_tickets), "tickets");
	must(SSL_VersionRangeSet(ssl, &versions), "version");
	unsigned wanted = (unsigned)strtoul(opt.suite, NULL, 16);
	for (int i = 0; i < SSL_NumImplementedCiphers; i++)
		SSL_CipherPrefSet(ssl, SSL_ImplementedCiphers[i], SSL_ImplementedCiphers[i] == wanted || (opt.dtls13 && SSL_ImplementedCiphers[i] == TLS_AES_128_GCM_SHA256));
	SSLNamedGroup groups[8];
	unsigned n = 0;
	for (char *list = strdup(opt.groups), *g = strtok(list, ","); g; g = strtok(NULL, ","))
		groups[n++] = (SSLNamedGroup)atoi(g);
	must(SSL_NamedGroupConfig(ssl, groups, n), "groups");
	if (opt.srtp) {
		PRUint16 profile = (PRUint16)atoi(opt.srtp);
		must(SSL_SetSRTPCiphers(ssl, &profile, 1), "srtp");
	}
	must(SSL_AuthCertificateHook(ssl, accept_any, NULL), "hook");
	if (opt.server) {
		must(SSL_ConfigServerCert(ssl, cert, key, NULL, 0), "certificate");
		must(SSL_OptionSet(ssl, SSL_REQUEST_CERTIFICATE, opt.client_auth), "request");
		must(SSL_OptionSet(ssl, SSL_REQUIRE_CERTIFICATE, opt.client_auth ? SSL_REQUIRE_ALWAYS : SSL_REQUIRE_NEVER), "require");
	} else {
		must(SSL_GetClientAuthDataHook(ssl, give_certificate, NULL), "hook");
		SSL_SetURL(ssl, "peer.invalid");
		SSL_SetSockPeerID(ssl, "peer");
	}
	must(SSL_ResetHandshake(ssl, opt.server), "handshake");
}

static int stack_handshake(void)
{
	if (SSL_ForceHandshake(ssl) == SECSuccess)
		return 0;
	if (PR_GetError() == PR_WOULD_BLOCK_ERROR)
		return STACK_AGAIN;
	printf("handshake: %s\n", PR_ErrorToName(PR_GetError()));
	return STACK_ERROR;
}

static int stack_timeout(void)
{
	PRIntervalTime t;
	return DTLS_GetHandshakeTimeout(ssl, &t) == SECSuccess ? (int)PR_IntervalToMilliseconds(t) + 1 : 50;
}

static void stack_connected(void)
{
	SSLChannelInfo info;
	char group[16] = "-", srtp[16] = "none";
	PRUint16 profile;
	must(SSL_GetChannelInfo(ssl, &info, sizeof info), "info");
	if (!info.resumed)
		snprintf(group, sizeof group, "%d", (int)info.keaGroup);
	if (SSL_GetSRTPCipher(ssl, &profile) == SECSuccess)
		snprintf(srtp, sizeof srtp, "%d", profile);
	connected(info.cipherSuite, group, srtp, info.extendedMasterSecretUsed ? "1" : "0", info.resumed);
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	if (SSL_ExportKeyingMaterial(ssl, e->label, (unsigned)strlen(e->label), e->has_context, e->context, (unsigned)e->context_length, out, (unsigned)e->length) == SECSuccess)
		return 0;
	printf("export: %s\n", PR_ErrorToName(PR_GetError()));
	return 1;
}

static int stack_read(unsigned char *b, int n)
{
	int r = PR_Recv(ssl, b, n, 0, PR_INTERVAL_NO_WAIT);
	if (r >= 0)
		return r;
	if (PR_GetError() == PR_WOULD_BLOCK_ERROR)
		return STACK_AGAIN;
	printf("read: %s\n", PR_ErrorToName(PR_GetError()));
	return STACK_ERROR;
}

static int stack_write(const unsigned char *b, int n) { return PR_Send(ssl, b, n, 0, PR_INTERVAL_NO_WAIT); }

static void stack_close(void) { PR_Close(ssl); }

static void stack_free(void) {}
