// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_stats.h"

int bpf_stats_start(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}

int bpf_stats_of(const struct bpf_object *object, struct bpf_stats *stats)
{
	struct bpf_program *program;

	*stats = (struct bpf_stats) {};
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_program__fd(program), ret;

		/* one that this kernel has no callback for is not loaded */
		if (fd < 0)
			continue;
		ret = bpf_prog_get_info_by_fd(fd, &info, &len);
		if (ret)
			return ret;
		stats->calls += info.run_cnt;
		stats->run_time_ns += info.run_time_ns;
	}
	return 0;
}
