// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protect_stress_ng.h"
#include "protect_work.h"

#define PROGRAM "stress-ng"

/* Return: the path of the program, to be freed, or NULL. */
static char *find_program(void)
{
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";
	char *dirs = strdup(path), *next = dirs, *dir, *program = NULL;

	while ((dir = strsep(&next, ":"))) {
		if (asprintf(&program, "%s/" PROGRAM, dir) < 0)
			abort();
		if (!access(program, X_OK))
			break;
		free(program);
		program = NULL;
	}
	free(dirs);
	return program;
}

const char *protect_stress_ng_missing(void)
{
	char *program = find_program();

	free(program);
	return program ? NULL : "no " PROGRAM " on PATH: apt-get install " PROGRAM;
}

static int open_log(const struct protect_work *work, int flags)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s.log", work->file);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void print_log(const struct protect_work *work)
{
	int fd = open_log(work, O_RDONLY);
	char text[4096];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	if (n > 0)
		fwrite(text, 1, n, stderr);
	if (fd >= 0)
		close(fd);
}

static void __attribute__((noreturn)) execute(const struct protect_work *work)
{
	char size[32], timeout[32], *program = find_program(), *dir = strdup(work->file);
	int log = open_log(work, O_WRONLY | O_CREAT | O_TRUNC);

	/* It takes whole seconds. */
	snprintf(timeout, sizeof(timeout), "%" PRId64,
		 (work->end_ns - work->begin_ns + 999999999) / 1000000000);
	snprintf(size, sizeof(size), "%" PRIu64, work->size);
	/* It tells its metrics there, too, and nothing can be done about it. */
	if (program && dir && log >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
	    dup2(log, STDERR_FILENO) >= 0)
		execl(program, PROGRAM, "--quiet", "--oomable", "--no-rand-seed", "--vm", "1",
		      "--vm-keep", "--vm-bytes", size, "--timeout", timeout, "--metrics",
		      "--temp-path", dirname(dir), "--yaml", work->file, NULL);
	fprintf(stderr, "# " PROGRAM ": %s\n", strerror(errno));
	_exit(127);
}

/* Its YAML has one stressor, and a line "bogo-ops: N" for it. */
static int read_bogo_ops(struct protect_work *work)
{
	FILE *file = fopen(work->file, "re");
	char line[256];
	uint64_t n;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " bogo-ops: %" SCNu64, &n) == 1) {
			work->pages = n;
			fclose(file);
			return 0;
		}
	}
	fprintf(stderr, "# %s: %s\n", work->file,
		file ? "no line \"bogo-ops:\" in it" : strerror(errno));
	if (file)
		fclose(file);
	return 1;
}

int protect_stress_ng_run(void *arg)
{
	struct protect_work *work = arg;
	int status;
	pid_t pid;

	work->ready = true;
	while (!work->go)
		usleep(1000);
	pid = fork();
	if (!pid)
		execute(work);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		fprintf(stderr, "# " PROGRAM ": %s\n", strerror(errno));
		return 1;
	}
	if (status) {
		print_log(work);
		fprintf(stderr, "# " PROGRAM " ended with status 0x%x\n", status);
		return 1;
	}
	return read_bogo_ops(work);
}
