// SPDX-License-Identifier: GPL-2.0
#include <linux/perf_event.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "counter.h"

/*
 * Long enough for what reading the clock costs, and a tick, to be less than
 * TOLERANCE of it.
 */
#define ROUNDS 2000000

/* of a loop's time for an instruction */
#define TOLERANCE 0.01

/* of QEMU's -icount: an instruction takes 1 << shift nanoseconds */
#define MAX_SHIFT 10

static enum counter_source source;
static double ns_per_instruction;

#ifdef __x86_64__
/* Two instructions a round, which any processor is done with at once. */
static double time_of_counting(void)
{
	int64_t begin = clock_ns();
	uint64_t n = ROUNDS;

	asm volatile("1:	dec	%0\n"
		     "	jnz	1b" : "+r" (n) : : "cc");
	return (clock_ns() - begin) / 2.0 / ROUNDS;
}

/* Five instructions a round, of which one is slow on any processor. */
static double time_of_dividing(void)
{
	int64_t begin = clock_ns();
	uint64_t n = ROUNDS;

	asm volatile("1:	mov	$-1, %%rax\n"
		     "	xor	%%edx, %%edx\n"
		     "	div	%0\n"
		     "	dec	%0\n"
		     "	jnz	1b" : "+r" (n) : : "rax", "rdx", "cc");
	return (clock_ns() - begin) / 5.0 / ROUNDS;
}

/* To a clock that counts instructions they are all the same. */
static double try_clock(void)
{
	double counting = time_of_counting(), dividing = time_of_dividing(), ns;
	int shift;

	for (shift = 0; shift <= MAX_SHIFT; shift++) {
		ns = 1 << shift;
		if (fabs(counting / ns - 1) < TOLERANCE && fabs(dividing / ns - 1) < TOLERANCE)
			return ns;
	}
	return 0;
}
#else
static double try_clock(void)
{
	return 0;
}
#endif

static int open_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.inherit = 1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void find_source(void)
{
	static bool found;
	int fd;

	if (found)
		return;
	found = true;

	fd = open_perf();
	if (fd >= 0) {
		close(fd);
		source = COUNTER_PERF;
		return;
	}
	ns_per_instruction = try_clock();
	if (ns_per_instruction)
		source = COUNTER_CLOCK;
}

enum counter_source counter_source(void)
{
	find_source();
	return source;
}

double counter_ns_per_instruction(void)
{
	find_source();
	return ns_per_instruction;
}

const char *counter_describe(void)
{
	static char text[80];

	switch (counter_source()) {
	case COUNTER_PERF:
		return "counted by the processor (perf events)";
	case COUNTER_CLOCK:
		snprintf(text, sizeof(text), "counted by the clock, %.0f ns each",
			 ns_per_instruction);
		return text;
	default:
		return "not counted: neither perf events nor a clock that counts them";
	}
}

int counter_open(void)
{
	return counter_source() == COUNTER_PERF ? open_perf() : -1;
}

/* The task's processor time, in units of the clock. */
static double read_cpu_time(void)
{
	struct rusage children;
	struct timespec own;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) ||
	    getrusage(RUSAGE_CHILDREN, &children))
		return -1;
	return ((own.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1e9 +
		(children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1e3 +
		own.tv_nsec) / ns_per_instruction;
}

struct counter_point counter_read(int fd)
{
	struct counter_point point = { .instructions = -1 };
	uint64_t count;

	if (counter_source() == COUNTER_CLOCK)
		point.instructions = read_cpu_time();
	else if (fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count))
		point.instructions = count;
	point.ns = clock_ns();
	return point;
}
