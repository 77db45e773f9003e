"""Raw SQL that no other rule judges, and what in downgrade() reverses it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.analysis.mysql_alteration import is_new
from mrt_lint.analysis.switched import opposite, switches_back
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import (
    AlterObject,
    BulkInsert,
    CreateIndex,
    Delete,
    DropObject,
    Execute,
    Insert,
    Op,
    RenameObject,
    Statement,
)
from mrt_lint.model.values import HOLE, UNKNOWN

_OPPOSITES = {"GRANT": "REVOKE", "REVOKE": "GRANT", "ATTACH": "DETACH", "DETACH": "ATTACH"}
# rules of their own judge these
_JUDGED = frozenset({"view", "materialized view"})
_BLOCK = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*DO\b", re.IGNORECASE | re.DOTALL)
_GUARDED = re.compile(r"\b(IF|CASE|LOOP|EXCEPTION)\b", re.IGNORECASE)
_GRANT = re.compile(
    r"(?P<before>ALTER DEFAULT PRIVILEGES .*?)?(?P<verb>GRANT|REVOKE) ((?P<option>GRANT|ADMIN) OPTION FOR )?(?P<what>.+) "
    r"(TO|FROM) (?P<whom>.+?)( WITH (GRANT|ADMIN|HIERARCHY|INHERIT|SET|MAX_)\b.*)?( GRANTED BY .+?)?( CASCADE| RESTRICT)?",
    re.IGNORECASE,
)
"""Who gets what, or has it taken; what belongs to the act alone is left out of its opposite."""
_WORD = re.compile(r"\w+")
_PASSING = re.compile(r"(FORCE|ORDER BY .*)$")
"""What MySQL does to the rows of a table at once, and does not keep as a part of it."""


def outlives_rollback(case: MigrationCase, op: Op) -> bool:
    """Return whether a statement has an effect that outlives the rollback and that no other rule judges."""
    if isinstance(op, Statement):
        return op.effect is not False and _is_telling(op.command) and not _is_answered(case, op)
    if isinstance(op, Delete):
        # a downgrade() that does nothing is one finding, MRT101 or MRT102
        is_said = op.where is False or case.lacks_downgrade
        return not is_said and case.has_counterpart(op, Insert, BulkInsert) is UndoStatus.NO
    if not op.sql:
        return False
    if isinstance(op, DropObject):
        return op.kind not in _JUDGED and case.undone(op) is UndoStatus.NO and not _finds_nothing(case, op)
    if isinstance(op, AlterObject):
        is_judged = op.kind == "sequence" or is_new(case, op)  # a table that stays is MRT110's
        return not is_judged and not switches_back(case, op) and not _is_altered_back(case, op)
    return isinstance(op, RenameObject) and op.kind != "sequence" and case.undone(op) is UndoStatus.NO


def _is_of_table(other: Op, op: AlterObject) -> bool:
    """Return whether an operation changes the table of another one, as far as both names are known."""
    table = getattr(other, "table", None)
    return readable(table) and readable(op.name) and place(getattr(other, "schema", None), table) == place(op.schema, op.name)


def _finds_nothing(case: MigrationCase, op: DropObject) -> bool:
    """Return whether DROP … IF EXISTS does nothing: an earlier revision has dropped or renamed the thing, or the table it is on."""
    if op.if_exists is not True or not readable(op.name):
        return False
    schema = case.known_schema(case.dialect(op)).schema
    if readable(op.table) and schema.tables_by_place.get(place(op.schema, op.table), UNKNOWN) is None:
        return True
    return schema.objects_by_place.get(schema.place_of_object(op.kind, op.schema, op.name, op.table), UNKNOWN) is None


def is_in_block(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation of upgrade() is a statement in an anonymous block: DO."""
    return _BLOCK.match(statement_of(case.migration.upgrade_ops, op)) is not None


def statement_of(function: Iterable[Op], op: Op) -> str:
    """Return the text that an operation of a function was read from; nothing for one that is not from SQL."""
    text: object = ""
    for other in function if op.sql else ():
        if isinstance(other, Execute):
            text = other.statement
        if other is op:
            return text if isinstance(text, str) else ""
    return ""


def reverse_statement(op: Op) -> str:
    """Return the statement that would reverse an operation, the first words of it where the rest is not known."""
    if isinstance(op, Statement):
        return opposite_of_grant(op.text) or f"{_OPPOSITES.get(op.command, op.command)} …"
    if isinstance(op, AlterObject):
        return opposite_of_grant(op.text) or f"{_altered(op)} {opposite(op) or '…'}".replace("… …", "…")
    return sql_words(op).replace("DROP ", "CREATE ", 1) + " …"


def sql_words(op: Op) -> str:
    """Return the first words of the statement that an operation was read from."""
    if isinstance(op, Delete):
        return f"DELETE FROM {names(op)['table']}"
    if isinstance(op, AlterObject) and isinstance(op.action, str):
        is_whole = op.text and not readable(op.name) and HOLE not in op.text
        return " ".join(op.text.split()) if is_whole else f"{_altered(op)} {op.action}"
    return f"{op.op.replace('_', ' ').replace('rename', 'alter').upper()} {names(op)['name']}"


def _altered(op: AlterObject) -> str:
    return f"ALTER {op.kind.upper()} {names(op)['name']}"


def opposite_of_grant(text: str) -> str | None:
    """Return the REVOKE of a GRANT and the GRANT of a REVOKE, ALTER DEFAULT PRIVILEGES with them; None for anything else."""
    found = _GRANT.fullmatch(" ".join(text.split())) if HOLE not in text else None
    if found is None:
        return None
    before, what, whom = (found["before"] or "").rstrip(), found["what"], found["whom"]
    if found["verb"].upper() == "GRANT":
        words = [before, "REVOKE", what, "FROM", whom]
    else:
        option = f"WITH {found['option'].upper()} OPTION" if found["option"] else ""
        words = [before, "GRANT", what, "TO", whom, option]
    return " ".join(filter(None, words))


def guard_of(case: MigrationCase, op: Op) -> str:
    """Return where a statement of upgrade() has its condition: in a "block" of SQL, in "Python", "" where it has none.

    The roles that it names may be missing where the condition is not met.
    """
    text = statement_of(case.migration.upgrade_ops, op)
    if _BLOCK.match(text):
        if isinstance(op, Statement) and op.command == "DO":
            return ""
        return "block" if not op.certain or _GUARDED.search(text) else ""
    return "" if op.certain else "Python"


def _is_telling(command: str) -> bool:
    """Return whether a command shows what it does: SELECT only reads, EXECUTE runs text from elsewhere, a HOLE was not read."""
    return bool(command) and HOLE not in command and command not in {"SELECT", "EXECUTE", "PREPARE"}


def _is_answered(case: MigrationCase, op: Statement) -> bool:
    analysis = case.analysis(op)
    if analysis.may_do_anything or analysis.refuses:
        return True
    reverse = [other for other in analysis.reverse.values() if not (isinstance(other, Statement) and other.effect is False)]
    if op.effect is UNKNOWN:
        return any(other.sql or isinstance(other, DropObject) for other in reverse)
    commands = {op.command, _OPPOSITES.get(op.command)}
    if any(isinstance(other, Statement) and other.command in commands for other in reverse):
        return True
    return _goes_along(analysis, op.text)


def _goes_along(analysis: DowngradeAnalysis, text: str) -> bool:
    """Return whether a statement is about something that this migration makes and takes away: what it says of that goes along."""
    gone = {
        fold(name)
        for tracked in analysis.made
        if not tracked.exists or (tracked.table is not None and not tracked.table.exists)
        if isinstance(name := _name_of(tracked), str)
    }
    return any(fold(word) in gone for word in _WORD.findall(text))


def _name_of(tracked: TrackedObject) -> object:
    if isinstance(tracked, TrackedTable):
        return tracked.current_key[1]
    made = tracked.definition
    return made.index if isinstance(made, CreateIndex) else getattr(made, "name", None)


def _is_altered_back(case: MigrationCase, op: AlterObject) -> bool:
    analysis = case.analysis(op)
    if analysis.may_do_anything or analysis.refuses or analysis.makes_anew(op, op.kind, op.name):
        return True
    # a replica identity stays without its index, as NOTHING
    said_of = "" if str(op.action).startswith("REPLICA IDENTITY") else f"{op.name} {op.action}"
    if _PASSING.match(str(op.action)) or _goes_along(analysis, said_of):
        return True
    if op.kind == "table" and not readable(op.action) and any(_is_of_table(other, op) for other in analysis.reverse.values()):
        return True  # what it does is not known, and downgrade() changes the table, too
    return any(
        isinstance(other, AlterObject | DropObject) and (other.kind, other.name) == (op.kind, op.name)
        for other in analysis.reverse.values()
    )
