/*
 * Typed failures: what a client is told.
 *
 * One row per kind in fail.c: code, name, category, severity, retryable, text.
 * A struct fail is filled in place, by the callee, on the caller's memory:
 * nothing allocates.  It travels beside an outcome (positive return value)
 * through a `struct fail *reterr`, set only on failure.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include "base/defs.h"

/* Stable JSON-RPC codes.  Never renumber; append. */
#define FAIL_LIST(X)                                                                               \
	X(PARSE_ERROR, -32700, VALIDATION, ERROR, false, "the request is not valid JSON")          \
	X(INVALID_REQUEST, -32600, VALIDATION, ERROR, false, "not a JSON-RPC 2.0 request")         \
	X(METHOD_NOT_FOUND, -32601, VALIDATION, ERROR, false, "no such method")                    \
	X(INVALID_PARAMS, -32602, VALIDATION, ERROR, false, "invalid parameters")                  \
	X(INTERNAL_ERROR, -32603, SYSTEM, CRITICAL, true, "internal error")                        \
	X(SESSION_NOT_FOUND, 1001, STATE, ERROR, false, "no such session")                         \
	X(PANE_NOT_FOUND, 1002, STATE, ERROR, false, "no such pane")                               \
	X(SESSION_EXISTS, 1003, STATE, ERROR, false, "a session of that name exists")              \
	X(SUBSCRIPTION_NOT_FOUND, 1004, STATE, ERROR, false, "no such subscription")               \
	X(PANE_EXITED, 1005, STATE, ERROR, false, "the pane's process has exited")                 \
	X(PANE_RUNNING, 1006, STATE, ERROR, false, "the pane's process is still running")          \
	X(KEY_CONFLICT, 1007, STATE, ERROR, false, "that key was used for a different request")    \
	X(PANE_BUSY, 1008, STATE, WARNING, true, "the pane's shell is busy")                       \
	X(NO_INTEGRATION, 1009, STATE, ERROR, false,                                               \
	  "there is no shell that tells of its commands")                                          \
	X(COMMAND_INCOMPLETE, 1010, VALIDATION, ERROR, false, "the command is not complete")       \
	X(COMMAND_NOT_KNOWN, 1011, STATE, ERROR, false, "no such command")                         \
	X(SPAWN_FAILED, 1101, TERMINAL, ERROR, false, "the command could not be started")          \
	X(DIRECTORY_NOT_FOUND, 1102, FILESYSTEM, ERROR, false, "the directory cannot be entered")  \
	X(COMMAND_NOT_FOUND, 1103, FILESYSTEM, ERROR, false, "the command was not found")          \
	X(COMMAND_NOT_EXECUTABLE, 1104, PERMISSION, ERROR, false,                                  \
	  "the command cannot be executed")                                                        \
	X(NO_PTY, 1105, RESOURCE, ERROR, true, "the kernel has no pseudo terminal left")           \
	X(INVALID_SIZE, 1106, VALIDATION, ERROR, false, "invalid terminal size")                   \
	X(UNKNOWN_KEY, 1107, VALIDATION, ERROR, false, "no such key name")                         \
	X(INPUT_CLOSED, 1108, TERMINAL, ERROR, false, "the terminal takes no more input")          \
	X(INVALID_REGEX, 1109, VALIDATION, ERROR, false, "the regular expression is invalid")      \
	X(REGEX_LIMIT, 1110, RESOURCE, ERROR, false, "the regular expression took too long")       \
	X(WAIT_TIMEOUT, 1111, TERMINAL, WARNING, true, "the deadline passed")                      \
	X(SIGNAL_FAILED, 1112, TERMINAL, ERROR, false, "the signal could not be sent")             \
	X(LIMIT_SESSIONS, 1201, RESOURCE, ERROR, true, "too many sessions")                        \
	X(LIMIT_PANES, 1202, RESOURCE, ERROR, true, "too many panes")                              \
	X(LIMIT_CLIENTS, 1203, RESOURCE, ERROR, true, "too many clients")                          \
	X(LIMIT_REQUEST, 1204, RESOURCE, ERROR, false, "the request is too large")                 \
	X(LIMIT_INPUT, 1205, RESOURCE, WARNING, true,                                              \
	  "too much input is waiting for that terminal")                                           \
	X(LIMIT_PENDING, 1206, RESOURCE, WARNING, true, "too many requests are under way")         \
	X(LIMIT_SUBSCRIPTIONS, 1207, RESOURCE, ERROR, true, "too many subscriptions")              \
	X(NO_MEMORY, 1208, RESOURCE, CRITICAL, true, "out of memory")                              \
	X(NO_DESCRIPTORS, 1209, RESOURCE, ERROR, true, "out of file descriptors or processes")     \
	X(CONFIG_INVALID, 1301, CONFIGURATION, ERROR, false, "the configuration is invalid")       \
	X(VERSION_UNSUPPORTED, 1302, NETWORK, ERROR, false, "no common protocol version")          \
	X(QUARANTINED, 1303, SYSTEM, ERROR, false, "set aside after repeated crashes")             \
	X(SHUTTING_DOWN, 1304, STATE, WARNING, true, "the server is shutting down")                \
	X(KEEPER_GONE, 1305, SYSTEM, CRITICAL, false, "the keeper is gone")                        \
	X(PERMISSION_DENIED, 1306, PERMISSION, ERROR, false, "permission denied")                  \
	X(DAEMON_DOWN, 1307, SYSTEM, CRITICAL, true, "the daemon keeps crashing; shells are kept") \
	X(FD_MISSING, 1308, VALIDATION, ERROR, false,                                              \
	  "a file descriptor was announced but not passed")                                        \
	X(STORAGE_UNAVAILABLE, 1401, STORAGE, CRITICAL, true, "the database cannot be used")       \
	X(STORAGE_FULL, 1402, STORAGE, CRITICAL, true, "there is no room left for the database")   \
	X(STORAGE_FAILED, 1403, STORAGE, CRITICAL, true, "the database could not do it")           \
	X(STORAGE_DAMAGED, 1404, STORAGE, CRITICAL, false, "the database is damaged")              \
	X(STORAGE_VERSION, 1405, STORAGE, ERROR, false, "the database is of a newer version")      \
	X(NAMESPACE_NOT_FOUND, 1411, STATE, ERROR, false, "no such namespace")                     \
	X(KEY_NOT_FOUND, 1412, STATE, ERROR, false, "no such key")                                 \
	X(LIMIT_KEY, 1413, VALIDATION, ERROR, false, "the key is too long")                        \
	X(LIMIT_VALUE, 1414, VALIDATION, ERROR, false, "the value is too large")                   \
	X(LIMIT_NAMESPACE, 1415, RESOURCE, ERROR, false, "the namespace is full")                  \
	X(LIMIT_NAMESPACES, 1416, RESOURCE, ERROR, false, "too many namespaces")                   \
	X(RECORD_NOT_FOUND, 1421, STATE, ERROR, false, "no such record")                           \
	X(SEARCH_CANCELLED, 1521, STATE, WARNING, false, "the search was cancelled")               \
	X(SEARCH_NOT_FOUND, 1522, STATE, ERROR, false, "no such search is under way")              \
	X(LAYOUT_NOT_FOUND, 1501, LAYOUT, ERROR, false, "no such layout")                          \
	X(LAYOUT_EXISTS, 1502, LAYOUT, ERROR, false, "a layout of that name exists")               \
	X(LAYOUT_TOO_SMALL, 1503, LAYOUT, ERROR, false, "there is no room for that")               \
	X(LAYOUT_INVALID, 1504, LAYOUT, ERROR, false, "that is no layout")                         \
	X(LAYOUT_ALONE, 1505, LAYOUT, ERROR, false, "nothing shares that direction with the pane") \
	X(LIMIT_LAYOUTS, 1506, LAYOUT, ERROR, false, "too many layouts, or splits inside splits")  \
	X(NOT_IN_LAYOUT, 1507, LAYOUT, ERROR, false, "the pane is in no layout")                   \
	X(IN_LAYOUT, 1508, LAYOUT, ERROR, false, "the pane is in a layout")                        \
	X(TEMPLATE_NOT_FOUND, 1509, LAYOUT, ERROR, false, "no such layout template")               \
	X(NOT_RECORDED, 1330, STATE, ERROR, false, "nothing of that pane was recorded")            \
	X(JOURNAL_VERSION, 1331, STORAGE, ERROR, false,                                            \
	  "the journal was written by a newer version")                                            \
	X(JOURNAL_FAILED, 1332, STORAGE, ERROR, true, "the journal could not be read or removed")  \
	X(UPGRADE_REFUSED, 1321, SYSTEM, ERROR, false, "the upgrade was refused; nothing changed") \
	X(UPGRADE_FAILED, 1322, SYSTEM, ERROR, false,                                              \
	  "the new program did not come up; the old one goes on")                                  \
	X(UPGRADING, 1323, STATE, WARNING, true, "the server makes room for another version")

enum fail_code {
	FAIL_NONE,
#define X(name, ...) FAIL_##name,
	FAIL_LIST(X)
#undef X
		FAIL_N
};

enum fail_category {
	FAIL_STATE,
	FAIL_TERMINAL,
	FAIL_LAYOUT,
	FAIL_STORAGE,
	FAIL_PLUGIN,
	FAIL_CONFIGURATION,
	FAIL_NETWORK,
	FAIL_VALIDATION,
	FAIL_PERMISSION,
	FAIL_RESOURCE,
	FAIL_FILESYSTEM,
	FAIL_SYSTEM
};

enum fail_severity { FAIL_INFO, FAIL_WARNING, FAIL_ERROR, FAIL_CRITICAL };

struct fail_kind {
	const char *name; /* "SESSION_NOT_FOUND" */
	const char *text; /* a sentence without its full stop */
	int code;         /* on the wire */
	enum fail_category category;
	enum fail_severity severity;
	bool is_retryable;
};

/* Most are set and thrown away unread, so no text beyond its NUL is cleared. */
struct fail {
	enum fail_code code;
	char ref[40];     /* id involved ("p7", "s1", a parameter's name), or "" */
	char detail[168]; /* what is special here, or "" */
	char hint[120];   /* what to do next, or "" */
};

const struct fail_kind *fail_kind(enum fail_code code);
const char *fail_category_name(enum fail_category c);
const char *fail_severity_name(enum fail_severity s);

/* Fill @f; @ref may be NULL.  Text too long is cut on a UTF-8 boundary.
 * Returns FAIL_E_FAILED, so that `return fail_set(...)` reads well. */
#define FAIL_E_FAILED 1
int fail_set(struct fail *f, enum fail_code code, const char *ref);
int fail_setf(struct fail *f, enum fail_code code, const char *ref, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void fail_hint(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
