/*
 * Calls every function of the table and prints what a user of the library would see. Run with either library, against
 * either daemon, the output is the same.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "hb_api.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ll_cluster_t *hb;
static struct llc_ops *ops;
static int signals, joined, left, changed, heard;

static void show(const char *what, const char *text)
{
	printf("%s: %s\n", what, text ? text : "(none)");
}

static void number(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
}

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static void on_client(const char *node, const char *client, const char *status, void *data)
{
	if (strcmp(client, "labcli") == 0 && strcmp(status, "join") == 0)
		joined++;
	if (strcmp(status, "leave") == 0)
		left++;
	(void)node;
	(void)data;
}

static void on_node(const char *node, const char *status, void *data)
{
	(void)node;
	(void)status;
	(void)data;
	changed++;
}

static void on_link(const char *node, const char *link, const char *status, void *data)
{
	(void)node;
	(void)link;
	(void)status;
	(void)data;
	changed++;
}

static void on_message(struct ha_msg *msg, void *data)
{
	heard++;
	printf("%s: %s from %s\n", (const char *)data, cl_get_string(msg, "text"), cl_get_string(msg, "src"));
}

/* The next message that is not a callback's. */
static struct ha_msg *next(const char *type)
{
	struct ha_msg *msg;
	const char *kind;

	while ((msg = ops->readmsg(hb, 1)) != NULL) {
		kind = cl_get_string(msg, "t");
		if (kind && strcmp(kind, type) == 0)
			return msg;
		ha_msg_del(msg);
	}
	return NULL;
}

/* Lets callbacks run until they have counted so far. */
static void pump(const int *counter, int wanted)
{
	struct pollfd fd;

	while (*counter < wanted && ops->chan_is_connected(hb)) {
		ops->rcvmsg(hb, 0);
		if (*counter >= wanted)
			return;
		fd.fd = ops->inputfd(hb);
		fd.events = POLLIN;
		poll(&fd, 1, 1000);
	}
}

static struct ha_msg *text(const char *type, const char *value)
{
	struct ha_msg *msg = ha_msg_new(0);

	if (ha_msg_add(msg, "t", type) != HA_OK || ha_msg_add(msg, "text", value) != HA_OK)
		exit(2);
	return msg;
}

static void questions(void)
{
	const char *name;
	cl_uuid_t uuid, again;
	char back[100];
	char *value;
	int at, same;

	number("deadtime", ops->get_deadtime(hb));
	number("keepalive", ops->get_keepalive(hb));
	show("mynodeid", ops->get_mynodeid(hb));
	number("logfacility", ops->get_logfacility(hb));
	number("num_nodes", ops->num_nodes(hb));
	number("init_nodewalk", ops->init_nodewalk(hb));
	while ((name = ops->nextnode(hb)) != NULL)
		show("node", name);
	number("end_nodewalk", ops->end_nodewalk(hb));
	show("node_status n2", ops->node_status(hb, "n2"));
	show("node_status zz", ops->node_status(hb, "zz"));
	number("node_weight", ops->node_weight(hb, "n2"));
	show("node_site", ops->node_site(hb, "n2"));
	show("node_type", ops->node_type(hb, "n2"));
	number("init_ifwalk", ops->init_ifwalk(hb, "n2"));
	while ((name = ops->nextif(hb)) != NULL)
		show("link", name);
	number("end_ifwalk", ops->end_ifwalk(hb));
	show("if_status", ops->if_status(hb, "n2", "eth0"));
	show("client_status here", ops->client_status(hb, "n1", "labcli", 5000));
	show("client_status there", ops->client_status(hb, "n2", "labcli", 5000));
	number("get_uuid_by_name", ops->get_uuid_by_name(hb, "n2", &uuid));
	memset(back, 0, sizeof back);
	number("get_name_by_uuid", ops->get_name_by_uuid(hb, &uuid, back, sizeof back));
	show("name", back);
	number("get_uuid_by_name again", ops->get_uuid_by_name(hb, "n2", &again));
	same = 1;
	for (at = 0; at < 16; at++)
		same &= uuid.uuid[at] == again.uuid[at];
	number("same", same);
	value = ops->get_parameter(hb, "deadtime");
	show("parameter", value);
	free(value);
	show("no parameter", ops->get_parameter(hb, "nosuch"));
	show("resources", ops->get_resources(hb));
	number("connected", ops->chan_is_connected(hb));
	number("inputfd", ops->inputfd(hb) >= 0);
	number("ipcchan", ops->ipcchan(hb) != NULL);
	number("set_sendq_len", ops->set_sendq_len(hb, 200));
	number("set_send_block_mode", ops->set_send_block_mode(hb, 1));
}

static void messages(void)
{
	struct ha_msg *msg, *child, *got, *copy;
	cl_uuid_t uuid, found;
	const void *bytes;
	size_t length = 0;
	int value = 0;
	struct pollfd fd;

	number("set_msg_callback", ops->set_msg_callback(hb, "labcall", on_message, (void *)"callback"));
	msg = text("labcall", "through the callback");
	number("sendclustermsg", ops->sendclustermsg(hb, msg));
	ha_msg_del(msg);
	pump(&heard, 1);
	/* Everything that a message can hold, to ourselves. */
	msg = text("labrich", "rich");
	child = text("labchild", "inside");
	memset(&uuid, 7, sizeof uuid);
	ha_msg_add_int(msg, "number", -42);
	ha_msg_addbin(msg, "bytes", "a\0b", 3);
	ha_msg_adduuid(msg, "uuid", &uuid);
	ha_msg_addstruct(msg, "child", child);
	ha_msg_mod(msg, "text", "changed");
	ha_msg_add(msg, "gone", "x");
	number("remove", cl_msg_remove(msg, "gone"));
	copy = ha_msg_copy(msg);
	number("sendnodemsg", ops->sendnodemsg(hb, copy, "n1"));
	got = next("labrich");
	show("text", cl_get_string(got, "text"));
	show("gone", cl_get_string(got, "gone"));
	ha_msg_value_int(got, "number", &value);
	number("number", value);
	bytes = cl_get_binary(got, "bytes", &length);
	number("bytes", length == 3 && memcmp(bytes, "a\0b", 3) == 0);
	number("uuid", cl_get_uuid(got, "uuid", &found) == HA_OK && memcmp(&uuid, &found, sizeof uuid) == 0);
	show("child", cl_get_string(cl_get_struct(got, "child"), "text"));
	show("dest", cl_get_string(got, "dest"));
	ha_msg_del(got);
	ha_msg_del(copy);
	ha_msg_del(child);
	ha_msg_del(msg);
	/* To the node of an id. */
	ops->get_uuid_by_name(hb, "n1", &uuid);
	msg = text("labuuid", "by id");
	number("sendnodemsg_byuuid", ops->sendnodemsg_byuuid(hb, msg, &uuid));
	ha_msg_del(msg);
	got = next("labuuid");
	show("dest", cl_get_string(got, "dest"));
	ha_msg_del(got);
	/* In order. */
	msg = text("labordered", "first");
	number("send_ordered_clustermsg", ops->send_ordered_clustermsg(hb, msg));
	ha_msg_mod(msg, "text", "second");
	ops->send_ordered_clustermsg(hb, msg);
	ha_msg_mod(msg, "text", "third");
	number("send_ordered_nodemsg", ops->send_ordered_nodemsg(hb, msg, "n1"));
	ha_msg_del(msg);
	for (value = 0; value < 3; value++) {
		got = next("labordered");
		show("ordered", cl_get_string(got, "text"));
		ha_msg_del(got);
	}
	/* A signal with the next message, and the descriptor tells of it. */
	signal(SIGUSR1, on_signal);
	number("setmsgsignal", ops->setmsgsignal(hb, SIGUSR1));
	msg = text("labsignal", "with a signal");
	ops->sendclustermsg(hb, msg);
	ha_msg_del(msg);
	while (!ops->msgready(hb)) {
		fd.fd = ops->inputfd(hb);
		fd.events = POLLIN;
		poll(&fd, 1, 10000);
	}
	got = next("labsignal");
	number("signal", signals > 0);
	ha_msg_del(got);
	ops->setmsgsignal(hb, 0);
	number("wrong signal", ops->setmsgsignal(hb, 9));
	number("setfmode", ops->setfmode(hb, LLC_FILTER_ALLHB));
	changed = 0;
	pump(&changed, 3);
	number("unchanged statuses", changed >= 3);
	number("setfmode", ops->setfmode(hb, LLC_FILTER_DEFAULT));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	number("unknown type", ll_cluster_new("nosuch") != NULL);
	hb = ll_cluster_new("heartbeat");
	ops = hb->llc_ops;
	ops->set_nstatus_callback(hb, on_node, NULL);
	ops->set_ifstatus_callback(hb, on_link, NULL);
	number("refused", ops->signon(hb, "nosuchname"));
	show("errmsg", ops->errmsg(hb) && *ops->errmsg(hb) ? "something" : "nothing");
	number("signon", ops->signon(hb, "labcli"));
	number("set_cstatus_callback", ops->set_cstatus_callback(hb, on_client, NULL));
	questions();
	messages();
	number("joined", joined);
	number("signoff", ops->signoff(hb, 1));
	number("connected", ops->chan_is_connected(hb));
	/* Once more, as nobody in particular. */
	number("casual", ops->signon(hb, NULL));
	show("node_status n1", ops->node_status(hb, "n1"));
	number("signoff", ops->signoff(hb, 1));
	number("delete", ops->delete(hb));
	return 0;
}
