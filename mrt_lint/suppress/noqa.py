"""`# noqa` as flake8 reads it, on any line of the statement that contains a finding.

The grammar is flake8's: `# noqa` silences everything, `# noqa: MRT201,E501` what starts with one of the codes, and a line
`# flake8: noqa` the whole file (flake8.pycqa.org, "Selecting and Ignoring Violations").
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from functools import cached_property

# flake8's NOQA_INLINE_REGEXP
_COMMENT = re.compile(r"# noqa(?::\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+))?", re.IGNORECASE)
# flake8's NOQA_FILE
_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")


def read_lines(source: bytes) -> list[str]:
    """Decode a file as Python would, Latin-1 where it is in no encoding that it declares; lines keep their ends."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        text = source.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        text = source.decode("latin-1")
    return io.StringIO(text.removeprefix("\ufeff"), newline=None).readlines()


class NoqaComments:
    """The `noqa` comments of one file, and which of them were of use."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._whole_file = any(_FILE.match(line) for line in lines)
        self._used: set[tuple[int, str]] = set()

    def silence(self, line: int, code: str) -> bool:
        """Return whether a finding with this code on this line is not to be reported."""
        hits = [(number, named) for number, comment in self._comments(line) for named in _names(comment) if code.startswith(named)]
        self._used.update(hits)
        return self._whole_file or bool(hits)

    def useless(self) -> Iterator[tuple[int, int, str]]:
        """Yield the codes of ours that silenced nothing so far, each with its line and column."""
        for number, line in enumerate(() if self._whole_file else self._lines, 1):
            comment = _COMMENT.search(line)
            for named in _names(comment) if comment else ():
                if named.startswith("MRT") and (number, named) not in self._used:
                    yield number, line.index(named, line.lower().index("# noqa")) + 1, named

    def _comments(self, line: int) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield the comments that apply to a line, each with the line that it is on."""
        for first, last in self._statements.get(line, ((line, line),)):
            text = "".join(self._lines[first - 1 : last])
            comment = _COMMENT.search(text)
            if comment:
                yield first + text.count("\n", 0, comment.start()), comment

    @cached_property
    def _statements(self) -> dict[int, list[tuple[int, int]]]:
        """For each line the stretches of its statement, each of which may carry a comment of its own.

        A stretch is what flake8 searches at once: a line, or several joined by a string or a backslash.
        """
        statements: dict[int, list[tuple[int, int]]] = {}
        stretches: list[tuple[int, int]] = []
        first, last, code = 0, 0, False
        try:
            for token in tokenize.generate_tokens(iter(self._lines).__next__):
                if token.type in {tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}:
                    continue
                first, last = min(first or token.start[0], token.start[0]), max(last, token.end[0])
                code = code or token.type not in {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT}
                if token.type in {tokenize.NL, tokenize.NEWLINE}:
                    stretches.append((first, last))
                    first = last = 0
                    if token.type == tokenize.NEWLINE or not code:
                        for start, end in stretches:
                            statements.update(dict.fromkeys(range(start, end + 1), stretches))
                        stretches, code = [], False
        except (tokenize.TokenError, SyntaxError):
            return {}
        return statements


def _names(comment: re.Match[str]) -> list[str]:
    """Return the codes that a comment names; the empty one, with which every code starts, where it names none."""
    return [code for code in _SEPARATOR.split(comment["codes"]) if code] if comment["codes"] else [""]
