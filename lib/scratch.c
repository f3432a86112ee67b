// SPDX-License-Identifier: GPL-2.0
#include "scratch.h"

static const char *scratch;

void scratch_set_dir(const char *dir)
{
	scratch = dir;
}

const char *scratch_dir(void)
{
	return scratch;
}
