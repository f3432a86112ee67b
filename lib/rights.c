// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "rights.h"

#define REMEDY "run as root of the machine, or in a container with all capabilities and no seccomp filter (podman run --privileged)"

static const struct {
	unsigned int cap;
	const char *name;
	const char *purpose;
} needed[] = {
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to list the links of all programs" },
	{ CAP_BPF, "CAP_BPF", "to load programs" },
	{ CAP_PERFMON, "CAP_PERFMON", "to load struct_ops" },
};

static char reason[512];

#define missing(...) (snprintf(reason, sizeof(reason), __VA_ARGS__), reason)

static const char *missing_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	unsigned int cap;
	size_t i;

	if (syscall(SYS_capget, &header, data))
		return missing("cannot read the capabilities: %s; " REMEDY, strerror(errno));
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		cap = needed[i].cap;
		if (!(data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap)))
			return missing("no %s, %s: " REMEDY, needed[i].name,
				       needed[i].purpose);
	}
	return NULL;
}

const char *rights_missing(void)
{
	const char *ret = missing_capability();
	__u32 id;

	if (ret)
		return ret;
	/* In a user namespace all capabilities are not enough. */
	if (!bpf_prog_get_next_id(0, &id) || errno == ENOENT)
		return NULL;
	if (errno == EPERM || errno == EACCES)
		return missing("bpf() is refused, though no capability is missing (%s): "
			       REMEDY, strerror(errno));
	if (errno == ENOSYS)
		return missing("no bpf() (%s): CONFIG_BPF_SYSCALL=y, or " REMEDY,
			       strerror(errno));
	/* A kernel that fails otherwise is for the tests to find. */
	return NULL;
}
