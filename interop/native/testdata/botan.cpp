/*
 * Botan 2 for the tests; see shim.h. Suites are hexadecimal numbers, groups and
 * profiles decimal ones.
 */
#define STACK_RENEGOTIATES
#include "shim.h"
#include <botan/auto_rng.h>
#include <botan/credentials_manager.h>
#include <botan/data_src.h>
#include <botan/pkcs8.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_client.h>
#include <botan/tls_extensions.h>
#include <botan/tls_messages.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>
#include <botan/version.h>
#include <botan/x509cert.h>
#include <deque>
#include <memory>
#include <sstream>

using namespace Botan;

static AutoSeeded_RNG rng;
static int socket_fd;
static bool closed_by_peer, full;
static std::deque<std::vector<uint8_t>> records;
static std::unique_ptr<TLS::Session> established;

class Policy final : public TLS::Policy {
public:
	std::vector<uint16_t> ciphersuite_list(TLS::Protocol_Version, bool) const override { return {static_cast<uint16_t>(strtoul(opt.suite, nullptr, 16))}; }
	std::vector<TLS::Group_Params> key_exchange_groups() const override
	{
		std::vector<TLS::Group_Params> groups;
		std::istringstream list(opt.groups);
		for (std::string g; std::getline(list, g, ',');)
			groups.push_back(static_cast<TLS::Group_Params>(std::stoi(g)));
		return groups;
	}
	std::vector<uint16_t> srtp_profiles() const override { return opt.srtp ? std::vector<uint16_t>{static_cast<uint16_t>(atoi(opt.srtp))} : std::vector<uint16_t>(); }
	bool allow_dtls12() const override { return true; }
	bool allow_dtls10() const override { return false; }
	bool require_cert_revocation_info() const override { return false; }
	size_t dtls_default_mtu() const override { return opt.mtu ? static_cast<size_t>(opt.mtu) : TLS::Policy::dtls_default_mtu(); }
	bool require_client_certificate_authentication() const override { return opt.server && opt.client_auth; }
};

class Credentials final : public Credentials_Manager {
public:
	std::vector<X509_Certificate> cert_chain(const std::vector<std::string> &types, const std::string &, const std::string &) override
	{
		if (!opt.cert)
			return {};
		std::vector<X509_Certificate> chain;
		for (DataSource_Stream in(opt.cert); !in.end_of_data();)
			try {
				chain.emplace_back(in);
			} catch (std::exception &) {
				break; /* the end of the file */
			}
		const X509_Certificate &c = chain.at(0);
		for (auto &t : types)
			if (t == c.subject_public_key_algo().get_oid().to_formatted_string() || t == std::unique_ptr<Public_Key>(c.load_subject_public_key())->algo_name())
				return chain;
		return {};
	}
	Private_Key *private_key_for(const X509_Certificate &, const std::string &, const std::string &) override
	{
		if (!key) {
			DataSource_Stream in(opt.key);
			key = PKCS8::load_key(in);
		}
		return key.get();
	}
	SymmetricKey psk(const std::string &type, const std::string &context, const std::string &) override
	{
		if (type == "tls-server" && (context == "session-ticket" ? !opt.no_tickets : context == "dtls-cookie-secret" && opt.cookie))
			return secret;
		throw Invalid_Argument("no such key");
	}

private:
	std::unique_ptr<Private_Key> key;
	SymmetricKey secret{rng, 32};
};

class Callbacks final : public TLS::Callbacks {
public:
	void tls_emit_data(const uint8_t b[], size_t n) override { send(socket_fd, b, n, 0); }
	void tls_record_received(uint64_t, const uint8_t b[], size_t n) override { records.emplace_back(b, b + n); }
	void tls_alert(TLS::Alert a) override
	{
		if (a.type() == TLS::Alert::CLOSE_NOTIFY)
			closed_by_peer = true;
		else if (a.type() == TLS::Alert::NO_RENEGOTIATION)
			printf("refused\n");
		else
			printf("alert %d\n", static_cast<int>(a.type()));
	}
	bool tls_session_established(const TLS::Session &s) override
	{
		established.reset(new TLS::Session(s));
		return true;
	}
	void tls_verify_cert_chain(const std::vector<X509_Certificate> &, const std::vector<std::shared_ptr<const OCSP::Response>> &, const std::vector<Certificate_Store *> &,
		Usage_Type, const std::string &, const TLS::Policy &) override {}
	void tls_modify_extensions(TLS::Extensions &e, TLS::Connection_Side) override
	{
		if (opt.no_ems)
			e.remove_extension(TLS::TLSEXT_EXTENDED_MASTER_SECRET);
	}
	void tls_inspect_handshake_msg(const TLS::Handshake_Message &m) override { full = full || m.type() == TLS::SERVER_KEX; }
};

static Policy policy;
static Credentials credentials;
static Callbacks callbacks;
static std::unique_ptr<TLS::Session_Manager_In_Memory> sessions;
static std::unique_ptr<TLS::Channel> channel;

static const char *stack_version(void) { return short_version_cstr(); }

static void stack_init(void) { sessions.reset(new TLS::Session_Manager_In_Memory(rng)); }

static void stack_open(int fd)
{
	socket_fd = fd;
	closed_by_peer = full = false;
	records.clear();
	established.reset();
	if (opt.server)
		channel.reset(new TLS::Server(callbacks, *sessions, credentials, policy, rng, true));
	else
		channel.reset(new TLS::Client(callbacks, *sessions, credentials, policy, rng, TLS::Server_Information("peer.invalid", 1), TLS::Protocol_Version::DTLS_V12));
}

/* take takes what is on the socket; the handshake, only what belongs to it. */
static int take(bool handshake)
{
	static uint8_t b[1 << 16];
	try {
		for (ssize_t n; !(handshake && channel->is_active()) && ((n = recv(socket_fd, b, sizeof b, 0)) >= 0 || errno == ECONNREFUSED);)
			if (n > 0)
				channel->received_data(b, static_cast<size_t>(n));
	} catch (std::exception &e) {
		printf("exception: %s\n", e.what());
		return STACK_ERROR;
	}
	return STACK_AGAIN;
}

static int stack_handshake(void)
{
	if (take(true) == STACK_ERROR)
		return STACK_ERROR;
	if (channel->is_active())
		return 0;
	if (channel->is_closed())
		return STACK_ERROR;
	channel->timeout_check();
	return STACK_AGAIN;
}

static int stack_timeout(void) { return 100; }

static void stack_connected(void)
{
	std::string srtp = established->dtls_srtp_profile() ? std::to_string(established->dtls_srtp_profile()) : "none";
	connected(established->ciphersuite_code(), "-", srtp.c_str(), established->supports_extended_master_secret() ? "1" : "0", !full);
}

static int stack_export(const struct export_ask *e, unsigned char *out)
{
	SymmetricKey k = channel->key_material_export(e->label, std::string(reinterpret_cast<const char *>(e->context), static_cast<size_t>(e->context_length)), static_cast<size_t>(e->length));
	memcpy(out, k.begin(), k.length());
	return 0;
}

static int stack_read(unsigned char *b, int n)
{
	if (records.empty() && !closed_by_peer && take(false) == STACK_ERROR)
		return STACK_ERROR;
	if (!records.empty()) {
		std::vector<uint8_t> r = records.front();
		records.pop_front();
		memcpy(b, r.data(), r.size() < static_cast<size_t>(n) ? r.size() : static_cast<size_t>(n));
		return static_cast<int>(r.size());
	}
	return closed_by_peer ? 0 : STACK_AGAIN;
}

static void stack_renegotiate(void) { channel->renegotiate(); }

static int stack_write(const unsigned char *b, int n)
{
	channel->send(b, static_cast<size_t>(n));
	return n;
}

static void stack_close(void) { channel->close(); }

static void stack_free(void) { channel.reset(); }
