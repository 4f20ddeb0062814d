#!/usr/bin/env python3
"""Do the tests show what uapi/hypercall.def promises? documented.py HYPERCALL.DEF ERRNO.H CALLS...

Each CALLS file says which results a test program has seen (drive.c): lines "name 0" or "name ERROR-NUMBER". Every hypercall
must have been seen to succeed, and to give each error that its @return names; and it must have given no other.
"""
import re
import sys

CALL = re.compile(r"/\*\*(?P<text>(?:(?!\*/).)*)\*/\s*HYPERCALL(?:_SAVED)?\(\d+, (?P<name>\w+)", re.DOTALL)


def documented(text):
    """{hypercall: names of its errors}. "as recv", "an error of send or recv" are looked up, "never -EX" is taken away."""
    returns = {}
    for call in CALL.finditer(text):
        words = " ".join(re.sub(r"^\s*\*", "", line) for line in call["text"].split("\n"))
        returns[call["name"]] = " ".join(words.partition("@return")[2].split())
    errors = {}

    def of(name):
        if name not in errors:
            words = returns[name]
            errors[name] = set()            # no endless loop
            never = set(re.findall(r"never -(E[A-Z]+)", words))
            others = re.findall(r"^as (\w+)", words)
            for some in re.findall(r"an error of (\w+(?: or \w+)*)", words):
                others += some.split(" or ")
            errors[name] = set(re.findall(r"-(E[A-Z]+)", words)).union(*(of(other) for other in others)) - never
        return errors[name]

    return {name: of(name) for name in returns}


def seen(texts, errno):
    """{hypercall: what it gave, "success" or names of errors}."""
    names = {number: name for name, number in errno.items()}
    names["0"] = "success"
    results = {}
    for text in texts:
        for line in text.splitlines():
            name, number = line.split()
            results.setdefault(name, set()).add(names.get(number, "error " + number))
    return results


def check(definition, errno_header, texts):
    """What is wrong, a line each."""
    errno = dict(re.findall(r"^#define (E[A-Z]+)\s+(\d+)", errno_header, re.MULTILINE))
    calls, results = documented(definition), seen(texts, errno)
    wrong = []
    if len(calls) != len(re.findall(r"^HYPERCALL", definition, re.MULTILINE)):
        wrong.append("hypercall.def: a hypercall has no documentation")
    for name, errors in calls.items():
        have = results.get(name, set())
        if "success" not in have:
            wrong.append("%s: no test has seen it succeed" % name)
        wrong += ["%s: -%s is documented, and no test has seen it" % (name, error) for error in sorted(errors - have)]
        wrong += ["%s: gave %s, which is not documented" % (name, error)
                  for error in sorted(have - errors - {"success"})]
    return wrong


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    definition, errno, *calls = sys.argv[1:]
    wrong = check(read(definition), read(errno), [read(path) for path in calls])
    for line in wrong:
        print(line)
    print("[  FAILED  ] 1 test(s). documented" if wrong else "[  PASSED  ] 1 test(s). documented")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
