#!/bin/sh
# `make setup`: install what hv8 needs and this machine lacks, by apt-get; the second time there is nothing to do.
# `make setup-class` calls it with the word class: also what the tests of grading a class need; `make setup-docs` with docs: what
# makes the site; grader: only what grading needs.
# A tool counts as there when it is found, whoever installed it: a QEMU built by hand will do, one that is too old will not.
# Ends with status 1 only if something is still missing. Without apt-get (Fedora, Arch, macOS...) it names the packages
# and lets make go on. POSIX sh.
#
# shellcheck disable=SC2086,SC2154 # the package list is words; read fills in the table's fields

# shellcheck source=tools.sh source-path=SCRIPTDIR
. "$(dirname "$0")/tools.sh"
make_scratch
case ${1:-} in
docs) for_docs=yes ;;
class) for_class=yes PATH=$PATH:${SBIN:-/usr/sbin:/sbin} ;; # where daemons are, for a user too
grader) only='cross cc libc qemu python git make unifdef bwrap' ;;
esac

# What was installed by hand and is older than needed keeps hiding the package: say how to get past it.
complain() {
	look
	[ "$state" = ok ] || [ "$who" = option ] && return
	left=$((left + 1))
	echo "setup: $name is $state: $problem${path:+ ($path${version:+ is $version})}" >&2
	[ -z "$variable" ] || echo "       a good one elsewhere can be named: make $variable=..." >&2
}

collect() {
	look
	[ "$state" = ok ] && return
	why="to $purpose"
	[ "$state" = missing ] || why="$why ($path${version:+ $version} is $state: $problem)"
	names="$names  $name${oldest:+ $oldest or newer}, $why
      $(other_systems)
"
	case " $packages " in
	*" $debian "*) return ;;
	esac
	packages="${packages:+$packages }$debian"
	report="$report  $debian - $why
"
}

packages='' report='' names=''
for_each_tool collect
if [ -z "$packages" ]; then
	echo 'setup: nothing to do'
	exit 0
fi

if ! have apt-get; then
	echo 'setup: there is no apt-get here, so please install these with the package manager you have:'
	printf '%s' "$names"
	echo 'setup: going on; "make doctor" tells what is still missing'
	exit 0
fi

install="apt-get install -y --no-install-recommends $packages"
echo 'setup: installing what is missing:'
printf '%s' "$report"

if ! root_first=$(as_root); then
	echo 'setup: this needs root, and there is no sudo here. Run as root:' >&2
	echo "    apt-get update && $install" >&2
	exit 1
fi

# Package lists that cannot all be fetched may still be good enough to install from.
apt="${root_first}env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120"
$apt update || echo 'setup: apt-get update failed; trying with the package lists that are here' >&2
if ! $apt install -y --no-install-recommends $packages; then
	echo "setup: apt-get could not install everything; see its message above, then try again: ${root_first}$install" >&2
	exit 1
fi

left=0
hash -r
for_each_tool complain
[ "$left" -eq 0 ] || exit 1
echo "setup: done, installed: $packages"
