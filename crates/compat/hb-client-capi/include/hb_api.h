/*
 * The Heartbeat API for programs in C. The binary interface is that of the original's libhbclient and, for messages, of
 * its libplumb: a program compiled with this header runs with either library, and with either daemon.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Functions that return int return HA_OK or HA_FAIL unless their line says otherwise; after HA_FAIL, or a null pointer,
 * errmsg() tells why. Strings that are returned belong to the library and last until the same function is called again,
 * unless their line says otherwise. One ll_cluster_t is for one thread at a time.
 */
#ifndef HB_API_H
#define HB_API_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HA_OK 1
#define HA_FAIL 0

#define LLC_PROTOCOL_VERSION 2

typedef int hb_boolean; /* glib's gboolean */

typedef struct cl_uuid_s { unsigned char uuid[16]; } cl_uuid_t;

/* Messages: named fields in their order. Read and change them with the functions below. */
struct ha_msg {
	int nfields;
	int nalloc;
	char **names;
	size_t *nlens;
	void **values;
	size_t *vlens;
	int *types; /* 0 string, 1 binary, 2 message, 3 list, 4 compressed message, 5 message to be compressed */
};

struct ha_msg *ha_msg_new(int fields);
void ha_msg_del(struct ha_msg *msg);
struct ha_msg *ha_msg_copy(const struct ha_msg *msg);
int ha_msg_add(struct ha_msg *msg, const char *name, const char *value);
int ha_msg_add_int(struct ha_msg *msg, const char *name, int value);
int ha_msg_addbin(struct ha_msg *msg, const char *name, const void *value, size_t length);
int ha_msg_adduuid(struct ha_msg *msg, const char *name, const cl_uuid_t *uuid);
int ha_msg_addstruct(struct ha_msg *msg, const char *name, const void *child); /* copies the child */
int cl_msg_modstring(struct ha_msg *msg, const char *name, const char *value); /* in place, or added */
int cl_msg_remove(struct ha_msg *msg, const char *name);
const char *cl_get_string(const struct ha_msg *msg, const char *name); /* lasts as long as the message */
const void *cl_get_binary(const struct ha_msg *msg, const char *name, size_t *length);
struct ha_msg *cl_get_struct(struct ha_msg *msg, const char *name);
int cl_get_uuid(const struct ha_msg *msg, const char *name, cl_uuid_t *uuid);
int ha_msg_value_int(const struct ha_msg *msg, const char *name, int *value);
#define ha_msg_value(msg, name) cl_get_string(msg, name)
#define ha_msg_mod(msg, name, value) cl_msg_modstring(msg, name, value)

/* The channel to the daemon, for libplumb's main loop. Its other members are none of a program's business. */
typedef struct IPC_CHANNEL IPC_Channel;

/* Callbacks. The message belongs to the library. */
typedef void (*llc_msg_callback_t)(struct ha_msg *msg, void *data);
typedef void (*llc_nstatus_callback_t)(const char *node, const char *status, void *data);
typedef void (*llc_ifstatus_callback_t)(const char *node, const char *link, const char *status, void *data);
typedef void (*llc_cstatus_callback_t)(const char *node, const char *client, const char *status, void *data);

typedef struct ll_cluster {
	void *ll_cluster_private;
	struct llc_ops *llc_ops;
} ll_cluster_t;

struct llc_ops {
	/* A null name signs on as a casual client, which may ask and listen. */
	int (*signon)(ll_cluster_t *, const char *name);
	int (*signoff)(ll_cluster_t *, hb_boolean destroy_channel);
	int (*delete)(ll_cluster_t *);

	/* Called by rcvmsg() and readmsg(). A null callback takes one back. */
	int (*set_msg_callback)(ll_cluster_t *, const char *type, llc_msg_callback_t callback, void *data);
	int (*set_nstatus_callback)(ll_cluster_t *, llc_nstatus_callback_t callback, void *data);
	int (*set_ifstatus_callback)(ll_cluster_t *, llc_ifstatus_callback_t callback, void *data);
	int (*set_cstatus_callback)(ll_cluster_t *, llc_cstatus_callback_t callback, void *data);

	int (*init_nodewalk)(ll_cluster_t *);
	const char *(*nextnode)(ll_cluster_t *); /* null at the end */
	int (*end_nodewalk)(ll_cluster_t *);
	const char *(*node_status)(ll_cluster_t *, const char *node);
	int (*node_weight)(ll_cluster_t *, const char *node); /* -1: failed */
	const char *(*node_site)(ll_cluster_t *, const char *node);
	const char *(*node_type)(ll_cluster_t *, const char *node);
	int (*num_nodes)(ll_cluster_t *); /* -1: failed; ping nodes are not counted */

	int (*init_ifwalk)(ll_cluster_t *, const char *node);
	const char *(*nextif)(ll_cluster_t *); /* null at the end */
	int (*end_ifwalk)(ll_cluster_t *);
	const char *(*if_status)(ll_cluster_t *, const char *node, const char *link);
	/* "online" or "offline"; null when the other node does not answer within so many milliseconds. */
	const char *(*client_status)(ll_cluster_t *, const char *node, const char *client, int milliseconds);

	int (*get_uuid_by_name)(ll_cluster_t *, const char *node, cl_uuid_t *uuid);
	int (*get_name_by_uuid)(ll_cluster_t *, cl_uuid_t *uuid, char *name, size_t size);

	int (*sendclustermsg)(ll_cluster_t *, struct ha_msg *msg);
	int (*sendnodemsg)(ll_cluster_t *, struct ha_msg *msg, const char *node);
	int (*sendnodemsg_byuuid)(ll_cluster_t *, struct ha_msg *msg, cl_uuid_t *uuid);
	int (*send_ordered_clustermsg)(ll_cluster_t *, struct ha_msg *msg);
	int (*send_ordered_nodemsg)(ll_cluster_t *, struct ha_msg *msg, const char *node);

	int (*inputfd)(ll_cluster_t *); /* for poll(); ask msgready() first; -1: not signed on */
	IPC_Channel *(*ipcchan)(ll_cluster_t *);
	int (*msgready)(ll_cluster_t *); /* 1: a message is here */
	int (*setmsgsignal)(ll_cluster_t *, int signal);
	int (*rcvmsg)(ll_cluster_t *, int blocking); /* callbacks run; 1: a message that none took was dropped */
	struct ha_msg *(*readmsg)(ll_cluster_t *, int blocking); /* that no callback took; for ha_msg_del() */

#define LLC_FILTER_DEFAULT 0
#define LLC_FILTER_PMODE 1
#define LLC_FILTER_ALLHB 2
#define LLC_FILTER_RAW 3
	int (*setfmode)(ll_cluster_t *, unsigned mode);

	char *(*get_parameter)(ll_cluster_t *, const char *name); /* for free() */
	long (*get_deadtime)(ll_cluster_t *);                     /* milliseconds; -1: not signed on */
	long (*get_keepalive)(ll_cluster_t *);
	const char *(*get_mynodeid)(ll_cluster_t *);
	int (*get_logfacility)(ll_cluster_t *);
	const char *(*get_resources)(ll_cluster_t *);

	hb_boolean (*chan_is_connected)(ll_cluster_t *);
	int (*set_sendq_len)(ll_cluster_t *, int messages);
	int (*set_send_block_mode)(ll_cluster_t *, hb_boolean blocking);
	const char *(*errmsg)(ll_cluster_t *);
};

/* The only type is "heartbeat"; null for any other. */
ll_cluster_t *ll_cluster_new(const char *type);

#ifdef __cplusplus
}
#endif

#endif
