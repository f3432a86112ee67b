#!/bin/bash
# SPDX-License-Identifier: GPL-2.0

set -eu -o pipefail
# shellcheck disable=SC2034 # for help.sh
own_help=y
. "$(dirname "$(realpath "$0")")/common.sh"

unset memory timeout	# their defaults depend on --debug
cpus=2
accel=auto
icount=
output=$top_dir/out/vm
scratch_size=4G
extra_env=
append=${KERNEL_ARGS-}

# what a command may need, whatever it is
basic_env="PATH HOME USER LOGNAME SHELL TERM LD_LIBRARY_PATH"

usage()
{
	cat <<END
usage: vmtest.sh [OPTION...] -- COMMAND [ARG...]

Run a command in a virtual machine, as root, on a kernel built for it.  The root
of the guest is that of this machine, read-only.  /tmp is empty, and so is the disk at
/var/tmp, but for this tree and the current directory, if they are there; the command
begins in the latter, and has \$VM_OUTPUT, a folder that is OUTPUT out here.  Of the
environment it has the options of tests and benchmarks, such as SEED, KSELFTEST_* and
KSFT_* of the kselftest runner, and ${basic_env// /, }.
The end of the command is that of the guest: what it has left running is killed.

  -m, --memory=SIZE     memory of the guest (default: 2G, with --debug 4G, with
                        PAGES=64k 5G)
  -c, --cpus=N          its processors (default: $cpus)
  -t, --timeout=SECONDS when to give up (default: 1800, with ARCH=arm64 3600, with
                        --debug 10800)
  -a, --accel=kvm|tcg   (default: kvm if it works, else tcg)
  -i, --icount          emulate one processor at a time, with a clock that goes on
                        with instructions, 2 ns each, and not with time.  Not for
                        what waits for a disk, which takes no time there
      --icount=tcg      the same, but only where there is no KVM
  -s, --scratch=SIZE    size of the disk at /var/tmp (default: $scratch_size)
  -d, --debug           a kernel with KASAN, lockdep, kmemleak and the like, where a
                        warning is a panic; FLAVOUR=debug is the same
  -e, --env=NAME[,NAME] more of the environment for the command
  -k, --append=ARGS     more for the kernel's command line, after \$KERNEL_ARGS
  -o, --output=DIR      where console.log and the command's files go
                        (default: $output)
  -h, --help

The kernel is that of vm/kernel.sh: REVISION=, KSRC=, PATCHES=, ARCH=, PAGES= and
MEMCG_BPF_CACHE= are the same.  With ARCH=arm64 the root is one of Debian packages for that,
where this tree and the current directory are what they are on this machine.

Exit status: that of the command, or
  $EXIT_USAGE    bad option, kernel tree or patch
  $EXIT_TOOLS  a tool is missing
  $EXIT_BUILD  the kernel does not build
  $EXIT_PANIC  panic, oops or, with --debug, a leak in the guest
  $EXIT_GUEST  the guest did not start, or ended before the command did
  $EXIT_TIMEOUT  timeout
END
}

bad_option()
{
	die "$EXIT_USAGE" "$1; see vmtest.sh --help"
}

want()
{
	[[ $2 =~ ^($3)$ ]] || bad_option "$1=$2: want $4"
}

options=$(getopt -n vmtest.sh -o m:c:t:a:is:de:k:o:h \
	-l memory:,cpus:,timeout:,accel:,icount::,scratch:,debug,env:,append:,output:,help -- "$@") ||
	bad_option "bad option"
eval set -- "$options"
while [ "$1" != -- ]; do
	case $1 in
	-m|--memory)	memory=$2; shift ;;
	-c|--cpus)	cpus=$2; shift ;;
	-t|--timeout)	timeout=$2; shift ;;
	-a|--accel)	accel=$2; shift ;;
	-i)		icount=always ;;
	--icount)	icount=${2:-always}; shift ;;
	-s|--scratch)	scratch_size=$2; shift ;;
	-d|--debug)	flavours+=" debug"; export FLAVOUR=$flavours ;;
	-e|--env)	extra_env+=" ${2//,/ }"; shift ;;
	-k|--append)	append+=" $2"; shift ;;
	-o|--output)	output=$2; shift ;;
	-h|--help)	usage; exit 0 ;;
	esac
	shift
done
shift

read_target

# What the console shows when the guest's kernel has failed.
failures='Kernel panic|Oops:|BUG:? |general protection fault|Unable to handle kernel'

# What tests charge grows with the size of a page.
[ "$pages" != 64k ] || memory=${memory-5G}

# The debug kernel.  Memory: KASAN takes an eighth for itself, and more for its
# quarantine.  Watchdogs: an emulated processor is so slow there that the kernel would
# report a hang.  "WARNING: " is a failure of its own, since what lockdep finds does not
# become a panic, even with panic_on_warn.
if has_flavour debug; then
	memory=${memory-4G}
	append="panic_on_warn=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=180 $append"
	failures+='|WARNING: '
fi
# Two nodes without a firmware that tells of them
! has_flavour numa || append="numa=fake=2 $append"
memory=${memory-2G}
timeout=${timeout-$(default_timeout)}

want --memory "$memory" '[1-9][0-9]*[MG]' 'a size such as 2G'
want --cpus "$cpus" '[1-9]|1[0-6]' '1 to 16'
want --timeout "$timeout" '[1-9][0-9]*' 'seconds'
want --accel "$accel" 'auto|kvm|tcg' 'kvm or tcg'
want --scratch "$scratch_size" '[1-9][0-9]*[MG]' 'a size such as 4G'
[ -z "$icount" ] || want --icount "$icount" 'always|tcg' 'tcg, or nothing'
[ "$icount" != always ] || [ "$accel" != kvm ] ||
	bad_option "--icount: emulates the processor, so --accel=kvm cannot be"
[ $# -gt 0 ] || bad_option "no command"
for name in $extra_env; do
	[[ " $(compgen -e | xargs) " == *" $name "* ]] ||
		bad_option "--env=$name: no such variable in the environment"
done

need_packages "${vm_packages[@]}" "${kernel_packages[@]}"
kernel=$("$vm_dir/kernel.sh" build)

# What differs from one machine to the other: the board, with its processor where that is
# emulated, and how the kernel boots there.  no_timer_check: on a busy machine the emulated
# timer may be late when the kernel checks it, and then the kernel panics.
case $arch in
x86)
	board=(-M "microvm,acpi=off")
	boot_args="console=ttyS0 panic=-1 reboot=t no_timer_check"
	root=/
	host_root=()
	init="init=$vm_dir/init"
	init_args=
	;;
arm64)
	board=(-M "virt,gic-version=max" -global virtio-mmio.force-legacy=off)
	boot_args="console=ttyAMA0 panic=-1"
	root=$("$vm_dir/root.sh" build)
	host_root=(-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-device,fsdev=host,mount_tag=host")
	init="init=/enter"
	init_args="-- $top_dir"
	# where the guest mounts what is of this machine
	mkdir -p "$root$top_dir" "$root$PWD"
	;;
esac

# kvm_boots CPU - find out whether KVM works: the kernel boots until it finds no root
kvm_boots()
{
	local end

	coproc timeout 10 "$qemu_program" "${board[@]}" -accel kvm \
		-cpu "$1" -m 256M -nodefaults -no-user-config -display none \
		-no-reboot -kernel "$kernel/$image" \
		-append "$boot_args" -serial stdio 2>&1
	end=$(grep -a -m 1 -o -E 'internal error|Unable to mount root' \
		<&"${COPROC[0]}") || :
	kill "$COPROC_PID" 2>/dev/null || :
	wait "$COPROC_PID" 2>/dev/null || :
	[ "$end" = "Unable to mount root" ]
}

# kvm_cpu - print the CPU model to use with KVM, or fail.  In a virtual machine /dev/kvm
# may exist and not work, or offer a feature that cannot be set, ARCH_CAPABILITIES, which
# the guest can do without.  That KVM does not work is remembered until this machine boots
# again, since it takes up to 20 s to find out.
kvm_cpu()
{
	local cpu boot no_kvm=$cache_dir/no-kvm

	[ -e /dev/kvm ] && [ -z "$cross" ] || return
	boot=$(cat /proc/sys/kernel/random/boot_id)
	[ "$boot" != "$(cat "$no_kvm" 2>/dev/null)" ] || return
	for cpu in host host,-arch-capabilities; do
		if kvm_boots $cpu 2>/dev/null; then
			echo $cpu
			return
		fi
	done
	echo "$boot" >"$no_kvm"
	return 1
}

machine=()
if [ "$icount" != always ] && [ "$accel" != tcg ]; then
	if cpu=$(kvm_cpu); then
		machine=(-accel kvm -cpu "$cpu")
	elif [ "$accel" = kvm ]; then
		bad_option "--accel=kvm: KVM does not work here"
	fi
fi
if [ ${#machine[@]} -eq 0 ] && [ -n "$icount" ]; then
	machine=(-accel "tcg,thread=single" -icount "shift=1,sleep=off" -cpu max)
	# The TSC of x86 counts nanoseconds.  The kernel would measure 1 GHz against clocks
	# that do not agree to the last digit.
	[ $arch != x86 ] || append="tsc_early_khz=1000000 tsc=reliable $append"
elif [ ${#machine[@]} -eq 0 ]; then
	machine=(-accel "tcg,thread=multi" -cpu max)
fi

mkdir -p "$output" 2>/dev/null || die "$EXIT_USAGE" "--output=$output: cannot create it"
output=$(realpath "$output")
exec 8<"$output"
flock -n 8 || die "$EXIT_USAGE" "--output=$output: another run is using it"
rm -f "$output/status" "$output/console.log" "$output/kmemleak"

tmp=
qemu=
# shellcheck disable=SC2317 # called by the traps
cleanup()
{
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	rm -rf "$output/command" ${tmp:+"$tmp"}
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

tmp=$(mktemp -d "${TMPDIR:-/tmp}/vmtest.XXXXXX")
truncate -s "$scratch_size" "$tmp/scratch"
mkfs.ext4 -q -F "$tmp/scratch"

# QEMU closes its output when its input ends.  This input never ends.
mkfifo "$tmp/input"

# option_names - print the names of the options of tests and benchmarks, from their tables
option_names()
{
	sed -n 's/.*\<OPT_[A-Z]*("\([A-Z0-9_]*\)".*/\1/p' "$top_dir"/lib/*.[ch] "$top_dir"/bench/*.c
}

# guest_environment - print what the command gets of the environment, for bash
guest_environment()
{
	local name names

	names=" $basic_env $(option_names | xargs) $extra_env "
	for name in $(compgen -e); do
		[[ $name == KSELFTEST_* || $name == KSFT_* || $names == *" $name "* ]] || continue
		declare -p "$name"
	done
}

# qemu_value VALUE - as it is in an option of QEMU, where a comma would end it
qemu_value()
{
	printf '%s' "${1//,/,,}"
}

# The guest has the paths of the host.  Folders of its own may hide this one, or it has an
# empty one instead; init keeps the host's in /run/host.
{
	guest_environment
	echo 'export VM_OUTPUT=/run/vmtest'
	# shellcheck disable=SC2016 # expanded in the guest
	printf '[ -n "$(ls -A %q 2>/dev/null)" ] || { mkdir -p %q && mount --bind /run/host%q %q; } || exit\n' \
		"$PWD" "$PWD" "$PWD" "$PWD"
	printf 'umount /run/host\ncd %q\n' "$PWD"
	printf '%q ' "$@"
} >"$output/command"

# setpriv ends QEMU if this script is killed, and timeout ends it if it hangs.
setpriv --pdeathsig TERM \
timeout --foreground --kill-after=10 "$timeout" \
"$qemu_program" "${board[@]}" "${machine[@]}" \
	-m "$memory" -smp "$cpus" -nodefaults -no-user-config -display none \
	-no-reboot -kernel "$kernel/$image" \
	-append "$boot_args root=rootfs rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144 ro $init $append $init_args" \
	-serial "file:$output/console.log" \
	-device virtio-serial-device -chardev stdio,id=out,signal=off \
	-device virtserialport,chardev=out \
	-fsdev "local,id=root,path=$root,security_model=none,readonly=on,multidevs=remap" \
	-device virtio-9p-device,fsdev=root,mount_tag=rootfs \
	"${host_root[@]}" \
	-fsdev "local,id=share,path=$(qemu_value "$output"),security_model=none" \
	-device virtio-9p-device,fsdev=share,mount_tag=share \
	-drive "if=none,id=scratch,file=$(qemu_value "$tmp/scratch"),format=raw,cache=unsafe" \
	-device virtio-blk-device,drive=scratch \
	<>"$tmp/input" &
qemu=$!
status=0
wait $qemu || status=$?
qemu=

# The last lines of the guest's kernel, if there are any.
show_console()
{
	tail -n 5 "$output/console.log" >&2 2>/dev/null || :
}

if grep -q -E "$failures" "$output/console.log" 2>/dev/null; then
	grep -m 1 -A 25 -E "$failures" "$output/console.log" >&2
	die "$EXIT_PANIC" "the guest's kernel failed; log: $output/console.log"
fi
if [ $status -eq 124 ] || [ $status -eq 137 ]; then
	show_console
	die "$EXIT_TIMEOUT" "no end after $timeout s; log: $output/console.log"
fi
if [ ! -s "$output/status" ]; then
	[ -s "$output/console.log" ] ||
		die "$EXIT_GUEST" "the guest did not start: $qemu_program ended with status $status"
	show_console
	die "$EXIT_GUEST" "the guest ended before the command did; log: $output/console.log"
fi

if [ -s "$output/kmemleak" ]; then
	head -n 40 "$output/kmemleak" >&2
	die "$EXIT_PANIC" "the guest's kernel has lost memory, says kmemleak; all of it: $output/kmemleak"
fi

read -r status <"$output/status"
rm -f "$output/status"
exit "$status"
