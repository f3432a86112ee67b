/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_BTF_TEXT_H
#define __LIB_BTF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct btf;
struct btf_type;

/**
 * btf_find_struct() - look for a struct by its name
 * @btf: BTF of a kernel or an object
 * @name: the name
 *
 * Return: the type, or NULL if there is none.
 */
const struct btf_type *btf_find_struct(const struct btf *btf, const char *name);

/**
 * btf_find_member() - look for a member of a struct by its name
 * @btf: the BTF
 * @type: a struct in it, or NULL, which has no members
 * @name: the name
 *
 * Return: the index of the member, or -1 if there is none.
 */
int btf_find_member(const struct btf *btf, const struct btf_type *type,
		    const char *name);

/**
 * btf_find_inner() - look for a struct that is a member of another
 * @btf: the BTF
 * @type: a struct in it, or NULL, which has no members
 * @name: name of the member, of @type or of what has no name in it
 *
 * Return: the type of the member, or NULL if there is none, or it is no struct.
 */
const struct btf_type *btf_find_inner(const struct btf *btf,
				      const struct btf_type *type,
				      const char *name);

/**
 * btf_member_text() - write the type of a member as C does
 * @btf: the BTF
 * @type: a struct in it
 * @index: of the member
 * @text: where to put it; cut off if it is too long
 * @len: bytes there
 *
 * Without the names of typedefs and parameters, and a pointer to a function as
 * the function.  What an int is called depends on the compiler, what it is does
 * not.
 *
 * Return: @text, which is empty if there is no memory.
 */
const char *btf_member_text(const struct btf *btf, const struct btf_type *type,
			    int index, char *text, size_t len);

/**
 * btf_member_arguments() - how many arguments a callback takes
 * @btf: the BTF
 * @type: a struct in it, or NULL
 * @name: of the member
 *
 * Return: their number, or -1 if there is no member of that name, or if it is no
 * pointer to a function.
 */
int btf_member_arguments(const struct btf *btf, const struct btf_type *type,
			 const char *name);

/**
 * btf_enumerator() - look for the value of an enumerator
 * @btf: the BTF
 * @name: its name; the enum may have none
 *
 * Return: the value, or -1 if there is no such enumerator.
 */
int btf_enumerator(const struct btf *btf, const char *name);

#endif /* __LIB_BTF_TEXT_H */
