"""One mistake is told once: which of several findings about it speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mrt_lint.rule import Finding, Rule

_NO_DOWNGRADE = "MRT101"


def told_once(found: Collection[Finding], rules: Sequence[Rule]) -> Iterator[Finding]:
    """Give the findings in one migration without those that another one makes needless.

    Where there is no downgrade(), no rollback can run into what it does not undo; that is said once, and not again of each thing.
    One that does nothing is another matter: that rollback succeeds, and what it leaves behind is worth a word each.
    """
    undoing = {rule.code for rule in rules if rule.of_undoing}
    is_missing = any(finding.code == _NO_DOWNGRADE for finding in found)
    yield from (finding for finding in found if not (is_missing and finding.code in undoing))
