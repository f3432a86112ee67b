// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "cgroup.h"
#include "cgroup_place.h"
#include "kernel_log.h"
#include "mounts.h"
#include "require.h"
#include "revision.h"
#include "rights.h"
#include "rlimits.h"
#include "scratch.h"
#include "size.h"

static char reason[512];

static uint64_t size;

#define missing(...) (snprintf(reason, sizeof(reason), __VA_ARGS__), reason)

void require_set_size(uint64_t bytes)
{
	size = bytes;
}

static uint64_t needed_size(void)
{
	return size ?: (uint64_t)SCALED(64 * MiB);
}

static const char *require_cgroup(void)
{
	char root[PATH_MAX], type[PATH_MAX + 16];

	if (access("/proc/self/mounts", R_OK))
		return missing("no /proc/self/mounts: mount -t proc proc /proc");
	if (cg_find_root(root, sizeof(root)))
		return missing("cgroup v2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup");

	/* The root of all has no such file, that of a container has. */
	snprintf(type, sizeof(type), "%s/cgroup.type", root);
	if (cg_has_word(root, "cgroup.controllers", "memory") == 0 && !access(type, F_OK))
		return missing("the cgroup at %.200s has no memory controller: write +memory to cgroup.subtree_control of the cgroup above it, or run on the host",
			       root);
	if (cg_has_word(root, "cgroup.controllers", "memory") != 1)
		return missing("no memory controller in %.200s/cgroup.controllers: boot with cgroup_no_v1=memory and CONFIG_MEMCG=y",
			       root);
	return NULL;
}

static const char *require_in_btf(unsigned int requirements)
{
	static const char events[] = "trace_event_raw_memcg_rstat_events";
	const char *ret = NULL;
	struct btf *btf;

	btf = btf__load_vmlinux_btf();
	if (!btf)
		return missing("no BTF of this kernel (%s): CONFIG_DEBUG_INFO_BTF=y",
			       strerror(errno));

	if (requirements & REQUIRE_MEMCG_BPF_OPS)
		ret = revision_require(btf);
	if (!ret && requirements & REQUIRE_MEMCG_EVENTS &&
	    btf__find_by_name_kind(btf, events, BTF_KIND_STRUCT) < 0)
		ret = missing("no tracepoint memcg:count_memcg_events in this kernel (BTF has no struct %s): it is in Linux 6.15 and later",
			      events);
	btf__free(btf);
	return ret;
}

static const char *require_tracefs(void)
{
	static const char event[] = "events/memcg/count_memcg_events/id";
	char path[PATH_MAX];
	static const char * const dirs[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing"
	};
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], event);
		if (!access(path, R_OK))
			return NULL;
	}
	return missing("no %s: mount -t tracefs none %s", event, dirs[0]);
}

static const char *require_psi(void)
{
	if (!access("/proc/pressure/memory", R_OK))
		return NULL;
	return missing("no /proc/pressure/memory: CONFIG_PSI=y, and boot with psi=1");
}

static const char *require_bpffs(void)
{
	char path[PATH_MAX];

	if (!mounts_find("bpf", path, sizeof(path)))
		return NULL;
	return missing("no BPF file system is mounted: mount -t bpf bpf /sys/fs/bpf");
}

static const char *require_two_cpus(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return missing("cannot tell which processors are allowed: %s",
			       strerror(errno));
	if (CPU_COUNT(&allowed) >= 2)
		return NULL;
	return missing("one processor, where two tasks are to run at the same time: allow two, with taskset -c or vmtest.sh --cpus");
}

static const char *require_loop(void)
{
	static const char control[] = "/dev/loop-control";
	int fd = open(control, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return missing("no loop devices (%s: %s): CONFIG_BLK_DEV_LOOP=y, or modprobe loop",
			       control, strerror(errno));
	close(fd);
	return NULL;
}

const char *require_capabilities(unsigned int wanted, const char **broken)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const char *ret;

	*broken = NULL;
	if (!btf)
		return missing("no BTF of this kernel (%s): CONFIG_DEBUG_INFO_BTF=y",
			       strerror(errno));
	ret = revision_cannot(btf, wanted);
	if (!ret)
		*broken = revision_broken(btf, wanted);
	btf__free(btf);
	return ret;
}

static const char *require_kernel_log(void)
{
	int fd = kernel_log_open();

	if (fd < 0)
		return missing("cannot read /dev/kmsg, which has what the kernel warns of: %s; in a container share it (podman run --privileged --device /dev/kmsg)",
			       strerror(-fd));
	close(fd);
	return NULL;
}

static const char *require_free_memory(uint64_t bytes)
{
	unsigned long long kib;
	bool known = false;
	char line[128];
	FILE *file;

	file = fopen("/proc/meminfo", "re");
	if (!file)
		return missing("no /proc/meminfo: mount -t proc proc /proc");
	while (!known && fgets(line, sizeof(line), file))
		known = sscanf(line, "MemAvailable: %llu kB", &kib) == 1;
	fclose(file);
	if (!known || kib >= bytes / 1024)
		return NULL;
	return missing("%llu MiB of memory are free, and %llu are needed: end other programs, or set a lower CG_LIMIT",
		       kib / 1024, (unsigned long long)(bytes / MiB));
}

/*
 * What every test has of a testbed and of its own process.  It does not change, so ask once;
 * what a test does to the kernel is not to look like the surroundings of the next question.
 */
static const char *require_surroundings(void)
{
	static bool found;
	char root[PATH_MAX];
	const char *ret;

	if (found)
		return NULL;
	if (cg_find_root(root, sizeof(root)))
		return missing("cgroup v2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup");
	ret = rlimits_raise() ?: require_kernel_log() ?: require_free_memory(needed_size()) ?:
		cgroup_place_missing(root, needed_size()) ?: scratch_missing();
	found = !ret;
	return ret;
}

const char *require(unsigned int requirements)
{
	const char *ret;

	if (geteuid())
		return missing("not root: run with sudo");

	ret = require_cgroup();
	if (!ret)
		ret = require_in_btf(requirements);
	if (!ret)
		ret = rights_missing();
	if (!ret)
		ret = require_surroundings();
	if (!ret && requirements & REQUIRE_MEMCG_EVENTS)
		ret = require_tracefs();
	if (!ret && requirements & REQUIRE_PSI)
		ret = require_psi();
	if (!ret && requirements & REQUIRE_PAGE_CACHE)
		ret = scratch_no_page_cache(needed_size());
	if (!ret && requirements & REQUIRE_BPFFS)
		ret = require_bpffs();
	if (!ret && requirements & REQUIRE_TWO_CPUS)
		ret = require_two_cpus();
	if (!ret && requirements & REQUIRE_LOOP)
		ret = require_loop();
	return ret;
}
