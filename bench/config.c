// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "option.h"

struct config {
	struct option_desc *options;
	const char *path;
	unsigned int line;
	/* of each line, the option that it sets, or NULL */
	const struct option_desc *set[CONFIG_MAX_LINES];
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct config *config, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", config->path, config->line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return -EINVAL;
}

/* Without the blanks before and after it. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static int set(struct config *config, struct option_desc *o, const char *value)
{
	char *text, *from;
	unsigned int i;

	for (i = 0; i < config->line - 1; i++) {
		if (config->set[i] == o)
			return complain(config, "%s: line %u sets it, too; leave one of them",
					option_name(o, '-'), i + 1);
	}
	config->set[config->line - 1] = o;
	if (!*value)
		return complain(config, "%s: no value; write \"name = value\"",
				option_name(o, '-'));
	if (o->text)
		return 0;
	text = strdup(value);
	if (!text || asprintf(&from, "%s:%u: ", config->path, config->line) < 0)
		abort();
	option_set(o, text, from);
	return 0;
}

static int read_line(struct config *config, char *line, size_t len)
{
	struct option_desc *o;
	char *name, *equals;
	size_t i;

	if (len > CONFIG_MAX_LINE)
		return complain(config, "more than %d characters; is this an experiment's file?",
				CONFIG_MAX_LINE);
	for (i = 0; i < len; i++) {
		if (!isprint((unsigned char)line[i]) &&
		    !isspace((unsigned char)line[i]))
			return complain(config, "byte 0x%02x at column %zu: want plain text",
					(unsigned char)line[i], i + 1);
	}
	line[strcspn(line, "#")] = '\0';
	name = trim(line);
	if (!*name)
		return 0;
	equals = strchr(name, '=');
	if (!equals)
		return complain(config, "\"%.40s\": want \"name = value\"", name);
	*equals = '\0';
	name = trim(name);
	o = option_find(config->options, name, strlen(name));
	if (o)
		return set(config, o, trim(equals + 1));
	return complain(config, "\"%.40s\": no such option; --help lists them",
			name);
}

int config_read(struct option_desc *options, const char *path)
{
	struct config config = { .options = options, .path = path };
	size_t size = 0;
	char *line = NULL;
	ssize_t len;
	FILE *file;
	int ret = 0;

	file = fopen(path, "re");
	if (!file) {
		ret = -errno;
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		return ret;
	}
	while (!ret && (len = getline(&line, &size, file)) >= 0) {
		config.line++;
		ret = config.line > CONFIG_MAX_LINES ?
			complain(&config, "more than %d lines; is this an experiment's file?",
				 CONFIG_MAX_LINES) :
			read_line(&config, line, len);
	}
	if (!ret && ferror(file)) {
		ret = -EIO;
		fprintf(stderr, "%s: cannot read it: %s\n", path, strerror(errno));
	}
	free(line);
	fclose(file);
	return ret;
}
