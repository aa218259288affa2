/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the tables cannot say: what must fit together to work, and what works but should not stay. */
#include "app/config_priv.h"

#include "base/strbuf.h"
#include "base/xalloc.h"
#include "core/phone_tables.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#define HOOK_SECRET_MIN 16
#define PUBLIC_URL_MAX 500

static bool is_user(const struct config *config, const char *user)
{
	for (size_t i = 0; i < config->network_n; i++) {
		const char *address = chat_network_person(config->networks[i].network, user);

		if (address && strlen(address) < ADDRESS_MAX)
			return true;
	}
	return false;
}

static int check_users(const struct config *config, const char *key, struct error *err)
{
	const char *const *users;
	size_t n = settings_list(config->sections[SECTION_TEAM], key, &users);
	STRBUF_AUTO(somebody);

	for (size_t i = 0; config->network_n > 0 && i < n; i++) {
		if (is_user(config, users[i]))
			continue;
		config_add_somebody(&somebody, config->networks[0].network);
		return error_set(err, ERR_CONFIG,
				 "'%s': '%.60s' must be NETWORK:ADDRESS with a network that is "
				 "set up, such as %s",
				 key, users[i], somebody.buf);
	}
	return 0;
}

static bool is_base_url(const char *url)
{
	const char *host = strstr(url, "://");

	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return false;
	host += strlen("://");
	return host[0] && host[0] != '/' && strlen(url) <= PUBLIC_URL_MAX &&
	       !strpbrk(url, " ?#\\\"<>");
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* "127.0.0.1:8080" or "[::1]:8080" */
static bool is_listen(const char *listen)
{
	const char *port = strrchr(listen, ':');
	size_t len = port ? (size_t)(port - listen) : 0;
	bool bracket = len > 2 && listen[0] == '[' && listen[len - 1] == ']';
	AUTO_FREE char *host = bracket ? xstrndup(listen + 1, len - 2) : xstrndup(listen, len);

	if (!port || (strchr(host, ':') != NULL) != bracket || !is_address(host))
		return false;
	port++;
	return port[0] && strlen(port) <= 5 && strspn(port, "0123456789") == strlen(port) &&
	       strtol(port, NULL, 10) <= UINT16_MAX;
}

static int check_http(const struct config *config, struct error *err)
{
	const struct settings *http = config->sections[SECTION_HTTP];
	const char *listen = settings_text(http, "listen");
	const char *url = settings_text(http, "public_url");
	const char *secret = settings_text(http, "hook_secret");
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_";

	if (!is_listen(listen))
		return error_set(err, ERR_CONFIG,
				 "'listen' is '%.60s' but must be ADDRESS:PORT, such as "
				 "127.0.0.1:8080 or [::1]:8080",
				 listen);
	if (!is_base_url(url))
		return error_set(err, ERR_CONFIG,
				 "'public_url' is '%.60s' but must be like https://sms.example.org",
				 url);
	if (strlen(secret) < HOOK_SECRET_MIN || strspn(secret, safe) != strlen(secret))
		return error_set(err, ERR_CONFIG,
				 "'hook_secret' must be %d or more letters, digits, - or _; "
				 "`openssl rand -hex 16` makes one",
				 HOOK_SECRET_MIN);
	return 0;
}

static int check_organisation(const struct config *config, struct error *err)
{
	const char *region = settings_text(config->sections[SECTION_ORGANISATION], "region");

	if (phone_country_of_region(region))
		return 0;
	return error_set(
		err, ERR_CONFIG,
		"'region' is '%.40s' but must be a country's two letters of ISO 3166, such "
		"as US, CA or GB",
		region);
}

static int check_file_hosts(const struct config *config, struct error *err)
{
	const char *const *hosts;
	size_t n = settings_list(config->sections[SECTION_POLICY], "file_hosts", &hosts);

	for (size_t i = 0; i < n; i++) {
		STRBUF_AUTO(url);

		strbuf_addf(&url, "https://%s", hosts[i]);
		if (strpbrk(hosts[i], "/?#") || !http_same_origin(url.buf, url.buf))
			return error_set(
				err, ERR_CONFIG,
				"'file_hosts': '%.100s' must be HOST or HOST:PORT, such as "
				"upload.example.org or 127.0.0.1:5280",
				hosts[i]);
	}
	return 0;
}

int config_check_section(const struct config *config, enum config_section section,
			 struct error *err)
{
	switch (section) {
	case SECTION_ORGANISATION:
		return check_organisation(config, err);
	case SECTION_HTTP:
		return check_http(config, err);
	case SECTION_TEAM:
		return check_users(config, "organizers", err) < 0 ||
				       check_users(config, "inbox", err) < 0
			       ? -1
			       : 0;
	case SECTION_POLICY:
		return check_file_hosts(config, err);
	case SECTION_STORE:
	case SECTION_LOG:
	case SECTION_N:
		return 0;
	}
	BUG("section %d", (int)section);
}

/* ---- what works but should not stay ----------------------------------------------------------- */

/* Docker's secrets have the mode of the host's file, which the container's user must be able to
 * read; what keeps others away is the folder on the host, and that nobody else is in here. */
#define DOCKER_SECRETS "/run/secrets/"

static bool everybody_reads(const char *path)
{
	struct stat st;

	return strncmp(path, DOCKER_SECRETS, strlen(DOCKER_SECRETS)) != 0 && stat(path, &st) == 0 &&
	       (st.st_mode & S_IROTH);
}

static void warn_of_readers(const struct config *config, struct strbuf *out)
{
	const char *line = config->secret_files.buf;

	if (config->plain_secrets && everybody_reads(config->path))
		strbuf_addf(out,
			    "%s holds secrets and everybody on this machine may read it; "
			    "`chmod 600` it\n",
			    config->path);
	for (size_t len; line && *line; line += len + 1) {
		AUTO_FREE char *path = NULL;

		len = strcspn(line, "\n");
		path = xstrndup(line, len);
		if (everybody_reads(path))
			strbuf_addf(out,
				    "%s is a secret and everybody on this machine may read it; "
				    "`chmod 600` it\n",
				    path);
	}
}

void config_warn(const struct config *config, struct strbuf *out)
{
	const struct settings *organisation = config->sections[SECTION_ORGANISATION];
	const char *url = settings_text(config->sections[SECTION_HTTP], "public_url");
	const char *const *organizers;
	bool outside = false;

	for (size_t i = 0; i < config->account_n; i++)
		outside |= !config_account_is_local(&config->accounts[i]);
	if (outside && strncmp(url, "https://", 8) != 0)
		strbuf_adds(out,
			    "http: 'public_url' is not https, so texts and secrets can be read "
			    "on their way; put a reverse proxy with TLS in front\n");
	if (!strstr(settings_text(organisation, "stop_text"), "{organisation}"))
		strbuf_adds(out,
			    "organisation: 'stop_text' lacks {organisation}; carriers want every "
			    "confirmation to say who it is from\n");
	if (settings_list(config->sections[SECTION_TEAM], "organizers", &organizers) == 0)
		strbuf_adds(out, "team: there are no 'organizers', so nobody may use the control "
				 "room\n");
	warn_of_readers(config, out);
}
