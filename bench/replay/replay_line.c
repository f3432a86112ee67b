// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "replay_line.h"

uint64_t replay_line_at(const struct replay_line *line, int64_t ns)
{
	double part;

	if (ns >= line->to_ns)
		return line->to;
	if (ns <= line->from_ns)
		return line->from;
	part = (double)(ns - line->from_ns) / (line->to_ns - line->from_ns);
	return line->from + part * ((double)line->to - line->from);
}

int64_t replay_line_step_ns(const struct replay_line *line, int64_t ns, uint64_t step)
{
	double length = fabs((double)line->to - line->from);
	double step_ns = (line->to_ns - line->from_ns) * (step / length);

	return step_ns < line->to_ns - ns ? ns + (int64_t)step_ns : line->to_ns;
}
