"""The per-run nonce, and the `${...}` functions that tests apply to it.

A nonce is 16 hexadecimal digits, fresh for every run, the first one not zero (so that it prints the same as a number and as
text). It goes into the guest by bootargs; a test expects it back in a form that only the feature under test can produce.
"""
import hashlib
import re
import secrets
import zlib

_MASK = (1 << 64) - 1
REPEAT_LIMIT = 1 << 17
EXAMPLE = "123456789abcdef0"        # stands in for a nonce when a file is only checked


def fresh(seed=None, name=""):
    """A new nonce; with a `seed` always the same one for the same run name."""
    if seed is None:
        number = secrets.randbits(64)
    else:
        number = int(hashlib.sha256(("%s %s" % (seed, name)).encode()).hexdigest()[:16], 16)
    if number >> 60 == 0:
        number |= 1 << 60
    return "%016x" % number


def _hex16(number):
    return "%016x" % (number & _MASK)


def _repeat(text, count):
    count = int(count, 0)
    if not 0 < count * len(text) <= REPEAT_LIMIT:
        raise ValueError("${...}: repeat makes 1 to %d characters" % REPEAT_LIMIT)
    return text * count


FUNCTIONS = {                       # name: (function of texts, number of arguments); a number is hex digits or a 0x constant
    "rev": (lambda text: text[::-1], 1),
    "upper": (lambda text: text.upper(), 1),
    "dec": (lambda text: str(int(text, 16)), 1),
    "add": (lambda text, k: _hex16(int(text, 16) + int(k, 0)), 2),
    "mul": (lambda text, k: _hex16(int(text, 16) * int(k, 0)), 2),
    "and": (lambda text, k: _hex16(int(text, 16) & int(k, 0)), 2),
    "xor": (lambda text, k: _hex16(int(text, 16) ^ int(k, 0)), 2),
    "repeat": (_repeat, 2),
    "crc32": (lambda text: "%08x" % zlib.crc32(text.encode()), 1),
}


def expand(text, nonce):
    """`text` with every ${...} replaced; ValueError says what is wrong with one."""
    def replace(match):
        expression = match.group(1)
        value, rest = _evaluate(expression, nonce)
        if rest.strip():
            raise ValueError("${%s}: %r is left over" % (expression, rest))
        return value
    expanded = re.sub(r"\$\{([^{}]*)\}", replace, text)
    if "${" in expanded:
        raise ValueError("'${' without '}'")
    return expanded


def _evaluate(text, nonce):
    """Value of the expression at the start of `text`, and the text behind it."""
    match = re.match(r"\s*(0x[0-9a-fA-F]+|-?\d+|[A-Za-z]\w*)\s*", text)
    if not match:
        raise ValueError("${...}: expected nonce, a function or a number at %r" % text)
    word, rest = match.group(1), text[match.end():]
    if word == "nonce":
        return nonce, rest
    if word[0] in "-0123456789":
        return word, rest
    if word not in FUNCTIONS:
        raise ValueError("${...}: no function %r; there are %s" % (word, ", ".join(sorted(FUNCTIONS))))
    if not rest.startswith("("):
        raise ValueError("${...}: '(' expected after %s" % word)
    value, rest = _evaluate(rest[1:], nonce)
    arguments = [value]
    while rest.startswith(","):
        value, rest = _evaluate(rest[1:], nonce)
        arguments.append(value)
    function, wanted = FUNCTIONS[word]
    if not rest.startswith(")"):
        raise ValueError("${...}: ')' expected after the arguments of %s" % word)
    if len(arguments) != wanted:
        raise ValueError("${...}: %s takes %d argument%s" % (word, wanted, "s" if wanted > 1 else ""))
    return function(*arguments), rest[1:].lstrip()
