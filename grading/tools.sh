#!/bin/sh
# The tools hv8 is built, run and graded with: what each is for, what package managers call it, and how it is found.
# setup.sh and doctor.sh read this file with `.`; the Makefile asks it two questions:
#     sh grading/tools.sh cross    the prefix of the AArch64 cross tools, such as aarch64-linux-gnu-
#     sh grading/tools.sh gdb      a gdb that knows AArch64
# Each prints nothing and ends with status 1 if there is none. CROSS_COMPILE, QEMU, GDB, PYTHON, MAKE, CHROMIUM, THEME (a folder)
# and HOSTCC (or CC) in the environment come before any search. Nothing here changes the system. POSIX sh.
#
# shellcheck disable=SC2034,SC2086 # read by the two scripts; unquoted since a command may be two words: CC="ccache gcc"

# One tool a line: id | who needs it | oldest that will do | variable that names another | what it is | what it is for |
# package in Debian and Ubuntu | Fedora | Arch | Homebrew. `course` tools are needed only where labs/ is; `option`: it is better to
# have them there; `class` and `docs` for make setup-class and setup-docs; `look` as docs, where labs/ is.
TOOLS='
cross|student||CROSS_COMPILE|AArch64 gcc and binutils|build the kernel|gcc-aarch64-linux-gnu|gcc-aarch64-linux-gnu|aarch64-linux-gnu-gcc|aarch64-elf-gcc
cc|student||HOSTCC|native C compiler|build the QEMU plugin and the model machine of the grader|gcc|gcc|gcc|gcc
libc|student|||C library headers|build the QEMU plugin and the model machine of the grader|libc6-dev|glibc-devel|glibc|gcc
qemu|student|7.2|QEMU|QEMU for AArch64|be the board that the kernel boots on|qemu-system-arm|qemu-system-aarch64|qemu-system-aarch64|qemu
gdb|student||GDB|gdb that knows AArch64|debug the kernel|gdb-multiarch|gdb|aarch64-linux-gnu-gdb|aarch64-elf-gdb
python|student|3.9|PYTHON|Python|run the grader|python3|python3|python|python
git|student|||git|fetch and merge the labs|git|git|git|git
make|student|4.0|MAKE|GNU make|run all of this|make|make|make|make
unifdef|course|||unifdef|split the source into labs|unifdef|unifdef|unifdef|unifdef
dtc|course|||device tree compiler|make device trees for the unit tests|device-tree-compiler|dtc|dtc|dtc
libfdt|course|||libfdt|check the device tree reader against it|libfdt-dev|libfdt-devel|dtc|dtc
cmocka|course|||cmocka|run the unit tests of the kernel|libcmocka-dev|libcmocka-devel|cmocka|cmocka
asan|course|||ASan and UBSan|find memory errors in the unit tests|gcc|libasan libubsan|gcc|gcc
clang-format|course|||clang-format|keep the source in one style|clang-format|clang-tools-extra|clang|clang-format
tmux|option|||tmux|show QEMU and gdb side by side|tmux|tmux|tmux|tmux
bwrap|option|||bubblewrap|keep submissions that are graded away from this machine|bubblewrap|bubblewrap|bubblewrap|(nothing, it needs Linux)
slurmctld|class|||Slurm|test how a class is graded on a cluster|slurm-wlm|slurm-slurmctld slurm-slurmd|slurm-llnl|(needs Linux)
munged|class|||munge|let the parts of that cluster know each other|munge|munge|munge|(needs Linux)
doxygen|docs|1.9||Doxygen|make the site of handouts and code|doxygen|doxygen|doxygen|doxygen
dot|docs|||Graphviz|draw its call graphs|graphviz|graphviz|graphviz|graphviz
theme|docs||THEME|doxygen-awesome-css|make the site pleasant to read|doxygen-awesome-css|(from its web page)|(from its web page)|(from its web page)
chromium|look||CHROMIUM|Chromium|load every page of the site|chromium|chromium|chromium|chromium
'

# Both look at the first word only, as in CC="ccache gcc".
where() { command -v "$1"; }
have() { where "$1" >/dev/null 2>&1; }

find_cross() {
	if [ -n "${CROSS_COMPILE:-}" ]; then
		echo "$CROSS_COMPILE"
		return 0
	fi
	for prefix in aarch64-linux-gnu- aarch64-none-elf- aarch64-elf-; do
		have "${prefix}gcc" && echo "$prefix" && return 0
	done
	return 1
}

find_gdb() {
	if [ -n "${GDB:-}" ]; then
		echo "$GDB"
		return 0
	fi
	for candidate in gdb-multiarch "$(find_cross || echo aarch64-linux-gnu-)gdb" \
		aarch64-linux-gnu-gdb aarch64-none-elf-gdb aarch64-elf-gdb; do
		have "$candidate" && echo "$candidate" && return 0
	done
	have gdb && knows_aarch64 gdb && echo gdb
}

# knows_aarch64 GDB: many distributions build plain gdb for their own processor only.
knows_aarch64() {
	case $($1 -nx -batch -ex 'set architecture aarch64' -ex 'show architecture' 2>&1 </dev/null) in
	*Undefined*) return 1 ;;
	*rchitecture*aarch64*) return 0 ;;
	*) return 1 ;;
	esac
}

find_cc() {
	for candidate in "${HOSTCC:-${CC:-}}" cc gcc clang; do
		[ -n "$candidate" ] && have $candidate && echo "$candidate" && return 0
	done
	return 1
}

# for_each_tool FUNCTION: call it once for every tool needed here, with the fields of the tool's line in variables.
for_each_tool() {
	cross=$(find_cross)
	cc=$(find_cc)
	while IFS='|' read -r id who oldest variable name purpose debian fedora arch brew; do
		case " ${only:-$id} " in
		*" $id "*) ;;
		*) continue ;;
		esac
		case $who in
		student) ;;
		course | option) [ -d "$root/labs" ] || continue ;;
		class) [ -n "${for_class:-}" ] || continue ;;
		docs) [ -n "${for_docs:-}" ] || continue ;;
		look) # on Ubuntu it is no package
			[ -n "${for_docs:-}" ] || continue
			[ -d "$root/labs" ] || continue
			grep -qs '^ID=ubuntu' /etc/os-release && continue
			;;
		*) continue ;;
		esac
		# On a 64-bit Arm machine the compiler of the machine goes by the cross compiler's name.
		[ "$id" = cross ] && case $(uname -m) in aarch64 | arm64) debian=gcc ;; esac
		"$1" </dev/null
	done <<-END
	$TOOLS
	END
}

# Look for the tool at hand. Sets state (ok, missing, too old, broken), tool (the command), path, version and problem.
look() {
	state=ok path='' version='' problem='' tool=''
	case $id in
	libc) look_for_header stdio.h ;;
	libfdt) look_for_header libfdt.h ;;
	cmocka) look_for_header cmocka.h ;;
	asan) look_for_sanitizers ;;
	chromium) look_for_command "${CHROMIUM:-chromium}" ;;
	theme) look_for_file "${THEME:-/usr/share/doxygen-awesome-css}/doxygen-awesome.css" ;;
	cross) look_for_command "${cross:-aarch64-linux-gnu-}gcc" ;;
	cc) look_for_command "${cc:-cc}" ;;
	qemu) look_for_command "${QEMU:-qemu-system-aarch64}" ;;
	gdb) look_for_command "$(find_gdb || echo gdb-multiarch)" ;;
	python) look_for_command "${PYTHON:-python3}" ;;
	make) look_for_command "${MAKE:-make}" ;;
	*) look_for_command "$id" ;;
	esac
}

look_for_command() {
	tool=$1
	if ! path=$(where $tool); then
		state=missing problem="there is no $tool"
	elif ! answer=$(ask_version 2>&1); then
		state=broken problem="$tool does not run: $(first_line "$answer")"
	else
		version=$(first_version "$answer")
		if [ -n "$oldest" ] && older "${version:-0}" "$oldest"; then
			state='too old' problem="$oldest or newer is needed"
		elif [ "$id" = cross ] && ! ${tool%gcc}objcopy --version >/dev/null 2>&1; then
			state=missing problem="$tool is there, ${tool%gcc}objcopy does not run"
		elif [ "$id" = python ] && ! $tool -c 'import json, subprocess, unittest' >/dev/null 2>&1; then
			state=broken problem="$tool cannot import json, subprocess and unittest"
		fi
	fi
}

ask_version() {
	case $id in
	unifdef | slurmctld | dot | tmux) $tool -V ;;
	*) $tool --version ;;
	esac
}

# look_for_header NAME: the compiler says where a header is, wherever the library was installed.
look_for_header() {
	if [ -z "$cc" ] || ! answer=$(echo "#include <$1>" | $cc -E -x c - 2>/dev/null); then
		state=missing problem="the C compiler does not find <$1>"
		return
	fi
	path=$(printf '%s\n' "$answer" | sed -n "s|^# 1 \"\\(.*/$1\\)\".*|\\1|p" | sed 1q)
}

look_for_file() {
	path=$1
	[ -e "$path" ] || state=missing path='' problem="there is no $1"
}

look_for_sanitizers() {
	echo 'int main(void) { return 0; }' >"$scratch/asan.c"
	path=$(where ${cc:-cc})
	if [ -z "$cc" ] || ! $cc -fsanitize=address,undefined -o "$scratch/asan" "$scratch/asan.c" 2>/dev/null; then
		state=missing problem="the C compiler cannot link with -fsanitize=address,undefined"
	fi
}

first_line() { printf '%s\n' "$1" | sed 1q; }

# first_version TEXT: the first word that looks like 7.2 or 7.2.1, without what distributions add.
first_version() (
	set -f
	for word in $1; do
		word=${word#[\(v]}
		word=${word#unifdef-}
		case $word in
		[0-9]*.[0-9]*)
			echo "${word%%[!0-9.]*}"
			return
			;;
		esac
	done
)

# older A B: version A comes before version B; major and minor numbers decide.
older() {
	a=${1#*.} b=${2#*.}
	[ "${1%%.*}" -lt "${2%%.*}" ] || { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${a%%.*}" -lt "${b%%.*}" ]; }
}

# as_root: what to put before a command that needs root; fails if there is nothing.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		return 0
	elif have sudo; then
		printf 'sudo '
	else
		return 1
	fi
}

# other_systems: how systems without apt-get call the package of the tool at hand.
other_systems() { printf 'Fedora: dnf install %s; Arch: pacman -S %s; macOS: brew install %s\n' "$fedora" "$arch" "$brew"; }

make_scratch() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/hv8.XXXXXX") || exit 1
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 1' HUP INT TERM
}

case ${0##*/} in
tools.sh)
	case ${1:-} in
	cross) find_cross ;;
	gdb) find_gdb ;;
	*)
		echo 'usage: sh grading/tools.sh cross|gdb' >&2
		exit 2
		;;
	esac
	;;
*)
	root=$(dirname "$0")/..
	;;
esac
