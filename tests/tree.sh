# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # work is of lib.sh, run of those who source this
#
# A tree to build a kernel of in a moment: it is one of a few files, whose Makefile
# "builds" by copying the kernel that is in the cache.  And what runs on it.

kernel=$("$vm_dir/kernel.sh" build) || exit

# make_tree DIR - a tree that vm/kernel.sh takes for a kernel's; it builds when
# there is a file DIR.go, and until then takes forever
make_tree()
{
	local file

	for file in Kconfig tools/lib/bpf/libbpf.c tools/testing/selftests/lib.mk; do
		mkdir -p "$(dirname "$1/$file")"
		echo "/* nothing */" >"$1/$file"
	done
	cat >"$1/Makefile" <<-END
	VERSION = 6
	PATCHLEVEL = 12
	.RECIPEPREFIX = >
	kernelversion:
	>@echo 6.12.0-tree
	mrproper:
	allnoconfig:
	>cp \$(KCONFIG_ALLCONFIG) \$(O)/.config
	bzImage:
	>@echo '  CC      tree.o'
	>echo built >>$1.builds
	>while [ ! -e $1.go ]; do sleep 0.1; done
	>mkdir -p \$(O)/arch/x86/boot
	>cp $kernel/bzImage \$(O)/arch/x86/boot
	>head -c 1M $kernel/vmlinux >\$(O)/vmlinux
	END
}

has_ended()
{
	! kill -0 "$run" 2>/dev/null
}

# Nothing that works for a test of this file.
nothing_runs()
{
	! pgrep -f -- "[=/ ]$work/" >/dev/null
}
