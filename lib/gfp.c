// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <errno.h>

#include <bpf/btf.h>

#include "btf_text.h"
#include "gfp.h"

__u32 gfp_kernel(void)
{
	static const char * const bits[] = {
		"___GFP_IO_BIT", "___GFP_FS_BIT", "___GFP_DIRECT_RECLAIM_BIT",
		"___GFP_KSWAPD_RECLAIM_BIT",
	};
	struct btf *btf = btf__load_vmlinux_btf();
	__u32 gfp = 0;
	size_t i;
	int bit;

	if (!btf) {
		fprintf(stderr, "# cannot read the BTF of the kernel: %s\n", strerror(errno));
		return 0;
	}
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		bit = btf_enumerator(btf, bits[i]);
		if (bit < 0) {
			fprintf(stderr, "# BTF of the kernel has no %s\n", bits[i]);
			gfp = 0;
			break;
		}
		gfp |= 1U << bit;
	}
	btf__free(btf);
	return gfp;
}
