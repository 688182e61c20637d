/*
 * The protocol's numbers and limits: RFC 4250 section 4, RFC 4256, RFC 8308,
 * OpenSSH's PROTOCOL.
 */
#ifndef LIB_SSH_SSH2_H
#define LIB_SSH_SSH2_H

/* Message numbers, transport (RFC 4250 section 4.1.2). */
#define SSH_MSG_DISCONNECT	1
#define SSH_MSG_IGNORE		2
#define SSH_MSG_UNIMPLEMENTED	3
#define SSH_MSG_DEBUG		4
#define SSH_MSG_SERVICE_REQUEST 5
#define SSH_MSG_SERVICE_ACCEPT	6
#define SSH_MSG_EXT_INFO	7 /* RFC 8308 */
#define SSH_MSG_NEWCOMPRESS	8
#define SSH_MSG_KEXINIT		20
#define SSH_MSG_NEWKEYS		21
/* 30 to 49 belong to the key exchange method. */
#define SSH_MSG_KEXDH_INIT	   30
#define SSH_MSG_KEXDH_REPLY	   31
#define SSH_MSG_KEX_ECDH_INIT	   30
#define SSH_MSG_KEX_ECDH_REPLY	   31
#define SSH_MSG_KEX_DH_GEX_GROUP   31 /* RFC 4419 */
#define SSH_MSG_KEX_DH_GEX_INIT	   32
#define SSH_MSG_KEX_DH_GEX_REPLY   33
#define SSH_MSG_KEX_DH_GEX_REQUEST 34
#define SSH_MSG_KEXGSS_INIT	   30 /* RFC 4462 */
#define SSH_MSG_KEXGSS_CONTINUE	   31
#define SSH_MSG_KEXGSS_COMPLETE	   32
#define SSH_MSG_KEXGSS_ERROR	   34
/* User authentication (RFC 4252); 60 to 79 belong to the method. */
#define SSH_MSG_USERAUTH_REQUEST	  50
#define SSH_MSG_USERAUTH_FAILURE	  51
#define SSH_MSG_USERAUTH_SUCCESS	  52
#define SSH_MSG_USERAUTH_BANNER		  53
#define SSH_MSG_USERAUTH_PK_OK		  60
#define SSH_MSG_USERAUTH_PASSWD_CHANGEREQ 60
#define SSH_MSG_USERAUTH_INFO_REQUEST	  60 /* RFC 4256 */
#define SSH_MSG_USERAUTH_INFO_RESPONSE	  61
/* Connection (RFC 4254). */
#define SSH_MSG_GLOBAL_REQUEST		  80
#define SSH_MSG_REQUEST_SUCCESS		  81
#define SSH_MSG_REQUEST_FAILURE		  82
#define SSH_MSG_CHANNEL_OPEN		  90
#define SSH_MSG_CHANNEL_OPEN_CONFIRMATION 91
#define SSH_MSG_CHANNEL_OPEN_FAILURE	  92
#define SSH_MSG_CHANNEL_WINDOW_ADJUST	  93
#define SSH_MSG_CHANNEL_DATA		  94
#define SSH_MSG_CHANNEL_EXTENDED_DATA	  95
#define SSH_MSG_CHANNEL_EOF		  96
#define SSH_MSG_CHANNEL_CLOSE		  97
#define SSH_MSG_CHANNEL_REQUEST		  98
#define SSH_MSG_CHANNEL_SUCCESS		  99
#define SSH_MSG_CHANNEL_FAILURE		  100
/* OpenSSH's PROTOCOL, 1.9. */
#define SSH_MSG_PING 192
#define SSH_MSG_PONG 193

/* Disconnect reasons (RFC 4250 section 4.2.2). */
#define SSH_DISCONNECT_HOST_NOT_ALLOWED_TO_CONNECT    1
#define SSH_DISCONNECT_PROTOCOL_ERROR		      2
#define SSH_DISCONNECT_KEY_EXCHANGE_FAILED	      3
#define SSH_DISCONNECT_RESERVED			      4
#define SSH_DISCONNECT_MAC_ERROR		      5
#define SSH_DISCONNECT_COMPRESSION_ERROR	      6
#define SSH_DISCONNECT_SERVICE_NOT_AVAILABLE	      7
#define SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED 8
#define SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE	      9
#define SSH_DISCONNECT_CONNECTION_LOST		      10
#define SSH_DISCONNECT_BY_APPLICATION		      11
#define SSH_DISCONNECT_TOO_MANY_CONNECTIONS	      12
#define SSH_DISCONNECT_AUTH_CANCELLED_BY_USER	      13
#define SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE 14
#define SSH_DISCONNECT_ILLEGAL_USER_NAME	      15

/* Channel open failures (RFC 4250 section 4.3). */
#define SSH_OPEN_ADMINISTRATIVELY_PROHIBITED 1
#define SSH_OPEN_CONNECT_FAILED		     2
#define SSH_OPEN_UNKNOWN_CHANNEL_TYPE	     3
#define SSH_OPEN_RESOURCE_SHORTAGE	     4

#define SSH_EXTENDED_DATA_STDERR 1

/* Limits on what a peer may send, in bytes unless said. */
#define SSH_PACKET_MAX	  (256 * 1024) /* packet_length, as OpenSSH's */
#define SSH_KEXINIT_MAX	  35000 /* RFC 4253 section 6.1's minimum */
#define SSH_VERSION_MAX	  255 /* RFC 4253 section 4.2 */
#define SSH_USER_MAX	  256 /* a user name */
#define SSH_PASSWORD_MAX  1024 /* CVE-2016-6515 */
#define SSH_KEY_BLOB_MAX  16384 /* a public key or certificate */
#define SSH_SIGNATURE_MAX 8192
#define SSH_COMMAND_MAX	  (128 * 1024) /* an exec request's command */
/* execve(2) takes a string of so many bytes (MAX_ARG_STRLEN, less its end). */
#define SSH_EXEC_STRING_MAX (128 * 1024 - 1)

#endif
