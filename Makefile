# SPDX-License-Identifier: GPL-2.0
#
# Tests of memcg_bpf_ops.  `make help` lists the targets.
#
# In a kernel tree this directory is tools/testing/selftests/memcg_bpf.  On its
# own it takes lib.mk, libbpf and bpftool from the kernel tree KSRC, or from
# Debian's linux-source package when KSRC is not given.  VMLINUX_BTF names the
# kernel to test, if that is not the running one.

IN_TREE := $(wildcard ../lib.mk)

# These need no kernel tree, or get one for themselves.
ALONE := help vm check bench nightly review compare merge check-host analyze plots report tools traces fuzz series PROMISES.md \
	 $(if $(IN_TREE),,clean)
.PHONY: $(filter-out PROMISES.md,$(ALONE))

# quote WORD - for the shell
quote = '$(subst ','\'',$(1))'

# These build nothing but what looks at results, in folders with any name.
LOOK_ONLY := help clean analyze compare merge plots report check-host series PROMISES.md
BUILDS := $(filter-out $(LOOK_ONLY),$(or $(MAKECMDGOALS),all))

# What make builds in, and from, is told before anything is built if that cannot be.  In a
# kernel tree the kernel's Makefile does so.
ifneq ($(and $(BUILDS),$(if $(IN_TREE),,y)),)
BAD_PATH := $(shell env -u SHELLOPTS bash -uc '. vm/common.sh; while [ -n "$${1-}" ]; do check_path "$$1" "$$2"; shift 2; done' make \
	"this tree" $(call quote,$(CURDIR))	\
	$(foreach name,OUTPUT INSTALL_PATH KSRC VMLINUX_BTF,$(name) $(call quote,$($(name)))) 2>&1)
ifneq ($(BAD_PATH),)
$(error $(BAD_PATH))
endif
endif

# lock_folder DIR - of two makes that build there, one waits until the other has ended.  A
# process holds the lock for as long as make lives; the makes that this one calls inherit it.
lock_folder = $(if $(filter $(abspath $(1)),$(MEMCG_BPF_LOCKED)),,		\
	$(if $(shell mkdir -p $(1) && exec 9>$(1)/lock &&				\
		{ flock -n 9 || { echo 'make: waiting for another make in $(1)' >&2; flock 9; }; } && \
		{ tail -s 0.2 --pid=$$PPID -f /dev/null >/dev/null 2>&1 & echo y; }),	\
		$(eval export MEMCG_BPF_LOCKED := $(abspath $(1))),			\
		$(error OUTPUT=$(OUTPUT): cannot build there: name another folder)))

# A warning is an error for `make check` only: there are more compilers, headers and
# kernels than any of us has seen.
ERROR_CFLAGS := $(if $(WERROR),-Werror)

TOOLS := replay import-trace gen-trace
TOOL_LIBS := gsl jansson
TOOL_SRCS := $(wildcard bench/replay/*.c) lib/cgroup.c lib/mounts.c lib/size.c
PKG_CONFIG ?= $(CROSS_COMPILE)pkg-config
HAVE_TOOL_LIBS := $(shell $(PKG_CONFIG) --exists $(TOOL_LIBS) 2>/dev/null && echo y)

help:
	@echo 'make                        build the tests'
	@echo 'make run_tests              run them on this machine, and say which promises it keeps'
	@echo 'make install INSTALL_PATH=  install them with the kselftest runner'
	@echo 'make vm                     run them in QEMU, on a kernel built for them (V=1 shows the KTAP)'
	@echo 'make PROMISES.md            write it anew, from the table "promises"'
	@echo 'make check                  check the sources and vm/, make vm, and prove the tests'
	@echo '                            (CHECKS="NAME...": only some, see ci/check.sh --help)'
	@echo 'make tools                  build what replays and imports memory traces'
	@echo 'make traces                 write the synthetic traces in traces/ anew'
	@echo 'make fuzz FUZZ_SECONDS=60   fuzz the parsers'
	@echo 'make bench [BENCH=NAME]     measure in QEMU, as make vm does; parameters: BENCH --help'
	@echo 'make bench-native BENCH=    measure on this machine'
	@echo 'make nightly                suite and benchmarks in QEMU, compared with the night before'
	@echo 'make review SERIES= KSRC=   try a series on a tree, and write an answer to it'
	@echo 'make compare A= B=          what one kernel keeps and the other breaks, of two verdict.json'
	@echo 'make merge IN="FILE..."     join the KTAP of the shards of a run, and say what is missing'
	@echo 'make merge IN="DIR..." OUT= join the results of the shards of a benchmark in a new folder'
	@echo 'make analyze                build out/host/analyze, which describes and compares results'
	@echo 'make plots, make report     draw the figures of results; the same, and a page of them'
	@echo 'make series KSRC=           write the suite as a patch series for a kernel tree'
	@echo 'make clean'
	@echo
	@echo 'TESTS=NAMES      for vm and run_tests: programs of the suite to run, as "attach link"'
	@echo 'SHARD=I/N        for vm, check and bench: each N-th item, from the I-th on; see make merge'
	@echo 'KSRC=DIR         kernel tree, 6.12 or newer, to build with; for vm: to build and boot'
	@echo 'REVISION=v6      for vm: the reference kernel of RFC v6, and not of v7'
	@echo 'PATCHES=PATH     for vm: patches to apply to it, a directory or an mbox'
	@echo 'ARCH=arm64       for vm: on an arm64 machine, with pages of 4k or PAGES=64k'
	@echo 'FLAVOUR=NAME,... for vm: a kernel with more in it: debug, or as distributions have, such as thp'
	@echo 'VMLINUX_BTF=PATH kernel to test, if not the running one'
	@echo 'LLVM=1           compile with clang'
	@echo 'LIBBPF=system    link with the libbpf that pkg-config finds, from 1.5'
	@echo 'CROSS_COMPILE=   with ARCH=, for another architecture: its vmlinux with VMLINUX_BTF='

# What prints the verdict is needed before the rest is installed.
vm:
	@bash -euc '. ci/suite.sh; check_path MEMCG_BPF_CACHE "$$cache_dir"; need_packages "python3 python3"' make
	@ci/run-tests.sh ci/run-suite.sh

check:
	@ci/ktap.sh ci/check.sh

review:
	@KSRC='$(KSRC)' ci/review.sh

compare:
	@ci/compare.py $(if $(A),$(call quote,$(A))) $(if $(B),$(call quote,$(B)))

merge:
	@$(if $(OUT),ci/merge-results.py $(call quote,$(OUT)),ci/run-tests.sh ci/merge.py) $(IN)

series:
	@ci/series.sh $(KSRC)

PROMISES.md: promises ci/promises.py
	@ci/promises.py markdown > $@.new && mv $@.new $@

# all of them, if none is named
BENCH ?= delay priority overhead attach inversion reclaim protect isolation

bench:
	@ci/run-bench.sh $(BENCH)

# Its own statuses tell a regression (1) from a kernel that does not boot (2): make
# ends with 2 either way, and the folder of results has it in `status`.
nightly:
	@ci/nightly.sh $(if $(filter command line environment,$(origin BENCH)),$(BENCH))

# What looks at results runs where they are, and needs no kernel tree.
RESULTS ?= results
ANALYZE_SRCS := $(wildcard bench/analyze/*.c) bench/csv.c lib/parse.c
ANALYZE := out/host/analyze

$(ANALYZE): $(ANALYZE_SRCS) $(wildcard bench/analyze/*.h bench/csv.h lib/parse.h)
	@mkdir -p $(@D)
	@bash -euc '. ci/suite.sh; need_packages "$${bench_packages[@]}"'
	@gcc -std=gnu11 -O2 -Wall -Wextra $(ERROR_CFLAGS) -Ibench -Ilib $(filter %.c,$^) \
		-lgsl -lgslcblas -lm -o $@.$$$$ && mv $@.$$$$ $@

analyze: $(ANALYZE)

check-host: $(ANALYZE)
	@ci/ktap.sh tests/analyze.sh $(ANALYZE)
	@ci/ktap.sh tests/show.sh $(ANALYZE)

plots: $(ANALYZE)
	@plots/draw.sh $(ANALYZE) $(call quote,$(RESULTS))

# The page is made of what there is, and says what is wrong with the rest.
report: $(ANALYZE)
	@status=0; results=$(call quote,$(RESULTS)); page=$$results/report.html;	\
	plots/draw.sh $(ANALYZE) "$$results" || status=$$?;			\
	[ $$status -ne 2 ] || exit 2;						\
	plots/report.sh $(ANALYZE) "$$results" > "$$page.part" || status=$$?;	\
	if [ "$$(tail -n 1 "$$page.part" 2>&1)" != '</body></html>' ]; then		\
		rm -f "$$page.part";						\
		echo "$$page: cannot be written whole: make room on the disk" >&2;	\
		exit 2;								\
	fi;									\
	mv "$$page.part" "$$page" && echo "$$page"; exit $$status

ifneq ($(filter-out $(ALONE),$(or $(MAKECMDGOALS),all)),)

ifneq ($(IN_TREE),)
KSRC := $(abspath ../../../..)
else
KSRC ?= $(shell vm/kernel.sh source)
ifeq ($(KSRC),)
$(error no kernel tree: name one with KSRC=)
endif
ifeq ($(wildcard $(KSRC)/tools/testing/selftests/lib.mk),)
$(error KSRC=$(KSRC): not a kernel tree, it has no tools/testing/selftests/lib.mk)
endif
KSRC_VERSION := $(shell sed -n 's/^VERSION = //p; s/^PATCHLEVEL = //p' '$(KSRC)/Makefile')
ifneq ($(shell [ $$((1000 * $(word 1,$(KSRC_VERSION)) + $(word 2,$(KSRC_VERSION)))) -ge 6012 ] && echo y),y)
$(error KSRC=$(KSRC) is Linux $(word 1,$(KSRC_VERSION)).$(word 2,$(KSRC_VERSION)): want 6.12 or newer)
endif
override KSRC := $(abspath $(KSRC))
OUTPUT ?= $(CURDIR)/out
endif

PROGRAMS := $(patsubst prog_tests/%.c,%,$(wildcard prog_tests/*.c))
TEST_GEN_PROGS := $(PROGRAMS)
# No test needs the tools, so a machine without their libraries does without.
TEST_GEN_FILES := memcg_bench $(if $(HAVE_TOOL_LIBS),$(TOOLS))

OVERRIDE_TARGETS := 1
include $(KSRC)/tools/testing/selftests/lib.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# Where the kernel to test is, in the order of the bpf selftests.
VMLINUX_BTF_PATHS := $(if $(O),$(O)/vmlinux)				\
		     $(if $(KBUILD_OUTPUT),$(KBUILD_OUTPUT)/vmlinux)	\
		     $(if $(IN_TREE),$(KSRC)/vmlinux)			\
		     /sys/kernel/btf/vmlinux				\
		     /boot/vmlinux-$(shell uname -r)
VMLINUX_BTF ?= $(firstword $(wildcard $(VMLINUX_BTF_PATHS)))
ifeq ($(wildcard $(VMLINUX_BTF)),)
$(error no BTF of the kernel to test at $(or $(VMLINUX_BTF),any of $(VMLINUX_BTF_PATHS)): name a vmlinux with VMLINUX_BTF=)
endif

CLANG ?= clang
HOSTCC ?= gcc
BPFDIR := $(KSRC)/tools/lib/bpf
BPFTOOLDIR := $(KSRC)/tools/bpf/bpftool

BUILD := $(OUTPUT)/build
$(call lock_folder,$(BUILD))
INCLUDE := $(BUILD)/include
BPFTOOL := $(BUILD)/bpftool/bootstrap/bpftool

# libbpf is that of the kernel tree, built here, or one that is installed.
ifeq ($(LIBBPF),system)
ifeq ($(shell $(PKG_CONFIG) --atleast-version=1.5 libbpf && echo y),)
$(error LIBBPF=system: want libbpf 1.5 or newer, and $(PKG_CONFIG) finds $(or \
	$(shell $(PKG_CONFIG) --modversion libbpf 2>/dev/null),none): PKG_CONFIG_PATH= says where else to look)
endif
LIBBPF_A :=
LIBBPF_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libbpf))
LDLIBS += $(shell $(PKG_CONFIG) --libs libbpf)
else ifneq ($(LIBBPF),)
$(error LIBBPF=$(LIBBPF): want system, or nothing for that of the kernel tree)
else
LIBBPF_A := $(BUILD)/libbpf/libbpf.a
LIBBPF_CFLAGS := -isystem $(BUILD)/libbpf/include
endif

SKELS := $(patsubst progs/%.bpf.c,$(INCLUDE)/%.skel.h,$(wildcard progs/*.bpf.c))
objs = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))

# lib/ is what tests and benchmarks share, and includes nothing of theirs.  A folder
# below prog_tests/ is what its tests need for themselves.
LIB_OBJS := $(call objs,lib/*.c)
stress_OBJS := $(call objs,prog_tests/stress/*.c)
protection_OBJS := $(call objs,prog_tests/protection/*.c)
ops_tree_OBJS := $(call objs,prog_tests/ops_tree/*.c)
oom_prevention_OBJS := $(call objs,prog_tests/oom_prevention/*.c)

# bench/ runs on the kernel that is measured.  One benchmark replays traces: it and
# bench/replay/, which needs lib/ but no BPF, are left out where the libraries are not
# there.  None imports traces.
BENCH_OBJS := $(filter-out $(BUILD)/bench/replay/trace_json.o $(BUILD)/bench/replay/trace_log.o,	\
			   $(call objs,bench/*.c bench/replay/*.c))
ifeq ($(HAVE_TOOL_LIBS),)
BENCH_OBJS := $(filter-out $(call objs,bench/isolation*.c bench/replay/*.c),$(BENCH_OBJS))
endif

CFLAGS += -std=gnu11 -g -O2 -Wall -Wextra -pthread $(ERROR_CFLAGS) -MMD -MP	\
	  -Ilib -Iprogs -I$(INCLUDE) $(LIBBPF_CFLAGS)	\
	  -isystem $(KSRC)/tools/testing/selftests			\
	  -isystem $(KSRC)/tools/include/uapi
LDLIBS += -lelf -lz -lm

# clang -target bpf does not know where the host's headers for its own
# architecture are.  vmlinux.h of a recent kernel has tagged anonymous members.
BPF_CFLAGS := -g -O2 -Wall $(ERROR_CFLAGS) -mcpu=v3 -target bpf -MMD -MP	\
	      -fms-extensions -Wno-microsoft-anon-tag			\
	      -Wno-missing-declarations					\
	      -Iprogs -I$(INCLUDE) $(LIBBPF_CFLAGS)

# The makes of other trees do not get what is meant for this one.  With LLVM= they
# would ask for lld.
submake := env -u MAKEFLAGS -u CFLAGS -u LDFLAGS -u O -u LLVM $(MAKE) -s -j$(shell nproc)

$(INCLUDE) $(BUILD)/progs:
	$(Q)mkdir -p $@

# What is built with other compilers or flags is built again.
FLAGS := $(CC) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(CLANG) $(BPF_CFLAGS)
$(BUILD)/flags: FORCE | $(INCLUDE)
	$(Q)printf '%s\n' $(call quote,$(FLAGS)) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || { rm -rf $(BUILD)/libbpf; mv $@.new $@; }

$(BUILD)/libbpf/libbpf.a: $(BUILD)/flags $(wildcard $(BPFDIR)/*.[ch] $(BPFDIR)/Makefile)
	$(call msg,MAKE,,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(submake) -C $(BPFDIR) OUTPUT=$(@D)/ CC="$(CC)"	\
		EXTRA_CFLAGS='-g -O2' DESTDIR=$(@D) prefix=		\
		$@ install_headers >$(@D)/build.log 2>&1 ||		\
		{ tail -n 20 $(@D)/build.log >&2; exit 1; }

# The bootstrap bpftool does all we need, without LLVM or libcap.
$(BPFTOOL): $(wildcard $(BPFTOOLDIR)/*.[ch] $(BPFTOOLDIR)/Makefile)
	$(call msg,MAKE,,$@)
	$(Q)mkdir -p $(BUILD)/bpftool
	$(Q)$(submake) -C $(BPFTOOLDIR) OUTPUT=$(BUILD)/bpftool/	\
		CC=$(HOSTCC) HOSTCC=$(HOSTCC) bootstrap			\
		>$(BUILD)/bpftool/build.log 2>&1 ||			\
		{ tail -n 20 $(BUILD)/bpftool/build.log >&2; exit 1; }

# Whatever the kernel is, it has what a program for a memcg reads.
$(INCLUDE)/vmlinux.h: $(VMLINUX_BTF) $(BPFTOOL) | $(INCLUDE)
	$(call msg,GEN,,$@)
	$(Q)$(BPFTOOL) btf dump file $(VMLINUX_BTF) format c > $@ 2>$@.log &&	\
		grep -q '^struct mem_cgroup {' $@ ||				\
		{ cat $@.log >&2; rm -f $@;					\
		  echo 'VMLINUX_BTF=$(VMLINUX_BTF): no BTF of a kernel with CONFIG_MEMCG: build that with CONFIG_DEBUG_INFO_BTF=y, or name another' >&2; exit 1; }

$(BUILD)/progs/%.bpf.o: progs/%.bpf.c $(INCLUDE)/vmlinux.h $(LIBBPF_A) $(BUILD)/flags | $(BUILD)/progs
	$(call msg,CLNG-BPF,,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(INCLUDE)/%.skel.h: $(BUILD)/progs/%.bpf.o $(BPFTOOL) | $(INCLUDE)
	$(call msg,GEN-SKEL,,$@)
	$(Q)$(BPFTOOL) gen object $(<:.bpf.o=.linked.o) $<
	$(Q)$(BPFTOOL) gen skeleton $(<:.bpf.o=.linked.o) name $* > $@

$(BUILD)/%.o: %.c $(SKELS) $(LIBBPF_A) $(BUILD)/flags
	$(call msg,CC,,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

# The commit that is built goes into the results; it changes without a source.  That of
# a repository that this tree is merely unpacked in is not it.
$(INCLUDE)/version.h: FORCE | $(INCLUDE)
	$(Q)echo "#define BENCH_COMMIT \"$$(ci/commit.sh)\"" > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/bench/environment.o: $(INCLUDE)/version.h

# The sentences that tests print, as C; `make check` sees that they can be.
$(INCLUDE)/promises.h: promises | $(INCLUDE)
	$(call msg,GEN,,$@)
	$(Q)awk 'function flush() {						\
			if (text) printf "\t{ \"%s\", \"%s\", \"%s\" },\n", id, kind, text; \
			text = "" }						\
		 /^\t\t/ && text { sub(/^\t+/, " "); text = text $$0; next }	\
		 { flush() }							\
		 /^[a-z_]+\.[a-z0-9_]+$$/ { id = $$1 }				\
		 /^\t(promise|question):/ { kind = $$1; sub(/:.*/, "", kind);	\
			sub(/^\t[a-z]+: */, ""); text = $$0 }			\
		 END { flush() }' promises > $@

$(BUILD)/lib/promise.o: $(INCLUDE)/promises.h

ifneq ($(HAVE_TOOL_LIBS),)
$(BUILD)/bench/%.o: CFLAGS += -DHAVE_REPLAY $(shell $(PKG_CONFIG) --cflags gsl)
BENCH_LDLIBS := $(shell $(PKG_CONFIG) --libs gsl)
endif

$(OUTPUT)/stress: $(stress_OBJS)
$(OUTPUT)/below_low $(OUTPUT)/below_min: $(protection_OBJS)
$(OUTPUT)/oom_prevention: $(oom_prevention_OBJS)
$(OUTPUT)/detach $(OUTPUT)/hierarchies $(OUTPUT)/online_offline: $(ops_tree_OBJS)

$(TEST_GEN_PROGS): $(OUTPUT)/%: $(BUILD)/prog_tests/%.o $(LIB_OBJS) $(LIBBPF_A)
	$(call msg,BINARY,,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(OUTPUT)/memcg_bench: $(BENCH_OBJS) $(LIB_OBJS) $(LIBBPF_A)
	$(call msg,BINARY,,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) $(BENCH_LDLIBS) -o $@

.PHONY: FORCE

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

.PHONY: bench-native
bench-native: $(OUTPUT)/memcg_bench
	$(Q)for bench in $(BENCH); do					\
		$< $$bench $(if $(RESUME),--resume --results-dir=$(call quote,$(RESUME)),\
			--results-dir=$(call quote,$(RESULTS))/$$bench-$$(date -u +%Y%m%dT%H%M%S)$(if $(SHARD),-$(call quote,$(subst /,-of-,$(SHARD))))) || exit;	\
	done

EXTRA_CLEAN := $(BUILD)

# run_tests ends with the verdict.
ifeq ($(IN_TREE),)
# On its own the suite is installed, and run, in the layout that the kernel's
# kselftest-install makes for all suites.
define INSTALL_RULE
	$(Q)mkdir -p $(INSTALL_PATH)/kselftest $(INSTALL_PATH)/memcg_bpf
	$(Q)cp $(selfdir)/run_kselftest.sh $(INSTALL_PATH)
	$(Q)cp $(selfdir)/kselftest/*.sh $(selfdir)/kselftest/*.pl $(INSTALL_PATH)/kselftest
	$(Q)cp $(TEST_GEN_PROGS) $(TEST_GEN_FILES) config settings $(INSTALL_PATH)/memcg_bpf
	$(Q)printf 'memcg_bpf:%s\n' $(PROGRAMS) > $(INSTALL_PATH)/kselftest-list.txt
endef

define RUN_TESTS
	options=$$(TESTS=$(call quote,$(TESTS)) bash -euc '. ci/suite.sh; suite_paths .;	\
		select_tests TESTS; printf "%s " "$${runner[@]:1}" "$${selected[@]}"' make) &&	\
	$(MAKE) -s install KSRC=$(KSRC) OUTPUT=$(OUTPUT) INSTALL_PATH=$(OUTPUT)/kselftest &&	\
	OUTPUT=$(OUTPUT) ci/run-tests.sh $(OUTPUT)/kselftest/run_kselftest.sh $$options
endef
else
define RUN_TESTS
	BASE_DIR="$(selfdir)" OUTPUT=$(BUILD) ci/run-tests.sh bash -c			\
		'. "$$BASE_DIR/kselftest/runner.sh"; per_test_logging=$(if $(summary),1);	\
		 run_many "$$@"' run_many $(if $(TESTS),$(filter $(addprefix %/,$(TESTS)),$(1)),$(1))
endef
endif

else ifeq ($(IN_TREE),)

clean:
	rm -rf out

endif

# The tools need no kernel tree, BTF or BPF, but libraries that no test needs.
ifneq ($(BUILDS),)

Q ?= @
OUTPUT ?= $(CURDIR)$(if $(IN_TREE),,/out)
TOOL_BUILD := $(OUTPUT)/build/tools
$(if $(filter tools traces fuzz,$(MAKECMDGOALS)),$(call lock_folder,$(OUTPUT)/build))
TOOL_BINS := $(addprefix $(OUTPUT)/,$(TOOLS))
TOOL_LIB := $(TOOL_BUILD)/libtools.a
TOOL_CFLAGS := -std=gnu11 -D_GNU_SOURCE= -g -O2 -Wall -Wextra $(ERROR_CFLAGS) -MMD -MP \
	       -Ilib -Ibench -Ibench/replay $(shell $(PKG_CONFIG) --cflags $(TOOL_LIBS) 2>/dev/null)
TOOL_LDLIBS := -Wl,--as-needed -lm $(shell $(PKG_CONFIG) --libs $(TOOL_LIBS) 2>/dev/null)

tools: $(TOOL_BINS)

$(TOOL_BUILD)/%.o: %.c
ifeq ($(HAVE_TOOL_LIBS),)
	$(error no pkg-config, $(TOOL_LIBS): apt-get install pkg-config libgsl-dev libjansson-dev)
endif
	$(call msg,CC,,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) -c $< -o $@

$(TOOL_LIB): $(TOOL_SRCS:%.c=$(TOOL_BUILD)/%.o) Makefile
	$(Q)rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)

$(TOOL_BINS): $(OUTPUT)/%: $(TOOL_BUILD)/bench/replay/tools/%.o $(TOOL_LIB)
	$(call msg,BINARY,,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(TOOL_LDLIBS) -o $@

traces: $(OUTPUT)/gen-trace
	$(Q)for name in $$($< --list); do $< $$name > traces/$$name.csv || exit; done

# Each parser has a fuzzer, with seeds in a folder beside it.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst bench/fuzz/%.c,%,$(wildcard bench/fuzz/*.c))

$(TOOL_BUILD)/fuzz-config: bench/config.c lib/option.c lib/parse.c
$(TOOL_BUILD)/fuzz-csv: bench/csv.c

$(FUZZERS:%=$(TOOL_BUILD)/fuzz-%): $(TOOL_BUILD)/fuzz-%: bench/fuzz/%.c $(TOOL_SRCS)
	$(Q)mkdir -p $(@D)
	$(Q)$(or $(CLANG),clang) $(filter-out -MMD -MP,$(TOOL_CFLAGS)) $^ $(TOOL_LDLIBS)	\
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@

fuzz: $(FUZZERS:%=fuzz-%)
.PHONY: $(FUZZERS:%=fuzz-%)
$(FUZZERS:%=fuzz-%): fuzz-%: $(TOOL_BUILD)/fuzz-%
	$(Q)mkdir -p $(TOOL_BUILD)/corpus-$*
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=65536 -close_fd_mask=2	\
		-artifact_prefix=$(TOOL_BUILD)/ $(TOOL_BUILD)/corpus-$* bench/fuzz/$*

-include $(wildcard $(TOOL_BUILD)/*/*.d $(TOOL_BUILD)/*/*/*.d $(TOOL_BUILD)/*/*/*/*.d)

endif
