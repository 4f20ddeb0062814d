#!/bin/sh
# Gradescope runs this once, as root, when it makes the image: what grading needs is installed, and what is the same for every
# submission is built. AUTOGRADER is where everything is, for a try on another machine.
set -eu
top=${AUTOGRADER:-/autograder}
cd "$top/source/hv8"

sh grading/setup.sh grader

# The course's own files, as git lists them.
git init --quiet .
git add --all

# An empty submission: its grading makes the base tree of the lab, from which each submission is built.
mkdir -p "$top/empty"
status=0
python3 grading/grade --lab @LAB@ --submission "$top/empty" --out "$top/empty.out" || status=$?
[ "$status" -eq 1 ] || exit 2
rm -rf "$top/empty" "$top/empty.out"

# Where a sandbox cannot be had, a submission is built as the user nobody: that user may pass through here, but read nothing.
chmod 711 "$top/source" . build build/class
chmod -R go= .git bench grading handouts kernel labs user
