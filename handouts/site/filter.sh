#!/bin/sh
# Doxygen's input filter, filter.sh BUILD FILE: what source.py has made of a source file; any other file as it is.
made=$1/source/${2#"$PWD"/}
[ -f "$made" ] || made=$2
exec cat "$made"
