# From `nm -n` to the kernel's own symbol table: for each function its offset and the offset of its name, sorted by address.
BEGIN {
	print "\t.section .symbols, \"a\"\n\t.balign 4"
	names = ""
	at = 0
	n = 0
}
$2 ~ /^[tT]$/ && $3 !~ /^[$.]/ && $1 != last {
	printf "\t.long 0x%s, %d\n", substr($1, length($1) - 7), at
	names = names "\t.asciz \"" $3 "\"\n"
	at += length($3) + 1
	n++
	last = $1
}
END {
	printf "%s", names
	print "\t.section .rodata\n\t.balign 4\n\t.globl symbol_count\n\t.hidden symbol_count\nsymbol_count:\n\t.long " n
}
