/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_OPTION_H
#define __LIB_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a user may set is a table, one row for each option.  A program keeps the values
 * in a struct of named fields, and each row points to the field that it fills in:
 *
 *	static struct { unsigned int events; uint64_t cg_limit; } opt;
 *
 *	static struct option_desc options[] = {
 *		OPT_UINT("EVENTS", &opt.events, 1, 1000, "3", "batches to touch"),
 *		OPT_SIZE("CG_LIMIT", &opt.cg_limit, 32 << 20, UINT64_MAX, "256M",
 *			 "memory.max of the parent"),
 *		OPT_END()
 *	};
 *
 * The value comes from the command line (--cg-limit=256M), else from the environment
 * (CG_LIMIT=256M), else from a file if the program reads one, else it is the default.
 * Wherever it comes from, it is checked here.  common_options.h has the rows that
 * tests and benchmarks share.
 */

enum option_kind {
	OPTION_UINT,	/* a number from min to max */
	OPTION_SIZE,	/* bytes from min to max, or with K, M, G */
	OPTION_AMOUNT,	/* bytes with their unit, as in 400MB, or one of words */
	OPTION_WORD,	/* one of words */
	OPTION_PATH,	/* a path */
	OPTION_SHARD,	/* I/N */
};

/* The I-th of N machines that share something: of a list it does each N-th, from the I-th on. */
struct option_shard {
	unsigned int number;
	unsigned int of;
};

/* Where the value goes. */
union option_field {
	unsigned int *uint;	/* OPTION_UINT, and OPTION_WORD: its index in words */
	uint64_t *bytes;	/* OPTION_SIZE and OPTION_AMOUNT */
	const char **path;	/* OPTION_PATH */
	struct option_shard *shard;	/* OPTION_SHARD */
};

/* The number of an OPTION_AMOUNT that is the first of words, and so on. */
#define OPTION_AMOUNT_WORD(index) (UINT64_MAX - (index))

/* One of the values of an option: most have only one. */
struct option_value {
	const char *text;	/* in one form: 256M is 268435456 */
	uint64_t number;	/* as it goes to the field, unless that is a path */
};

struct option_desc {
	const char *name;	/* in capitals, with '_'; NULL ends a table */
	char key;		/* short option, or 0 */
	enum option_kind kind;
	union option_field field;
	uint64_t min, max;
	/*
	 * Texts, or structs that begin with one, each of word_size bytes; NULL ends
	 * them.
	 */
	const void *words;
	size_t word_size;
	bool list;		/* may have several values, with commas */
	const char *help;
	const char *unit;	/* of a number, or NULL */
	const char *want;	/* what is accepted, if min and max do not say it */
	const char *by_default;	/* the default in words, if the program finds it */
	/* the default, or what has been set; NULL if the user has to set it */
	const char *text;
	/* who has set it: NULL nobody, "" the user, "file:line: " a file */
	const char *from;
	/* filled in by option_parse() */
	struct option_value *values;
	unsigned int nr_values;
	unsigned int at;	/* the value that is in the field */
};

/* After the arguments that are listed there may be others, as in .unit = "ms". */
#define OPT_UINT(name_, field_, min_, max_, text_, help_, ...)		\
	{ .kind = OPTION_UINT, .name = (name_), .field.uint = (field_),	\
	  .min = (min_), .max = (max_), .text = (text_), .help = (help_), ##__VA_ARGS__ }

#define OPT_SIZE(name_, field_, min_, max_, text_, help_, ...)		\
	{ .kind = OPTION_SIZE, .name = (name_), .field.bytes = (field_),	\
	  .min = (min_), .max = (max_), .text = (text_), .help = (help_), ##__VA_ARGS__ }

#define OPT_AMOUNT(name_, field_, min_, max_, text_, help_, ...)	\
	{ .kind = OPTION_AMOUNT, .name = (name_), .field.bytes = (field_),	\
	  .min = (min_), .max = (max_), .text = (text_), .help = (help_), ##__VA_ARGS__ }

#define OPT_WORD(name_, field_, words_, text_, help_, ...)		\
	{ .kind = OPTION_WORD, .name = (name_), .field.uint = (field_),	\
	  OPT_WORDS(words_), .text = (text_), .help = (help_), ##__VA_ARGS__ }

#define OPT_PATH(name_, field_, text_, help_, ...)			\
	{ .kind = OPTION_PATH, .name = (name_), .field.path = (field_),	\
	  .text = (text_), .help = (help_), ##__VA_ARGS__ }

#define OPT_SHARD(name_, field_, help_, ...)				\
	{ .kind = OPTION_SHARD, .name = (name_), .field.shard = (field_),	\
	  .help = (help_), .want = "I/N, as 1/4: the first of four", ##__VA_ARGS__ }

#define OPT_WORDS(words_)						\
	.words = (words_), .word_size = sizeof((words_)[0])

#define OPT_END() { .name = NULL }

/**
 * option_name() - name of an option as a user types it
 * @o: the option
 * @separator: what stands for '_'
 *
 * Return: the name in small letters, in a static buffer.
 */
const char *option_name(const struct option_desc *o, char separator);

/**
 * option_find() - look for an option by what a user has typed
 * @table: the options
 * @name: its name in small letters, with '-'; what follows @len bytes is ignored
 * @len: length of the name
 *
 * Return: the option, or NULL.
 */
struct option_desc *option_find(struct option_desc *table, const char *name,
				size_t len);

/**
 * option_named() - the option that a program knows to be in its table
 * @table: the options
 * @name: its name, in capitals
 *
 * Return: the option.
 */
struct option_desc *option_named(struct option_desc *table, const char *name);

/**
 * option_set() - note a value, which option_parse() looks at later
 * @o: the option
 * @text: the value, which is kept
 * @from: "", or for a file "file:line: ", which is kept
 */
void option_set(struct option_desc *o, const char *text, const char *from);

/**
 * option_environment() - take what nobody has set from the environment
 * @table: the options
 */
void option_environment(struct option_desc *table);

/**
 * option_parse() - make values of the text of an option, the first for its field
 * @o: the option
 *
 * Exits with status 2 after a line on stderr if the text makes no sense, or there is
 * none.
 */
void option_parse(struct option_desc *o);

/**
 * option_choose() - put another value into the field
 * @o: the option, which has been parsed
 * @nr: which of its values
 */
void option_choose(struct option_desc *o, unsigned int nr);

/**
 * option_text() - the value that is in the field, as a text
 * @o: the option, which has been parsed
 *
 * Return: the text.
 */
const char *option_text(const struct option_desc *o);

/**
 * option_word() - one of the words of an option
 * @o: the option
 * @nr: which
 *
 * Return: the word, or NULL if there are no more.
 */
const char *option_word(const struct option_desc *o, unsigned int nr);

/**
 * option_wanted() - say what values an option accepts
 * @o: the option
 *
 * Return: the text, in a static buffer.
 */
const char *option_wanted(const struct option_desc *o);

/**
 * option_refuse() - end the program, for a value that makes no sense
 * @o: the option
 *
 * Exits with status 2 after a line on stderr that says what is wanted.
 */
void option_refuse(const struct option_desc *o) __attribute__((noreturn));

#endif /* __LIB_OPTION_H */
