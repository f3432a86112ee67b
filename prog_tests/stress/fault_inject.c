// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_inject.h"
#include "mounts.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAKE_IT_FAIL	"/proc/thread-self/make-it-fail"

static const char *const kinds[] = { "failslab", "fail_page_alloc" };

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* of the thread that has called fault_inject_setup() */
static int nth_fd = -1;
static int make_fd = -1;
static unsigned int nth_now;

const char *fault_inject_require(void)
{
	static char reason[512];
	char debugfs[PATH_MAX / 2], path[PATH_MAX];
	size_t i;

	if (access(FAIL_NTH, W_OK)) {
		snprintf(reason, sizeof(reason),
			 "no %s in this kernel: CONFIG_FAULT_INJECTION=y",
			 FAIL_NTH);
		return reason;
	}
	if (mounts_find("debugfs", debugfs, sizeof(debugfs)))
		return "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug";

	for (i = 0; i < NR_KINDS; i++) {
		snprintf(path, sizeof(path), "%s/%s", debugfs, kinds[i]);
		if (!access(path, F_OK))
			continue;
		snprintf(reason, sizeof(reason),
			 "no %.200s in this kernel: CONFIG_%s=y and CONFIG_FAULT_INJECTION_DEBUG_FS=y",
			 path, i ? "FAIL_PAGE_ALLOC" : "FAILSLAB");
		return reason;
	}
	return NULL;
}

static int set(const char *debugfs, const char *kind, const char *name,
	       const char *value)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s/%s", debugfs, kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0) {
		ret = -errno;
		fprintf(stderr, "# cannot write %s to %s: %s\n", value, path,
			strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

int fault_inject_setup(unsigned int percent)
{
	char debugfs[PATH_MAX / 2], probability[16];
	const struct {
		const char *name;
		const char *value;
	} settings[] = {
		/* first: from now on it is for those who ask for it only */
		{ "task-filter", "Y" },
		{ "verbose", "0" },
		{ "interval", "1" },
		{ "space", "0" },
		{ "times", "-1" },
		/* those that may wait, too, which is almost all */
		{ "ignore-gfp-wait", "N" },
		{ "probability", probability },
	};
	size_t i, j;
	int ret;

	ret = mounts_find("debugfs", debugfs, sizeof(debugfs));
	if (ret)
		return ret;
	snprintf(probability, sizeof(probability), "%u", percent);

	for (i = 0; i < NR_KINDS; i++) {
		for (j = 0; j < sizeof(settings) / sizeof(settings[0]); j++) {
			ret = set(debugfs, kinds[i], settings[j].name,
				  settings[j].value);
			if (ret)
				return ret;
		}
	}
	/* single pages, too */
	ret = set(debugfs, kinds[1], "min-order", "0");
	if (ret)
		return ret;
	ret = set(debugfs, kinds[1], "ignore-gfp-highmem", "N");
	if (ret)
		return ret;

	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	make_fd = open(MAKE_IT_FAIL, O_RDWR | O_CLOEXEC);
	return nth_fd < 0 || make_fd < 0 ? -errno : 0;
}

int fault_inject_begin(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth ?: 1);

	nth_now = nth;
	return pwrite(nth ? nth_fd : make_fd, text, len, 0) == len ? 0 : -errno;
}

bool fault_inject_end(void)
{
	char text[16] = "";

	if (!nth_now) {
		pwrite(make_fd, "0", 1, 0);
		return true;
	}
	/* what is left to count; 0 if it has failed */
	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 0)
		return false;
	pwrite(nth_fd, "0", 1, 0);
	return !strtoul(text, NULL, 10);
}
