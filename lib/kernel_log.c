// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
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

void kernel_log_write(const char *fmt, ...)
{
	char line[RECORD_MAX / 2];
	va_list args;
	int fd;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	/* vdprintf() seeks, which this file refuses. */
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		fprintf(stderr, "# cannot write to /dev/kmsg: %s\n", strerror(errno));
	close(fd);
}

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

/*
 * Read the next record, without the lines that tell of devices.  Return 1, 0 at
 * the end, or a negative errno.
 */
static int next_record(int fd, char *record)
{
	ssize_t len;

	do {
		len = read(fd, record, RECORD_MAX);
		/* EPIPE: records were overwritten before they were read */
	} while (len < 0 && (errno == EPIPE || errno == EINTR));

	if (len <= 0)
		return len && errno != EAGAIN ? -errno : 0;
	record[len] = '\0';
	record[strcspn(record, "\n")] = '\0';
	return 1;
}

int kernel_log_check(int fd)
{
	char record[RECORD_MAX + 1];
	int n = 0, ret;

	while ((ret = next_record(fd, record)) > 0) {
		if (is_trouble(record)) {
			fprintf(stderr, "# kernel log: %s\n",
				strchr(record, ';') + 1);
			n++;
		}
	}
	close(fd);
	return ret < 0 ? ret : n;
}

int kernel_log_save(const char *path)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[RECORD_MAX + 1], *text;
	unsigned long long us;
	int ret = 0;
	FILE *out;

	if (fd < 0)
		return -errno;
	out = fopen(path, "ae");
	if (!out) {
		ret = -errno;
		close(fd);
		return ret;
	}

	while ((ret = next_record(fd, record)) > 0) {
		text = strchr(record, ';');
		if (text && sscanf(record, "%*u,%*u,%llu", &us) == 1)
			fprintf(out, "[%5llu.%06llu] %s\n", us / 1000000,
				us % 1000000, text + 1);
	}
	if (fclose(out) && !ret)
		ret = -errno;
	close(fd);
	return ret;
}
