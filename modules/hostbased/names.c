/*
 * The name of the client's host.  By default its address is looked up, forth
 * and back, and the name in the packet is only logged; a site without a name
 * service can choose to use the packet's name: then only the key proves it.
 */
#include "modules/hostbased/hostbased.h"

#include "lib/net.h"

#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* A host name that can be looked for in files: no spaces, no patterns. */
static bool
is_a_name(const char *name)
{
	return name[0] != '\0' && name[0] != '-' &&
	    strspn(name,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == strlen(name);
}

/* Does the name have the address it came from? */
static bool
is_confirmed(const char *name, const struct net_address *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	struct net_address a;
	bool found = false;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return false;
	for (struct addrinfo *p = list; p != NULL && !found; p = p->ai_next)
		found = net_from_sockaddr(p->ai_addr, p->ai_addrlen, &a) == 0 &&
		    net_equal(&a, address);
	freeaddrinfo(list);
	return found;
}

static bool
look_up(struct hb_request *r, const struct net_address *address)
{
	struct sockaddr_storage ss;
	socklen_t len = net_to_sockaddr(address, &ss);
	bool found;

	hb_host->call_begin(r->login, SALLYPORT_CALL_NAME_SERVICE, r->address);
	found = getnameinfo((struct sockaddr *)&ss, len, r->name,
		    sizeof(r->name), NULL, 0, NI_NAMEREQD) == 0 &&
	    is_a_name(r->name) && is_confirmed(r->name, address);
	hb_host->call_end(r->login);
	if (!found)
		/* No name: its address is what it is called. */
		snprintf(r->name, sizeof(r->name), "%s", r->address);
	lower(r->name);
	return true;
}

bool
hb_find_name(struct hb_request *r)
{
	const char *claimed = hb_host->text(r->login, SALLYPORT_CLIENT_HOST);
	const char *source = hb_host->text(r->login, SALLYPORT_SOURCE);
	struct net_address address;
	char name[HB_NAME_MAX];
	size_t len;

	snprintf(r->address, sizeof(r->address), "%s", source);
	snprintf(name, sizeof(name), "%s", claimed);
	len = strlen(name);
	if (len > 0 && name[len - 1] == '.')
		name[len - 1] = '\0';
	lower(name);
	if (!is_a_name(name) || net_parse(source, &address) != 0) {
		hb_host->reason(r->login, "no proper host name");
		return false;
	}
	if (r->state->name_from_packet) {
		snprintf(r->name, sizeof(r->name), "%s", name);
		return true;
	}
	if (!look_up(r, &address))
		return false;
	if (strcmp(r->name, name) != 0)
		hb_host->audit(r->login, "key_elsewhere", r->address,
		    "userauth_hostbased mismatch: client sends %s, but we "
		    "resolve %s to %s",
		    name, r->address, r->name);
	return true;
}
