// SPDX-License-Identifier: GPL-2.0
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "core.h"
#include "counter.h"
#include "version.h"	/* made by the Makefile: BENCH_COMMIT */

#define MAX_LINES 64

/* The steps of a fine clock are shorter than that, even where it takes long to read. */
#define COARSE_NS 500000

static struct environment lines[MAX_LINES];
static unsigned int nr_lines;

static void add(const char *key, bool must_match, const char *value)
{
	char *copy = strdup(value), *c;

	if (!copy || nr_lines == MAX_LINES)
		abort();
	/* a value is a line */
	for (c = copy; *c; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
	lines[nr_lines++] = (struct environment) { key, copy, must_match };
}

/* Add the first line that a command prints. */
static void add_output(const char *key, bool must_match, const char *command)
{
	char text[512] = "";
	FILE *out = popen(command, "r");

	if (out) {
		if (!fgets(text, sizeof(text), out))
			text[0] = '\0';
		pclose(out);
	}
	text[strcspn(text, "\n")] = '\0';
	add(key, must_match, text[0] ? text : "unknown");
}

/*
 * What runs the processor: each hypervisor has a signature in CPUID, and QEMU's
 * emulation has one, too.  Other architectures do not tell.
 */
#ifdef __x86_64__
static const char *accelerator(void)
{
	static char text[16];
	unsigned int eax, ebx, ecx, edx;
	char signature[13] = "";

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return "unknown";
	if (!(ecx & (1U << 31)))
		return "none";

	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(signature, &ebx, 4);
	memcpy(signature + 4, &ecx, 4);
	memcpy(signature + 8, &edx, 4);
	if (!strcmp(signature, "TCGTCGTCGTCG"))
		return "tcg";
	if (!strcmp(signature, "KVMKVMKVM"))
		return "kvm";
	snprintf(text, sizeof(text), "%.12s", signature);
	return text;
}
#else
static const char *accelerator(void)
{
	return "unknown";
}
#endif

bool bench_is_emulated(void)
{
	return !strcmp(accelerator(), "tcg");
}

long environment_timer_step(void)
{
	struct timespec step = {};

	clock_getres(CLOCK_MONOTONIC, &step);
	return step.tv_sec * 1000000000L + step.tv_nsec;
}

/* The clock may be finer than the timers: see by how much it goes on. */
static long clock_step(void)
{
	int64_t begin = clock_ns(), now;
	long least = LONG_MAX;
	int i;

	for (i = 0; i < 100; i++) {
		while ((now = clock_ns()) == begin)
			;
		if (now - begin < least)
			least = now - begin;
		begin = now;
	}
	return least;
}

const char *environment_kernel_key(const struct bench *bench)
{
	static char key[64];

	if (!bench->kernel)
		return NULL;
	snprintf(key, sizeof(key), "kernel %s",
		 option_text(option_named(bench->options, bench->kernel)));
	return key;
}

#define CONFIG_SUM								\
	"{ zcat /proc/config.gz || cat /boot/config-$(uname -r); } 2>/dev/null | grep . | sha256sum | cut -c 1-16"

/*
 * Which kernel this is.  Where kernels are compared it has a line with the word for it,
 * and the first of them gives the results their other lines.
 */
static void add_kernel(const struct bench *bench)
{
	bool must_match = !bench->kernel;
	struct utsname uts;
	char text[512];

	uname(&uts);
	add("kernel", must_match, uts.release);
	add("kernel version", must_match, uts.version);
	add_output("kernel config sha256", must_match, CONFIG_SUM);
	if (must_match)
		return;
	snprintf(text, sizeof(text), "%s %s, config %s", uts.release, uts.version,
		 lines[nr_lines - 1].value);
	add(environment_kernel_key(bench), false, text);
}

static void add_baseline(const struct bench *bench)
{
	char text[128];
	const struct option_desc *o;

	if (!bench->baseline)
		return;
	snprintf(text, sizeof(text), "%s", bench->baseline);
	for (o = bench->options; o->name; o++) {
		if (!strcmp(option_name(o, '_'), bench->baseline))
			snprintf(text, sizeof(text), "%s=%s", bench->baseline,
				 o->values[0].text);
	}
	add("baseline", true, text);
}

static void add_date(void)
{
	time_t now = time(NULL);
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	add("date", false, text);
}

/* Where results go and what is shown meanwhile does not matter to them. */
static bool is_kernel(const struct option_desc *o, const struct bench *bench)
{
	return bench->kernel && !strcmp(o->name, bench->kernel);
}

static int add_option(struct option_desc *o, void *arg)
{
	char text[512] = "";
	size_t len = 0;
	unsigned int i;

	if (o->field.path == &common.results_dir || o->field.uint == &common.progress ||
	    o->field.uint == &common.timer_step_ns || is_kernel(o, arg))
		return 0;
	/* what is not shared says nothing of it, and nor does what joins all shards */
	if (o->field.shard == &common.shard && common.shard.of == 1)
		return 0;
	for (i = 0; i < o->nr_values; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s",
				i ? "," : "", o->values[i].text);
	/* more trials may be asked for later */
	add(o->name, o->field.uint != &common.trials, text);
	return 0;
}

const struct environment *environment_get(const struct bench *bench,
					  unsigned int *nr)
{
	struct utsname uts;
	const char *accel;
	char text[64];
	long step;

	nr_lines = 0;
	uname(&uts);
	accel = accelerator();

	add("bench", true, bench->name);
	add("help", false, bench->help);
	add_date();
	add("commit", true, BENCH_COMMIT);
	add_kernel(bench);
	add_output("cpu", true,
		   "sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo");
	snprintf(text, sizeof(text), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	/* where kernels are compared the number of tasks says how many there are */
	add("cpus", !bench->kernel, text);
	snprintf(text, sizeof(text), "%ld MiB", sysconf(_SC_PHYS_PAGES) /
		 (1024 * 1024 / sysconf(_SC_PAGESIZE)));
	add("memory", false, text);
	add("machine", true, uts.machine);
	add("accelerator", true, accel);
	add_output("clocksource", true,
		   "cat /sys/devices/system/clocksource/clocksource0/current_clocksource");
	step = clock_step();
	snprintf(text, sizeof(text), "%s", step > COARSE_NS ? "a tick" : "fine");
	add("clock", true, text);
	snprintf(text, sizeof(text), "%ld ns", environment_timer_step());
	add("timer step", true, text);
	if (bench_is_emulated())
		add("note", false,
		    "the processor is emulated (QEMU TCG): absolute times are the emulation's, not a machine's; compare within this file only");
	if (step > COARSE_NS)
		add("note", false,
		    "the kernel has no better clock than its tick: single times are multiples of it");
	else if (environment_timer_step() > COARSE_NS)
		add("note", false,
		    "the kernel has no better timer than its tick: where ticks come late, sleeps are longer");
	add("instructions", true, counter_describe());
	bench_each_option(bench, add_option, (void *)bench);
	add_baseline(bench);

	*nr = nr_lines;
	return lines;
}
