/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_LIBBPF_PRINT_H
#define __LIB_LIBBPF_PRINT_H

/**
 * libbpf_print_warnings() - have libbpf print warnings, and nothing else
 *
 * For each object with ops it would say which members of struct
 * memcg_bpf_ops___known this kernel does not have.
 */
void libbpf_print_warnings(void);

#endif /* __LIB_LIBBPF_PRINT_H */
