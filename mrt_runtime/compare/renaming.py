"""Many indexes or constraints that have other names, reported at once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

FEW = 3  # renamed alike; up to it each is reported by itself
SAMPLES = 5
PLURALS = {"index": "indexes", "check": "check constraints"}


@dataclass(frozen=True, slots=True)
class Renaming:
    """The name that something had, and the one that it has."""

    before: str
    after: str

    @property
    def pattern(self) -> tuple[str, str]:
        """What differs, as words between underscores: ix_… and idx_…, or …_key and …_uq."""
        left, right = self.before.split("_"), self.after.split("_")
        # a convention changes the beginning or the end of names; the beginning is tried first
        end = count_same(left[::-1], right[::-1])
        if end:
            return "_".join((*left[:-end], "…")), "_".join((*right[:-end], "…"))
        start = count_same(left, right)
        return ("_".join(("…", *left[start:])), "_".join(("…", *right[start:]))) if start else (self.before, self.after)


def count_same(left: Sequence[str], right: Sequence[str]) -> int:
    """Count the words with which both begin."""
    return next((n for n, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), min(len(left), len(right)))


def find_renamed(pairs: Iterable[tuple[Any, Any, Any]], meaning: Callable[[Any], object]) -> dict[str, Renaming]:
    """Return by either name what is missing under one and there under another with the same meaning."""
    pairs = [pair for pair in pairs if None in pair]
    olds = {meaning(old): old.name for _, old, new in pairs if new is None and old.named and old.name}
    news = {meaning(new): new.name for _, old, new in pairs if old is None and new.named and new.name}
    found = {}
    for one in olds.keys() & news.keys():
        found[olds[one]] = found[news[one]] = Renaming(olds[one], news[one])
    return found


def group_renamed(differences: Sequence[Any], when: str) -> Iterator[Any]:
    """Yield the differences, one in place of those of many objects that were renamed alike."""
    groups: dict[tuple[str, tuple[str, str]], list[Any]] = defaultdict(list)
    for one in differences:
        if one.renamed is not None:
            groups[one.kind, one.renamed.pattern].append(one)
    # a renaming is two differences: one missing, one too much
    grouped = {id(one): key for key, group in groups.items() if len(group) > 2 * FEW for one in group}
    for one in differences:
        key = grouped.get(id(one))
        if key is None:
            yield one
        elif (group := groups.pop(key, None)) is not None:
            names = list(dict.fromkeys(f"'{each.renamed.before}' on '{each.table}' → '{each.renamed.after}'" for each in group))
            kind, (before, after) = key
            message = f"{len(names)} {PLURALS.get(kind, f'{kind}s')} renamed {before} → {after} {when}"
            more = (f"… and {len(names) - SAMPLES} more",) if len(names) > SAMPLES else ()
            yield replace(one, message=message, table=None, evidence=(*names[:SAMPLES], *more), renamed=None)
