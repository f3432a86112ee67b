// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "without.h"

static const char *const names[WITHOUT_NR] = {
	[WITHOUT_ATTACH] = "attach",
	[WITHOUT_DETACH] = "detach",
	[WITHOUT_MKDIR] = "mkdir",
	[WITHOUT_RMDIR] = "rmdir",
	[WITHOUT_CONTROLLER] = "controller",
	[WITHOUT_OVERRIDE] = "override",
	[WITHOUT_BAD_FLAGS] = "bad-flags",
	[WITHOUT_BAD_FD] = "bad-fd",
	[WITHOUT_READ] = "read",
	[WITHOUT_RECLAIM] = "reclaim",
	[WITHOUT_CHURN] = "churn",
	[WITHOUT_KILL] = "kill",
};

static bool left_out[WITHOUT_NR];

static void __attribute__((noreturn)) refuse(const char *name, size_t len)
{
	char known[256] = "";
	size_t at = 0;
	int i;

	for (i = 0; i < WITHOUT_NR; i++)
		at += snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "",
			       names[i]);
	parse_refuse("WITHOUT: no step is named '%.*s'; there are %s", (int)len, name, known);
}

void without_init(const char *list)
{
	size_t len;
	int i;

	while (*list) {
		len = strcspn(list, ",");
		for (i = 0; i < WITHOUT_NR; i++) {
			if (strlen(names[i]) == len && !strncmp(list, names[i], len))
				break;
		}
		if (i == WITHOUT_NR)
			refuse(list, len);
		left_out[i] = true;
		list += len;
		list += *list == ',';
	}
}

bool without(enum without what)
{
	return left_out[what];
}

const char *without_steps(void)
{
	int i;

	for (i = WITHOUT_ATTACH; i <= WITHOUT_CONTROLLER; i++) {
		if (!left_out[i])
			return NULL;
	}
	return "WITHOUT leaves no step to do";
}
