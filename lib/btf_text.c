// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "btf_text.h"

const struct btf_type *btf_find_struct(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

int btf_find_member(const struct btf *btf, const struct btf_type *type,
		    const char *name)
{
	int i, n = type ? btf_vlen(type) : 0;

	for (i = 0; i < n; i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off),
			    name))
			return i;
	}
	return -1;
}

/* What a typedef or a const stands for; btf__resolve_type() has no void. */
static const struct btf_type *skip_names(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

const struct btf_type *btf_find_inner(const struct btf *btf,
				      const struct btf_type *type,
				      const char *name)
{
	int i, n = type ? btf_vlen(type) : 0;

	for (i = 0; i < n; i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const struct btf_type *inner = skip_names(btf, member->type);

		if (!btf_is_composite(inner))
			continue;
		if (!member->name_off)
			inner = btf_find_inner(btf, inner, name);
		else if (strcmp(btf__name_by_offset(btf, member->name_off), name))
			inner = NULL;
		if (inner)
			return inner;
	}
	return NULL;
}

static const char *int_name(const struct btf_type *type)
{
	bool is_signed = btf_int_encoding(type) & BTF_INT_SIGNED;

	if (btf_int_encoding(type) & BTF_INT_BOOL)
		return "bool";
	if (type->size == sizeof(int))
		return is_signed ? "int" : "unsigned int";
	if (type->size == sizeof(long))
		return is_signed ? "long" : "unsigned long";
	return NULL;
}

static void write_type(FILE *out, const struct btf *btf, __u32 id)
{
	const struct btf_type *type = skip_names(btf, id);
	int i, n;

	if (btf_is_void(type)) {
		fputs("void", out);
	} else if (btf_is_int(type) && int_name(type)) {
		fputs(int_name(type), out);
	} else if (btf_is_ptr(type)) {
		write_type(out, btf, type->type);
		fputs(" *", out);
	} else if (btf_is_func_proto(type)) {
		n = btf_vlen(type);
		write_type(out, btf, type->type);
		fputs(" (", out);
		for (i = 0; i < n; i++) {
			fputs(i ? ", " : "", out);
			write_type(out, btf, btf_params(type)[i].type);
		}
		fputs(n ? ")" : "void)", out);
	} else {
		fprintf(out, "%s%s", btf_is_composite(type) ? "struct " : "",
			btf__name_by_offset(btf, type->name_off));
	}
}

/* The function that a pointer points to, or NULL; @id becomes its type. */
static const struct btf_type *function_of(const struct btf *btf, __u32 *id)
{
	const struct btf_type *type = skip_names(btf, *id), *function;

	if (!btf_is_ptr(type))
		return NULL;
	function = btf__type_by_id(btf, type->type);
	if (!btf_is_func_proto(function))
		return NULL;
	*id = type->type;
	return function;
}

const char *btf_member_text(const struct btf *btf, const struct btf_type *type,
			    int index, char *text, size_t len)
{
	__u32 id = btf_members(type)[index].type;
	FILE *out = fmemopen(text, len, "w");

	text[0] = '\0';
	if (!out)
		return text;
	function_of(btf, &id);
	write_type(out, btf, id);
	fclose(out);
	return text;
}

int btf_member_arguments(const struct btf *btf, const struct btf_type *type,
			 const char *name)
{
	int index = btf_find_member(btf, type, name);
	const struct btf_type *function;
	__u32 id;

	if (index < 0)
		return -1;
	id = btf_members(type)[index].type;
	function = function_of(btf, &id);
	return function ? (int)btf_vlen(function) : -1;
}

int btf_enumerator(const struct btf *btf, const char *name)
{
	int id, i, n, types = btf__type_cnt(btf);

	for (id = 1; id < types; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!btf_is_enum(type))
			continue;
		n = btf_vlen(type);
		for (i = 0; i < n; i++) {
			if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off),
				    name))
				return btf_enum(type)[i].val;
		}
	}
	return -1;
}
