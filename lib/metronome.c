// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "clock.h"
#include "metronome.h"
#include "worker.h"

struct metronome_count {
	unsigned int ms;
	volatile int64_t asked_us, slept_us;
};

static int beat(void *arg)
{
	struct metronome_count *count = arg;
	uint64_t begin;

	for (;;) {
		begin = clock_us();
		usleep(count->ms * 1000);
		count->slept_us += clock_us() - begin;
		count->asked_us += count->ms * 1000LL;
	}
	return 0;
}

int metronome_start(struct metronome *m, unsigned int nth_cpu, unsigned int ms)
{
	pid_t pid;

	m->count = worker_share(sizeof(*m->count));
	if (!m->count)
		return -errno;
	m->count->ms = ms;
	pid = worker_start(NULL, nth_cpu, beat, m->count);
	if (pid < 0)
		return pid;
	m->pid = pid;
	return 0;
}

int64_t metronome_stretched(const struct metronome *m, int64_t sum_us)
{
	int64_t asked_us = m->count->asked_us, slept_us = m->count->slept_us;

	return asked_us ? sum_us * slept_us / asked_us : sum_us;
}

void metronome_stop(struct metronome *m)
{
	if (!m->pid)
		return;
	worker_kill(m->pid);
	m->pid = 0;
}
