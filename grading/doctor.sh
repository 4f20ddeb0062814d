#!/bin/sh
# `make doctor`: is every tool here, new enough, and does it do what hv8 asks of it? Each one is really tried: compilers
# compile and link, QEMU loads a plugin, gdb switches to AArch64. One line a tool, and below it the fix where one is needed.
# Ends with status 0 if all is well, 1 if not. Changes nothing outside a temporary directory. POSIX sh.
#
# shellcheck disable=SC2086,SC2154 # a command may be two words, as in CC="ccache gcc"; read fills in the table's fields

# shellcheck source=tools.sh source-path=SCRIPTDIR
. "$(dirname "$0")/tools.sh"
make_scratch

examine() {
	look
	[ "$state" != ok ] || attempt
	printf '%-8s %-24s %-9s %s\n' "$state" "$name" "${version:--}" "$path${problem:+${path:+: }$problem}"
	[ "$state" = ok ] && return
	[ "$who" = option ] || problems=$((problems + 1))
	printf '%-8s fix: %s%s\n' '' "$(fix)" "$(or_else)"
}

fix() {
	install='apt-get install -y --no-install-recommends'
	[ "$state" = broken ] && install="$install --reinstall"
	if ! have apt-get; then
		other_systems
	elif root_first=$(as_root); then
		echo "${root_first}apt-get update && ${root_first}$install $debian"
	else
		echo "su -c 'apt-get update && $install $debian'"
	fi
}

# A tool that the environment names, or that is in the way of the package's, is not mended by installing the package.
or_else() {
	[ -n "$variable" ] || return
	if [ "$state" = missing ] && is_named; then
		echo "; and do not set $variable"
	elif [ "$state" != missing ]; then
		echo "; or name a better one with $variable="
	fi
}

# is_named: somebody chose this tool. The Makefile passes on what would be found anyway; that does not count.
is_named() {
	eval "named=\${$variable:-}"
	[ "$variable" = HOSTCC ] && [ -z "$named" ] && [ -n "${CC:-}" ] && variable=CC named=$CC
	case $named in
	'' | aarch64-linux-gnu- | qemu-system-aarch64 | gdb-multiarch | python3 | cc | make) return 1 ;;
	esac
}

# Try the tool at hand; what it says when it fails becomes the problem.
attempt() {
	output=$("try_$(echo "$id" | tr - _)" 2>&1 </dev/null) && return
	state=broken problem=$(first_line "${output:-fails, and does not say why}")
}

try_cross() {
	cat >"$scratch/kernel.c" <<-'END'
	#include <stdarg.h>
	#include <stddef.h>
	#include <stdint.h>
	uint64_t _start(uint64_t x) { __asm__ volatile("hvc #0" : "+r"(x)); return x + 1; }
	END
	$tool -ffreestanding -nostdlib -fpie -Wl,-pie,--no-dynamic-linker -o "$scratch/kernel.elf" "$scratch/kernel.c" &&
		${cross}objcopy -O binary "$scratch/kernel.elf" "$scratch/kernel.bin"
}

try_cc() {
	echo 'int answer(void) { return 42; }' >"$scratch/answer.c"
	$cc -shared -fPIC -o "$scratch/answer.so" "$scratch/answer.c"
}

try_libc() {
	printf '#include <stdio.h>\nint main(void) { return puts("hv8") < 0; }\n' >"$scratch/libc.c"
	$cc -o "$scratch/libc" "$scratch/libc.c" && "$scratch/libc"
}

try_qemu() {
	machines=$($tool -M help) || return
	for machine in virt xlnx-versal-virt; do
		case $machines in
		*"
$machine "*) ;;
		*)
			echo "has no machine $machine"
			return 1
			;;
		esac
	done
	# QEMU 9 gave up the first plugin interface.
	interface=2
	older "$version" 9.0 && interface=1
	cat >"$scratch/plugin.c" <<-END
	int qemu_plugin_version = $interface;
	int qemu_plugin_install(void) { return 0; }
	END
	if [ -n "$cc" ] && $cc -shared -fPIC -o "$scratch/plugin.so" "$scratch/plugin.c"; then
		echo quit | $tool -M none -nodefaults -display none -monitor stdio -plugin "$scratch/plugin.so" \
			>"$scratch/monitor"
	elif ! $tool -help | grep -q -e '^-plugin'; then
		echo 'was built without plugins'
		return 1
	fi
}

try_gdb() {
	knows_aarch64 "$tool" || {
		echo 'does not know AArch64'
		return 1
	}
}

try_unifdef() {
	printf '#if LAB >= 2\nmmu\n#endif\n' >"$scratch/lab.c"
	[ "$($tool -DLAB=2 "$scratch/lab.c")" = mmu ] || {
		echo 'does not resolve #if LAB >= 2'
		return 1
	}
}

try_dtc() {
	echo '/dts-v1/; / { };' >"$scratch/board.dts"
	$tool -q -O dtb -o "$scratch/board.dtb" "$scratch/board.dts"
}

try_libfdt() {
	printf '#include <libfdt.h>\nint main(void) { return fdt_check_header("") == 0; }\n' >"$scratch/fdt.c"
	$cc -o "$scratch/fdt" "$scratch/fdt.c" -lfdt
}

try_cmocka() {
	cat >"$scratch/unit.c" <<-'END'
	#include <stdarg.h>
	#include <stddef.h>
	#include <stdint.h>
	#include <setjmp.h>
	#include <cmocka.h>
	static void passes(void **state) { (void)state; assert_int_equal(1, 1); }
	int main(void) { const struct CMUnitTest t[] = { cmocka_unit_test(passes) }; return cmocka_run_group_tests(t, 0, 0); }
	END
	$cc -o "$scratch/unit" "$scratch/unit.c" -lcmocka && "$scratch/unit"
}

try_asan() {
	printf 'int main(int n, char **v) { int a[1] = { 0 }; (void)v; return a[n]; }\n' >"$scratch/overflow.c"
	$cc -fsanitize=address,undefined -o "$scratch/overflow" "$scratch/overflow.c" || return
	"$scratch/overflow" >"$scratch/report" 2>&1
	grep -q -e AddressSanitizer -e 'runtime error' "$scratch/report" || {
		echo 'does not see an array overrun'
		return 1
	}
}

try_clang_format() {
	cp "$root/.clang-format" "$scratch/" && (cd "$scratch" && echo 'int x;' | $tool -style=file -assume-filename=x.c)
}

# look has tried these already.
try_python() { :; }
try_git() { :; }
# What it may do depends on where: grading/grade tries, and says so.
try_bwrap() { :; }
# Really tried without a terminal: a server of its own, which ends at once.
try_tmux() { env -u TMUX $tool -L "hv8-doctor-$$" -f /dev/null start-server \; kill-server; }
try_make() { :; }

problems=0
for_each_tool examine
if [ "$problems" -eq 0 ]; then
	echo 'doctor: everything is here'
else
	echo "doctor: $problems problem(s), see the fixes above"
	exit 1
fi
