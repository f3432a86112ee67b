// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "huge_page.h"

/* A number, or a word in brackets, that is all there is in a file. */
static bool read_line(const char *path, char *line, int len)
{
	FILE *file = fopen(path, "re");
	bool ret;

	if (!file)
		return false;
	ret = fgets(line, len, file);
	fclose(file);
	return ret;
}

uint64_t huge_page_size(void)
{
	static const char dir[] = "/sys/kernel/mm/transparent_hugepage/";
	char path[128], line[128];
	unsigned long long size;

	snprintf(path, sizeof(path), "%senabled", dir);
	if (!read_line(path, line, sizeof(line)) || strstr(line, "[never]"))
		return 0;
	snprintf(path, sizeof(path), "%shpage_pmd_size", dir);
	if (!read_line(path, line, sizeof(line)) ||
	    sscanf(line, "%llu", &size) != 1)
		return 0;
	return size;
}

uint64_t huge_page_held(void)
{
	char line[128];
	unsigned long long kb = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "re");

	if (!file)
		return 0;
	while (!kb && fgets(line, sizeof(line), file))
		sscanf(line, "AnonHugePages: %llu kB", &kb);
	fclose(file);
	return kb * 1024;
}
