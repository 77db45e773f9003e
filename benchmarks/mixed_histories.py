"""Random histories of every kind, branches and merges too, whose downgrades are right, missing or wrong in one of many ways."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks import mixed_acts, mixed_rows, mixed_tables, random_histories
from benchmarks.mixed_acts import Act, MixedHistory

IMPORTS = "from sqlalchemy.dialects import postgresql\n"
ACTS = [
    *(random_histories.create_table, random_histories.add_column, random_histories.rename_column, random_histories.create_index) * 2,
    random_histories.drop_table, random_histories.drop_column, random_histories.rename_table, random_histories.widen,
    random_histories.allow_null, random_histories.drop_index, random_histories.prefix_texts, random_histories.insert_rows,
    *(mixed_acts.add_unique, mixed_acts.add_check, mixed_acts.add_reference, mixed_acts.drop_thing, mixed_acts.create_wide_index) * 2,
    mixed_acts.create_view, mixed_acts.replace_view, mixed_acts.create_trigger, mixed_acts.create_enum_table,
    mixed_acts.add_enum_column, mixed_acts.add_enum_value, mixed_acts.go_on, mixed_acts.create_sequence, mixed_acts.create_in_sql,
    mixed_acts.add_in_sql, mixed_acts.drop_in_sql, mixed_acts.rename_in_sql, mixed_acts.change_default, mixed_acts.widen_wrongly,
    mixed_rows.fill_new, mixed_rows.move_values, mixed_rows.copy_table, mixed_rows.update_some, mixed_rows.delete_some,
    mixed_rows.insert_bulk, mixed_rows.make_anew, mixed_rows.add_many,
]  # fmt: skip
ACTS_ON_WHOLE_TABLES = [
    mixed_tables.create_checked, mixed_tables.create_collated, mixed_tables.index_expression, mixed_tables.recreate,
    mixed_tables.add_computed, mixed_tables.create_pair, mixed_tables.create_elsewhere,
]  # fmt: skip
"""Acts of which batch mode on SQLite leaves something behind later, though each is undone by itself."""
RARE_ACTS = [random_histories.narrow, random_histories.forbid_null, random_histories.delete_rows, mixed_rows.do_nothing]
FATES = {"right": 45, "missing": 8, "absent": 3, "partial": 14, "forward": 8, "wrong": 12, "greedy": 5, "misspelt": 3, "raising": 2}
"""What becomes of a downgrade, and how often of a hundred times."""


def choose(history: MixedHistory, acts: list[Callable[[MixedHistory], object]] = ACTS) -> Act:
    """Make an act among those that are possible here."""
    while True:
        pool = [random_histories.create_table] if history.table() is None else RARE_ACTS if history.random.random() < 0.05 else acts
        made = history.random.choice(pool)(history)
        if isinstance(made, Act):
            return made
        if made is not None:
            return Act([made.upgrade], [made.downgrade])


def bodies(history: MixedHistory) -> tuple[list[str], list[str] | None]:
    """Make one migration: its statements up and down, None for no downgrade()."""
    random = history.random
    stood = [(table.name, [column.name for column in table.columns]) for table in history.tables]
    acts = [choose(history, [*ACTS, *ACTS_ON_WHOLE_TABLES]) for _ in range(random.choice([1, 1, 1, 1, 2, 2, 2, 3, 4]))]
    up = [statement for act in acts for statement in act.up]
    fate = random.choices(list(FATES), list(FATES.values()))[0]
    if fate == "absent":
        return up, None
    if fate in {"missing", "raising"}:
        return up, ["pass" if fate == "missing" else 'raise NotImplementedError("no way back")']
    if fate == "forward":
        return up, [statement for act in acts for statement in act.down]
    spoilt = random.choice([act for act in acts if act.wrong] or [None]) if fate == "wrong" else None
    parts = [act.wrong if act is spoilt else act.down for act in reversed(acts)]
    if fate == "partial":
        parts.pop(random.randrange(len(parts)))
    down = [statement for part in parts for statement in part]
    if fate == "greedy" and stood:
        table, columns = random.choice(stood)
        more = [f'op.drop_table("{table}")', *(f'op.drop_column("{table}", "{column}")' for column in columns)]
        down.append(random.choice(more))
    if fate == "misspelt":
        at = random.randrange(len(down))
        down[at] = re.sub(r"\b(?:c|t|ix|ie|iy|uq|ck|fk|v|tr|e)\d+\b", lambda found: f"{found[0]}x", down[at], count=1)
    return up, down or ["pass"]


def function(name: str, statements: list[str]) -> str:
    """Write a function of a migration."""
    kept = [statement for statement in statements if statement != "pass"] or ["pass"]
    return f"\n\ndef {name}():\n    " + "\n    ".join(kept) + "\n"


def fork(history: MixedHistory) -> MixedHistory:
    """Part a history in two: tables that nothing hangs on may go to the other, which makes names of its own."""
    other = MixedHistory(history.random, history.dialect)
    other.count = history.count + 500
    busy = [thing.table for thing in history.things.values()] + history.pinned
    for table in list(history.tables):
        is_free = not (table in busy or table.children or table.indexes or any(column.busy for column in table.columns))
        if is_free and history.random.random() < 0.5:
            history.tables.remove(table)
            other.tables.append(table)
    return other


def join(history: MixedHistory, other: MixedHistory) -> None:
    """Take in what a branch made."""
    history.tables += other.tables
    history.things |= other.things
    history.pinned += other.pinned
    history.count = max(history.count, other.count)


def migrations(random: Random, dialect: str, length: int) -> Iterator[tuple[str, object, str]]:
    """Yield the migrations of one history: its identifier, its down_revision, its functions."""
    tips: list[tuple[MixedHistory, str | None]] = [(MixedHistory(random, dialect), None)]
    base: str | None = None
    for number in range(length):
        revision = f"{number:03}"
        if len(tips) == 1 and tips[0][1] is not None and random.random() < 0.15:
            history, base = tips[0]
            tips.append((fork(history), base))
        elif len(tips) == 2 and all(at != base for _, at in tips) and (number == length - 1 or random.random() < 0.3):
            (history, one), (branch, two) = tips
            join(history, branch)
            tips = [(history, revision)]
            yield revision, (one, two), function("upgrade", ["pass"]) + function("downgrade", ["pass"])
            continue
        tip = random.randrange(len(tips))
        history, parent = tips[tip]
        failing = mixed_tables.stumble(history) if number == length - 1 and random.random() < 0.3 else None
        up, down = (failing.up, failing.down) if failing is not None else bodies(history)
        tips[tip] = (history, revision)
        yield revision, parent, function("upgrade", up) + ("" if down is None else function("downgrade", down))


def write(random: Random, folder: Path, dialect: str, length: int) -> None:
    """Write a project with a random history."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(random_histories.ENV)
    for revision, parent, functions in migrations(random, dialect, length):
        head = IMPORTS + random_histories.HEAD.format(revision=revision, parent=parent)
        (versions / f"{revision}.py").write_text(head.rstrip() + functions)
