// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel_log.h"

/* the longest record that /dev/kmsg gives: PRINTK_MESSAGE_MAX */
#define RECORD_MAX 2048

static const char * const trouble[] = {
	"WARNING:",
	"BUG:",
	"Oops:",
	"general protection fault",
	"INFO: possible ",			/* lockdep */
	"INFO: suspicious RCU usage",
	"INFO: rcu_",				/* ... detected stalls */
	"self-detected stall",
	"INFO: task ",				/* ... blocked for more than */
	"watchdog: ",
	"refcount_t: ",
	"kmemleak: ",
};

int kernel_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A record is "level,sequence,time,flags;text". */
static int is_trouble(const char *record)
{
	const char *text = strchr(record, ';');
	size_t i;

	for (i = 0; text && i < sizeof(trouble) / sizeof(trouble[0]); i++) {
		if (strstr(text, trouble[i]))
			return 1;
	}
	return 0;
}

int kernel_log_check(int fd)
{
	char record[RECORD_MAX + 1];
	ssize_t len;
	int n = 0;

	for (;;) {
		len = read(fd, record, RECORD_MAX);
		/* EPIPE: records were overwritten before they were read */
		if (len < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (len <= 0)
			break;
		record[len] = '\0';
		record[strcspn(record, "\n")] = '\0';
		if (is_trouble(record)) {
			fprintf(stderr, "# kernel log: %s\n",
				strchr(record, ';') + 1);
			n++;
		}
	}
	if (len < 0 && errno != EAGAIN)
		n = -errno;
	close(fd);
	return n;
}
