"""MRT990: codes in a comment that silence nothing."""

from __future__ import annotations

import re

from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import NoFix, ProposedFix, TextEdit
from mrt_lint.model.finding import Finding

_COMMENT = re.compile(r"[ \t]*# noqa:\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+)", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z]+[0-9]+")


class UselessNoqaFixer(Fixer):
    """Removes the code from the comment, or the comment if it has no other code."""

    codes = ("MRT990",)

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the fix for one code of one comment."""
        number = finding.place.line
        line = context.text.line(number)
        comment = _COMMENT.search(line)
        if comment is None or not any(text in line for where, text in context.text.comments if where == number):
            raise NoFix("the comment is part of a string")
        codes = list(_CODE.finditer(line, comment.start("codes"), comment.end("codes")))
        at = next((index for index, code in enumerate(codes) if code.start() == finding.place.column - 1), None)
        if at is None:
            raise NoFix("the comment is not where it was")
        if len(codes) > 1:
            # with the comma behind the first, or before another
            start, end = (codes[at].start(), codes[at + 1].start()) if at == 0 else (codes[at - 1].end(), codes[at].end())
        elif line[codes[0].end() :].strip():
            raise NoFix("the comment goes on behind the code")
        else:
            start, end = comment.start(), len(line)
        if len(codes) == 1 and not line[:start].strip():
            raise NoFix("nothing else is on the line")
        begin = context.text.offset(number, 1)
        return ProposedFix(edits=(TextEdit(begin + start, begin + end, ""),), keeps_upgrade=True)
