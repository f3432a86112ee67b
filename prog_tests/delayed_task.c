// SPDX-License-Identifier: GPL-2.0
/*
 * Which task sleeps in the delay, for what it charges, and to whom that is charged.
 * high_delay.c is about the length of the sleep, delayed_charge.c about more kinds of
 * memory.  prog_tests/delayed_task/delayed_task_harness.h draws the tree.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "delayed_task/delayed_task_harness.h"

static void *touch_thread(void *status)
{
	*(int *)status = workload_touch(probe_batches(BATCHES)) ? 1 : 0;
	return NULL;
}

static int charge_in_thread(void *arg)
{
	pthread_t thread;
	int status = 1;

	(void)arg;
	if (pthread_create(&thread, NULL, touch_thread, &status) ||
	    pthread_join(thread, NULL))
		return 1;
	return status;
}

/* HIGH's worker has a second thread, which charges while the first one waits. */
TEST_F_TIMEOUT(delayed_task, any_thread_is, 120)
{
	expect_delayed(_metadata, self, "a thread", charge_in_thread, NULL, true);
}

static int charge_page_cache(void *path)
{
	return workload_write_file(path, probe_batches(BATCHES)) ? 1 : 0;
}

/* HIGH's worker writes a file. */
TEST_F_TIMEOUT(delayed_task, for_page_cache, 120)
{
	char path[2 * PATH_MAX];

	REQUIRE(REQUIRE_PAGE_CACHE);
	snprintf(path, sizeof(path), "%s/file", self->tb.dir);
	expect_delayed(_metadata, self, "page cache", charge_page_cache, path, true);
}

static int charge_pipes(void *arg)
{
	int64_t left = probe_batches(BATCHES), filled;
	int fds[2];

	(void)arg;
	while (left > 0) {
		if (pipe(fds))
			return 1;
		filled = workload_fill(fds[1]);
		if (filled <= 0)
			return 1;
		left -= filled;
	}
	return 0;
}

/* HIGH's worker fills pipes: kernel memory, charged by the page. */
TEST_F_TIMEOUT(delayed_task, for_pipes, 120)
{
	expect_delayed(_metadata, self, "pipes", charge_pipes, NULL, true);
}

static int charge_sockets(void *arg)
{
	int64_t left = probe_batches(BATCHES), filled;
	int fds[2];

	(void)arg;
	while (left > 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			return 1;
		filled = workload_fill(fds[0]);
		if (filled <= 0)
			return 1;
		left -= filled;
	}
	return 0;
}

/*
 * HIGH's worker fills UNIX sockets: kernel memory, charged by the object.  The kernel
 * first tries to get large pieces without reclaim: such a charge may not sleep.
 */
TEST_F_TIMEOUT(delayed_task, for_unix_sockets, 120)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		SKIP(return, "no UNIX sockets in this kernel: CONFIG_UNIX=y");
	close(fds[0]);
	close(fds[1]);
	expect_delayed(_metadata, self, "UNIX sockets", charge_sockets, NULL,
		       false);
}

/* The kernel has 256 bytes or more for each timer, and counts it as a signal that is pending. */
#define TIMER_BYTES	256

static int charge_timers(void *arg)
{
	uint64_t nr = probe_batches(BATCHES) / TIMER_BYTES;
	struct rlimit limit = { .rlim_cur = 2 * nr, .rlim_max = 2 * nr };
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	timer_t timer;

	(void)arg;
	if (setrlimit(RLIMIT_SIGPENDING, &limit))
		return 1;
	while (nr--) {
		if (timer_create(CLOCK_MONOTONIC, &event, &timer))
			return 1;
	}
	return 0;
}

/* HIGH's worker makes timers: small objects, of which a page has several. */
TEST_F_TIMEOUT(delayed_task, for_small_objects, 120)
{
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, NULL, &timer))
		SKIP(return, "no timers in this kernel: CONFIG_POSIX_TIMERS=y");
	timer_delete(timer);
	expect_delayed(_metadata, self, "timers", charge_timers, NULL, true);
}

/* Memory of a worker that another one writes to. */
struct remote {
	volatile bool ready;
	pid_t pid;
	char *memory;
	size_t size;
};

static int own_memory(void *arg)
{
	struct remote *remote = arg;

	remote->memory = workload_map(remote->size);
	remote->pid = getpid();
	remote->ready = true;
	while (pause() < 0)
		;
	return 0;
}

/* Write one page of this process to each page of the other's memory. */
static int write_to_remote(void *arg)
{
	struct remote *remote = arg;
	long page = sysconf(_SC_PAGESIZE);
	struct iovec from = { .iov_base = workload_map(page), .iov_len = page };
	struct iovec to = { .iov_len = page };
	size_t at;

	for (at = 0; at < remote->size; at += page) {
		to.iov_base = remote->memory + at;
		if (process_vm_writev(remote->pid, &from, 1, &to, 1, 0) != page)
			return 1;
	}
	return 0;
}

/*
 * Write from a worker in @from into the memory of a worker in @to.  Return the writer's
 * stall.  HIGH's ops answer 0 until the worker in @to is ready, so that it is not delayed.
 */
static int64_t write_from_to(struct __test_metadata *_metadata,
			     FIXTURE_DATA(delayed_task) *self, const char *from,
			     const char *to)
{
	struct remote *remote = worker_share(sizeof(*remote));
	int64_t stall_us;
	pid_t pid;

	ASSERT_NE(NULL, remote);
	remote->size = probe_batches(BATCHES);
	answer(self->high_ops, 0);
	pid = worker_start(to, 1, own_memory, remote);
	ASSERT_GT(pid, 0);
	wait_for(_metadata, &remote->ready, pid);
	ASSERT_NE(NULL, remote->memory);
	answer(self->high_ops, DELAY_MS);
	stall_us = run(_metadata, from, write_to_remote, remote);
	ASSERT_EQ(0, worker_kill(pid));
	return stall_us;
}

/*
 * One process writes into another's memory: the memcg asked about is the one that is
 * charged, not that of the process that runs, and the one that runs sleeps.
 *
 *   high	ops: DELAY_MS	from LOW: its ops are asked, and LOW's worker sleeps
 *   low	ops: 0		from HIGH: its ops are asked, and nobody sleeps
 *
 * A page table or two of the other process are charged to the cgroup of the writer.  So the
 * kernel may ask the writer's ops, too, but fewer than MIN_DELAYS times.
 */
TEST_F_TIMEOUT(delayed_task, asked_about_the_memcg_that_is_charged, 120)
{
	uint64_t high, low;
	int64_t stall_us;

	if (process_vm_writev(getpid(), NULL, 0, NULL, 0, 0) && errno == ENOSYS)
		SKIP(return, "no process_vm_writev(): CONFIG_CROSS_MEMORY_ATTACH=y");
	stall_us = write_from_to(_metadata, self, self->low, self->high);
	high = calls(self->high_ops, self->high);
	low = calls(self->low_ops, self->low);

	TH_LOG("from LOW into HIGH: asked about HIGH %" PRIu64 " times, about LOW %" PRIu64,
	       high, low);
	EXPECT_GE(high, MIN_DELAYS);
	EXPECT_LT(low, MIN_DELAYS);
	expect_slept(_metadata, "LOW's worker", stall_us,
		     delays(self->high_ops, self->high), DELAY_MS);

	stall_us = write_from_to(_metadata, self, self->high, self->low);
	low = calls(self->low_ops, self->low) - low;
	high = calls(self->high_ops, self->high) - high;
	TH_LOG("from HIGH into LOW: asked about LOW %" PRIu64 " times, about HIGH %" PRIu64,
	       low, high);
	EXPECT_GE(low, MIN_DELAYS);
	EXPECT_LT(high, MIN_DELAYS);
	EXPECT_LT(stall_us, MIN_DELAYS * delay_stall_us(DELAY_MS))
		TH_LOG("HIGH's worker was delayed for what LOW was charged");
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

struct handler_job {
	volatile bool ready;	/* to handle signals */
	volatile bool go;	/* on, and charge */
};

static int charge_with_handler(void *arg)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct handler_job *job = arg;

	if (sigaction(SIGUSR1, &action, NULL))
		return 1;
	job->ready = true;
	while (!job->go)
		usleep(1000);
	/* More than one batch: the first may come from the stock. */
	if (workload_touch(probe_batches(2)))
		return 1;
	return signals ? 0 : 2;
}

/*
 * HIGH's worker gets signals that it handles while it sleeps.  They end no sleep; the
 * control is high_delay.sigkill_ends_the_sleep.
 *
 *   high	ops: 0, and MAX_DELAY_MS once the worker can handle signals
 */
TEST_F_TIMEOUT(delayed_task, signal_that_does_not_kill_ends_no_sleep, 120)
{
	struct handler_job *job = worker_share(sizeof(*job));
	int status = 0, ret = 0, ms;
	int64_t before;
	pid_t pid;

	ASSERT_NE(NULL, job);
	answer(self->high_ops, 0);
	pid = worker_start(self->high, 0, charge_with_handler, job);
	ASSERT_GT(pid, 0);
	wait_for(_metadata, &job->ready, pid);

	answer(self->high_ops, MAX_DELAY_MS);
	before = cg_memory_stall_us(self->high);
	job->go = true;
	for (ms = 0; !ret && ms < STEP_TIMEOUT_MS; ms += 100) {
		if (delays(self->high_ops, self->high))
			kill(pid, SIGUSR1);
		ret = worker_wait_stalled(pid, self->high, 100, &status);
	}
	ASSERT_EQ(1, ret);
	EXPECT_EQ(0, status)
		TH_LOG("worker: %s; 2: it got no signal", worker_status(status));
	EXPECT_GT(delays(self->high_ops, self->high), 0);
	expect_slept(_metadata, "HIGH's worker",
		     cg_memory_stall_us(self->high) - before,
		     delays(self->high_ops, self->high), MAX_DELAY_MS);
}

/*
 * HIGH's ops say DELAY_MS, then 0, then DELAY_MS: each counts from the next charge on.
 * Each time a worker charges BATCHES batches.
 */
TEST_F_TIMEOUT(delayed_task, each_answer_counts_from_the_next_charge, 120)
{
	static const unsigned int answers[] = { DELAY_MS, 0, DELAY_MS };
	uint64_t size = probe_batches(BATCHES), asked, delayed;
	int64_t stall_us;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		answer(self->high_ops, answers[i]);
		asked = calls(self->high_ops, self->high);
		delayed = delays(self->high_ops, self->high);
		stall_us = run(_metadata, self->high, workload_touch_job, &size);
		EXPECT_GE(calls(self->high_ops, self->high) - asked, MIN_DELAYS);
		delayed = delays(self->high_ops, self->high) - delayed;
		if (answers[i]) {
			expect_slept(_metadata, "after a change", stall_us, delayed,
				     answers[i]);
		} else {
			EXPECT_EQ(0, stall_us)
				TH_LOG("the answer is 0 now, and the worker was stalled");
		}
	}
}

MEMCG_BPF_HARNESS_MAIN
