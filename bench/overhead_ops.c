// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "overhead_ops.h"
#include "revision.h"

struct overhead *overhead_ops_load(void)
{
	struct overhead *skel = overhead__open();
	int ret;

	if (!skel)
		return NULL;
	ret = revision_load(skel->skeleton);
	if (ret) {
		overhead__destroy(skel);
		errno = -ret;
		return NULL;
	}
	return skel;
}
