#!/bin/bash
# SPDX-License-Identifier: GPL-2.0

set -eu -o pipefail
# shellcheck disable=SC2034 # for help.sh
own_help=y
. "$(dirname "$(realpath "$0")")/common.sh"

unset memory timeout	# their defaults depend on --debug
cpus=2
accel=auto
output=$top_dir/out/vm
scratch_size=4G
append=${KERNEL_ARGS-}

usage()
{
	cat <<END
usage: vmtest.sh [OPTION...] -- COMMAND [ARG...]

Run a command in a virtual machine, as root, on a kernel built for it.  The root
of the guest is that of this machine, read-only; /tmp is empty, but for this tree
if it is there, and /var/tmp is an empty disk.  The command has the current
directory, the environment, and \$VM_OUTPUT, a folder that is OUTPUT out here.

  -m, --memory=SIZE     memory of the guest (default: 2G, with --debug 4G)
  -c, --cpus=N          its processors (default: $cpus)
  -t, --timeout=SECONDS when to give up (default: 1800, with --debug 10800)
  -a, --accel=kvm|tcg   (default: kvm if it works, else tcg)
  -s, --scratch=SIZE    size of the disk at /var/tmp (default: $scratch_size)
  -d, --debug           a kernel with KASAN, lockdep, kmemleak and the like, where a
                        warning is a panic; FLAVOUR=debug is the same
  -k, --append=ARGS     more for the kernel's command line, after \$KERNEL_ARGS
  -o, --output=DIR      where console.log and the command's files go
                        (default: $output)
  -h, --help

The kernel is that of vm/kernel.sh: REVISION=, KSRC=, PATCHES= and MEMCG_BPF_CACHE=
are the same.

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

options=$(getopt -n vmtest.sh -o m:c:t:a:s:dk:o:h \
	-l memory:,cpus:,timeout:,accel:,scratch:,debug,append:,output:,help -- "$@") ||
	bad_option "bad option"
eval set -- "$options"
while [ "$1" != -- ]; do
	case $1 in
	-m|--memory)	memory=$2; shift ;;
	-c|--cpus)	cpus=$2; shift ;;
	-t|--timeout)	timeout=$2; shift ;;
	-a|--accel)	accel=$2; shift ;;
	-s|--scratch)	scratch_size=$2; shift ;;
	-d|--debug)	export FLAVOUR=debug ;;
	-k|--append)	append+=" $2"; shift ;;
	-o|--output)	output=$2; shift ;;
	-h|--help)	usage; exit 0 ;;
	esac
	shift
done
shift

# What the console shows when the guest's kernel has failed.
failures='Kernel panic|Oops:|BUG:? |general protection fault'

# KASAN keeps an eighth of the memory for itself, and its quarantine some more.
# What takes long there because it is emulated is not to look like a hang.  Of what
# lockdep finds the kernel makes no panic; it only says so, and once.
if [ "${FLAVOUR-}" = debug ]; then
	memory=${memory-4G}
	timeout=${timeout-10800}
	append="panic_on_warn=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=180 $append"
	failures+='|WARNING: '
fi
memory=${memory-2G}
timeout=${timeout-1800}

want --memory "$memory" '[1-9][0-9]*[MG]' 'a size such as 2G'
want --cpus "$cpus" '[1-9]|1[0-6]' '1 to 16'
want --timeout "$timeout" '[1-9][0-9]*' 'seconds'
want --accel "$accel" 'auto|kvm|tcg' 'kvm or tcg'
want --scratch "$scratch_size" '[1-9][0-9]*[MG]' 'a size such as 4G'
[ $# -gt 0 ] || bad_option "no command"

need_packages "${vm_packages[@]}" "${kernel_packages[@]}"
kernel=$("$vm_dir/kernel.sh" build)

# kvm_boots CPU - see whether KVM gets the kernel to where it misses its root
kvm_boots()
{
	local end

	coproc timeout 10 qemu-system-x86_64 -M microvm,acpi=off -accel kvm \
		-cpu "$1" -m 256M -nodefaults -no-user-config -display none \
		-no-reboot -kernel "$kernel/bzImage" \
		-append "console=ttyS0 panic=-1 reboot=t" -serial stdio 2>&1
	end=$(grep -a -m 1 -o -E 'internal error|Unable to mount root' \
		<&"${COPROC[0]}") || :
	kill "$COPROC_PID" 2>/dev/null || :
	wait "$COPROC_PID" 2>/dev/null || :
	[ "$end" = "Unable to mount root" ]
}

# Where KVM is itself in a virtual machine it may be there and not work, or offer
# a feature that it then cannot set.  That one is of no use to the guest.  A "no"
# is remembered until this machine boots again: it takes its time.
kvm_cpu()
{
	local cpu boot no_kvm=$cache_dir/no-kvm

	[ -e /dev/kvm ] || return
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

machine=(-accel "tcg,thread=multi" -cpu max)
if [ "$accel" != tcg ]; then
	if cpu=$(kvm_cpu); then
		machine=(-accel kvm -cpu "$cpu")
	elif [ "$accel" = kvm ]; then
		bad_option "--accel=kvm: KVM does not work here"
	fi
fi

mkdir -p "$output" || die "$EXIT_USAGE" "--output=$output: cannot create it"
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

# At the end of its input QEMU would close its output, too: this one has no end.
mkfifo "$tmp/input"

# The guest has the paths of the host, but for its own /tmp and /run.
{
	export -p | grep -v -E '^declare -x (TMPDIR|XDG_RUNTIME_DIR|OLDPWD|PWD)='
	echo 'export VM_OUTPUT=/run/vmtest'
	printf 'cd %q\n' "$PWD"
	printf '%q ' "$@"
} >"$output/command"

# no_timer_check: on a busy machine the emulated timer may be too late for the
# kernel's liking, which is a panic.
# If we are killed, so is QEMU; if it hangs, so does timeout(1) see to that.
setpriv --pdeathsig TERM \
timeout --foreground --kill-after=10 "$timeout" \
qemu-system-x86_64 -M microvm,acpi=off "${machine[@]}" \
	-m "$memory" -smp "$cpus" -nodefaults -no-user-config -display none \
	-no-reboot -kernel "$kernel/bzImage" \
	-append "console=ttyS0 panic=-1 reboot=t no_timer_check root=rootfs rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=262144 ro init=$vm_dir/init $append" \
	-serial "file:$output/console.log" \
	-device virtio-serial-device -chardev stdio,id=out,signal=off \
	-device virtserialport,chardev=out \
	-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap" \
	-device virtio-9p-device,fsdev=root,mount_tag=rootfs \
	-fsdev "local,id=share,path=$output,security_model=none" \
	-device virtio-9p-device,fsdev=share,mount_tag=share \
	-drive "if=none,id=scratch,file=$tmp/scratch,format=raw,cache=unsafe" \
	-device virtio-blk-device,drive=scratch \
	<>"$tmp/input" &
qemu=$!
status=0
wait $qemu || status=$?
qemu=

if grep -q -E "$failures" "$output/console.log" 2>/dev/null; then
	grep -m 1 -A 25 -E "$failures" "$output/console.log" >&2
	die "$EXIT_PANIC" "the guest's kernel failed; log: $output/console.log"
fi
if [ $status -eq 124 ] || [ $status -eq 137 ]; then
	tail -n 5 "$output/console.log" >&2
	die "$EXIT_TIMEOUT" "no end after $timeout s; log: $output/console.log"
fi
if [ ! -s "$output/status" ]; then
	tail -n 5 "$output/console.log" >&2
	die "$EXIT_GUEST" "the guest ended before the command did; log: $output/console.log"
fi

if [ -s "$output/kmemleak" ]; then
	head -n 40 "$output/kmemleak" >&2
	die "$EXIT_PANIC" "the guest's kernel has lost memory, says kmemleak; all of it: $output/kmemleak"
fi

read -r status <"$output/status"
rm -f "$output/status"
exit "$status"
