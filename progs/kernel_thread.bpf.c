// SPDX-License-Identifier: GPL-2.0
/*
 * Delay kernel threads, and count in which task the delay callback is called and
 * whether a kernel thread then sleeps.
 *
 * A task of the cgroup itself is not delayed, so that it does not keep the kernel
 * thread waiting.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_thread_types.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

/* macros, and so not in BTF */
#define PF_KTHREAD	0x00200000
#define TASK_WAKEKILL	0x00000100

/* Set while a task sleeps in the delay; only with CONFIG_PSI. */
struct task_struct___psi {
	unsigned int in_memstall : 1;
} __attribute__((preserve_access_index));

const volatile __u32 delay_ms;

struct kernel_thread_calls calls;

/* Kernel threads that were asked to sleep and have not slept yet, by pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} asked SEC(".maps");

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(delay_kernel_threads, struct mem_cgroup *memcg)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = task->pid;
	__u8 one = 1;

	if (!(task->flags & PF_KTHREAD)) {
		__sync_fetch_and_add(&calls.user, 1);
		return 0;
	}
	__sync_fetch_and_add(&calls.kernel, 1);
	bpf_probe_read_kernel_str(calls.name, sizeof(calls.name), task->comm);
	bpf_map_update_elem(&asked, &pid, &one, BPF_ANY);
	return delay_ms;
}

/* The delay is a killable sleep that PSI counts as a memory stall. */
SEC("tp_btf/sched_switch")
int BPF_PROG(count_sleeps, bool preempt, struct task_struct *prev,
	     struct task_struct *next, unsigned int prev_state)
{
	struct task_struct___psi *psi = (void *)prev;
	__u32 pid = prev->pid;

	if (!(prev->flags & PF_KTHREAD) || !(prev_state & TASK_WAKEKILL) ||
	    !bpf_map_lookup_elem(&asked, &pid) ||
	    !BPF_CORE_READ_BITFIELD_PROBED(psi, in_memstall))
		return 0;
	bpf_map_delete_elem(&asked, &pid);
	__sync_fetch_and_add(&calls.sleeps, 1);
	return 0;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known kernel_thread_ops = {
	.get_high_delay_ms = (void *)delay_kernel_threads,
};
