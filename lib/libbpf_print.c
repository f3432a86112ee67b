// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "libbpf_print.h"

static int __attribute__((format(printf, 2, 0)))
print_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

void libbpf_print_warnings(void)
{
	libbpf_set_print(print_warning);
}
