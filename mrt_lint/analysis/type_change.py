"""Which changes of a column's type are provably harmless: no value can be lost and no row is rewritten."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.session_zone import changes_zone, keeps_moments, names_zone, sets_session_zone
from mrt_lint.analysis.sql_names import sql_path
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.advice import literal
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn, Update
from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import UNKNOWN, Column, SqlType
from mrt_lint.online import TableChange, change_of_type, lost_members

# longer than any length that can be declared
_UNBOUNDED = 1 << 31
_LONGEST = 10_485_760
"""The longest VARCHAR of PostgreSQL; a longer one is meant for a database that makes something else of it."""
_WITHOUT_COPY = frozenset({None, TableChange.WIDEN_VARCHAR, TableChange.APPEND_MEMBERS})
_ENUM_FAMILY = "ENUM"
_FLOATS = frozenset({"FLOAT", "DOUBLE", "DOUBLE_PRECISION", "DOUBLE PRECISION", "REAL"})
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT"})
_SIZES = {"SMALLINT": 2, "INTEGER": 4, "BIGINT": 8}
_KEPT = frozenset({("TEXT", "JSON"), ("VARCHAR", "JSON"), ("JSONB", "JSON")})
"""Types that PostgreSQL rewrites into one another, and whose values come back from it as they were."""
# PostgreSQL: float(1) to float(24) select real (manual, "Floating-Point Types")
_SINGLE = 24
_TIMES = frozenset({"TIMESTAMP", "TIME", "INTERVAL"})
_MICROSECONDS = 6
_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_COERCIBLE = frozenset(
    {
        ("CIDR", "INET"),
        ("VARCHAR", "CITEXT"),
        ("TEXT", "CITEXT"),
        ("CITEXT", "TEXT"),
        ("CITEXT", "VARCHAR"),
        ("BIT", "VARBIT"),
        ("XML", "TEXT"),
        ("XML", "VARCHAR"),
    }
)
"""Types that PostgreSQL takes for one another as they are stored (pg_cast.castmethod = 'b')."""
_OTHER_ORDER = frozenset({"CITEXT"})
"""Types whose values compare otherwise than those that are stored alike, so that indexes are rebuilt."""


def is_harmless(former: SqlType, new: SqlType, dialect: str) -> bool:
    """Return whether the change neither loses a value nor rewrites the table on that database.

    Sources: PostgreSQL 9.2 release notes, E.24.3.4.2 (varchar, varbit, numeric, timestamps and intervals widened without a
    rewrite), pg_cast (types that are stored alike), SQLite “Datatypes” (lengths are not kept); those of MySQL and MariaDB are in
    `mrt_lint.online`.
    """
    if former == new:
        return True
    if dialect in FAMILY:
        change = change_of_type(former, new, dialect)
        return change in _WITHOUT_COPY or (change is TableChange.CHANGE_COLLATION and dialect == "mariadb")
    if former.collation != new.collation or former.item is not None or new.item is not None:
        return False
    if _ENUM_FAMILY in {former.name, new.name}:
        return _is_same_enum(former, new) if dialect == "postgresql" else _is_as_long(former, new, dialect)
    if former.name == new.name and former.name in {"VARCHAR", "VARBIT"}:
        return _is_wider_text(former, new)
    return _is_stored_alike(former, new, dialect)


def _is_stored_alike(former: SqlType, new: SqlType, dialect: str) -> bool:
    if {former.name, new.name} <= set(_SIZES) and dialect == "sqlite":
        return True  # every INTEGER takes as many bytes as its value needs
    if {former.name, new.name} <= _FLOATS:
        # SQLite keeps every REAL in eight bytes
        return dialect == "sqlite" or _bits(former) == _bits(new)
    if (former.name, new.name) == ("VARCHAR", "TEXT"):
        return True
    if (former.name, new.name) == ("TEXT", "VARCHAR"):
        return not new.args
    if former.name == new.name == "NUMERIC":
        return _is_wider_number(former, new)
    if former.name == new.name and former.name in _TIMES:
        return former.timezone == new.timezone and _is_more_precise(former, new)
    return dialect == "postgresql" and not new.args and (former.name, new.name) in _COERCIBLE


def spares_rows(case: MigrationCase, op: AlterColumn, former: SqlType, new: SqlType) -> bool:
    """Return whether an operation neither loses a value nor rewrites the table, in the session that it runs in."""
    in_utc = case.dialect(op) == "postgresql" and keeps_moments(former, new) and sets_session_zone(case, op, to_utc=True)
    return not computes(op) and (in_utc or is_harmless(former, new, case.dialect(op)))


def loses_nothing(former: SqlType, new: SqlType) -> bool:
    """Return whether PostgreSQL writes every row again, but keeps each value so that the former one can be made of it.

    Source: “Data Types” (https://www.postgresql.org/docs/current/datatype.html): JSON is kept as the text that it was, JSONB is
    not; two enums are converted by their labels.
    """
    if is_named(former):
        return is_named(new) or _takes_any_text(new)
    if former.item is not None or new.item is not None:
        return False
    if former.name in _SIZES:
        return _SIZES[former.name] <= _SIZES.get(new.name, 0) or (new.name == "NUMERIC" and not new.args) or _takes_any_text(new)
    if {former.name, new.name} <= _FLOATS:
        return _bits(former) <= _bits(new)
    if former.name == new.name == "NUMERIC" and former.args:
        return not new.args or all(one <= other for one, other in zip(_digits(former), _digits(new), strict=True))
    if (former.name, new.name) == ("DATE", "TIMESTAMP"):
        return new.timezone is not True
    return (former.name, new.name) in _KEPT or (former.name in {"JSON", "JSONB", "UUID"} and _takes_any_text(new))


def is_named(kind: SqlType) -> bool:
    """Return whether a type is an enum of the database's, or is known by its name only."""
    return kind.name == "ENUM" or (readable(kind.type_name) and kind.type_name == kind.name)


def is_changed_before(case: MigrationCase, op: AlterColumn) -> bool:
    """Return whether upgrade() changes values of the column before, as one does for those that the new type has not."""
    table = case.state_before(op).table
    updates = (other for other in case.earlier(op) if isinstance(other, Update) and case.state_before(other).table is table)
    return any(other.columns is UNKNOWN or op.column in other.columns for other in updates)


def _takes_any_text(kind: SqlType) -> bool:
    return kind.name in {"TEXT", "VARCHAR"} and not kind.args


def rewriting(case: MigrationCase, op: AlterColumn, former: object, named: object) -> dict[str, str] | None:
    """Return the words about a change in which PostgreSQL loses no value: what comes of it, and what to do first."""
    if not isinstance(former, SqlType) or not isinstance(named, SqlType) or case.dialect(op) != "postgresql":
        return None
    is_moment = changes_zone(former, named) and (not computes(op) or names_zone(op))
    if not is_moment and (computes(op) or not loses_nothing(former, named)):
        return None
    state = case.state_before(op)
    where = "" if is_changed_before(case, op) else _refused_values(_labelled(former, state.type), _labelled(named, state.new_type))
    unless = ", unless the session's TimeZone is UTC" if keeps_moments(former, named) and not computes(op) else ""
    words = {"outcome": f"it fails where {where}, and" if where else "no value is lost, but", "first": "", "unless": unless}
    if where:
        words["first"] = "change such values in an UPDATE before; or "
    if str(former) == str(named):
        words |= {"former": f"the former {former}", "new": "the new one of that name"}
    return words


def labels_added(case: MigrationCase, op: AlterColumn) -> str:
    """Return how labels get into an enum that is made again only for them; nothing where more than that changes."""
    state = case.state_before(op)
    old, new = state.type, state.new_type
    if (
        not isinstance(old, SqlType)
        or not isinstance(new, SqlType)
        or not readable(new.type_name)
        or old.type_name != new.type_name
    ):
        return ""
    if not isinstance(old.members, tuple) or not isinstance(new.members, tuple) or not set(old.members) < set(new.members):
        return ""
    path = sql_path(new.schema if readable(new.schema) else None, new.type_name, "postgresql")
    added = [in_quotes(str(label), "'") for label in new.members if label not in old.members]
    calls = "; ".join(f"op.execute({literal(f'ALTER TYPE {path} ADD VALUE {label}')})" for label in added)
    return f"add to the type itself, which rewrites nothing: with op.get_context().autocommit_block(): {calls}"


def _labelled(kind: SqlType, known: object) -> SqlType:
    """Return a type with the labels that the enum of its name has when the operation comes."""
    return known if isinstance(known, SqlType) and is_named(kind) and known.type_name == kind.type_name else kind


def _refused_values(former: SqlType, new: SqlType) -> str:
    """Return which values a new type that loses none refuses, as a clause; nothing if it takes all."""
    if new.name == "JSON" and former.name in {"TEXT", "VARCHAR"}:
        return "a value is no JSON"
    if not (is_named(former) and is_named(new)):
        return ""
    lost = lost_members(former, new)
    if lost:
        return f"a row holds {' or '.join(map(repr, lost))}"
    is_known = all(isinstance(kind.members, tuple) and UNKNOWN not in kind.members for kind in (former, new))
    return "" if is_known else "a row holds a label that the new type has not"


def computes(op: AlterColumn) -> bool:
    """Return whether USING makes other values, or what could not be read, of the column's: more than a cast."""
    if op.using is None:
        return False
    if not isinstance(op.using, str) or not isinstance(op.column, str):
        return True
    name = rf'"?{re.escape(op.column)}"?'
    kind = r"""[\w (),."[\]]+"""
    cast = rf"\(*{name}\)*(\s*::{kind})*|cast\s*\(\s*{name}\s+as\s{kind}\)"
    return re.fullmatch(cast, op.using, re.IGNORECASE) is None


def is_narrowing(former: SqlType, new: SqlType, dialect: str) -> bool:
    """Return whether values that the former type holds provably do not fit into the new one on that database.

    SQLite keeps neither lengths nor precisions, and Alembic's batch mode casts only where the kind of type is another: an
    integer in the place of a number with a fraction loses that everywhere.
    """
    if dialect in FAMILY and lost_members(former, new):
        return True
    if former.name in {"TIMESTAMP", "DATETIME"} and new.name in {"DATE", "TIME"}:
        return True
    if loses_fraction(former, new):
        return True
    if dialect == "sqlite":
        return False
    if former.name == new.name == "INTERVAL":
        finest, new_finest = _finest(former), _finest(new)
        return finest is not None and new_finest is not None and new_finest < finest
    if former.name == new.name == "VARCHAR" or (former.name, new.name) == ("TEXT", "VARCHAR"):
        length, new_length = _length(former), _length(new)
        return length is not None and new_length is not None and new_length < min(length, _LONGEST)
    if former.name == new.name == "NUMERIC" and former.args and new.args:
        whole, scale = _digits(former)
        new_whole, new_scale = _digits(new)
        return new_whole < whole or new_scale < scale
    return former.name in _SIZES and new.name in _SIZES and _SIZES[new.name] < _SIZES[former.name]


def loses_fraction(former: SqlType, new: SqlType) -> bool:
    """Return whether an integer replaces numbers with a fraction: every database rounds or truncates them, none refuses."""
    return new.name in _INTEGERS and (former.name in _FLOATS or (former.name == "NUMERIC" and _digits(former)[1] > 0))


def _is_same_enum(former: SqlType, new: SqlType) -> bool:
    return former.name == new.name and isinstance(former.type_name, str) and former.type_name == new.type_name


def _is_as_long(former: SqlType, new: SqlType, dialect: str) -> bool:
    """Return whether the VARCHAR that SQLAlchemy makes of an enum, where the database has none, takes the labels of another."""
    if former.name != new.name or not isinstance(former.members, tuple) or not isinstance(new.members, tuple):
        return False
    if UNKNOWN in former.members or UNKNOWN in new.members:
        return False
    longest, new_longest = (max((len(str(member)) for member in members), default=0) for members in (former.members, new.members))
    return dialect == "sqlite" or new_longest >= longest


def _bits(number: SqlType) -> int:
    """How many bits a floating point number takes on PostgreSQL: FLOAT is FLOAT(53), up to FLOAT(24) is REAL."""
    short = number.args and isinstance(number.args[0], int) and number.args[0] <= _SINGLE
    return 32 if short or number.name == "REAL" else 64


def _length(text: SqlType) -> int | None:
    if not text.args:
        return _UNBOUNDED
    return text.args[0] if isinstance(text.args[0], int) else None


def _is_wider_text(former: SqlType, new: SqlType) -> bool:
    length, new_length = _length(former), _length(new)
    return length is not None and new_length is not None and new_length >= length


def _finest(span: SqlType) -> int | None:
    """Return the place among the units of the finest one that an INTERVAL keeps: it drops smaller ones, but no larger ones."""
    last = "SECOND" if span.fields is None else span.fields.split()[-1] if isinstance(span.fields, str) else ""
    return _UNITS.index(last) if last in _UNITS else None


def _is_more_precise(former: SqlType, new: SqlType) -> bool:
    """Return whether a moment or span keeps as much: its units, and digits of a second; without a number it keeps all six."""
    finest, new_finest = _finest(former), _finest(new)
    if finest is None or new_finest is None or new_finest < finest:
        return False
    if finest < len(_UNITS) - 1:
        return True
    known = (kind.args[0] if kind.args else _MICROSECONDS for kind in (former, new))
    precision, new_precision = (number if isinstance(number, int) else None for number in known)
    return precision is not None and new_precision is not None and new_precision >= precision


def _digits(number: SqlType) -> tuple[int, int]:
    precision = number.args[0] if number.args and isinstance(number.args[0], int) else _UNBOUNDED
    scale = number.args[1] if len(number.args) > 1 and isinstance(number.args[1], int) else 0
    return precision - scale, scale


def _is_wider_number(former: SqlType, new: SqlType) -> bool:
    if not new.args:
        return True
    if not former.args or not all(isinstance(number, int) for number in former.args + new.args):
        return False
    (whole, scale), (new_whole, new_scale) = _digits(former), _digits(new)
    return scale == new_scale and new_whole >= whole


def looked_through(case: MigrationCase, op: AlterColumn, new: SqlType) -> str:
    """Return what PostgreSQL does for a new type of a column that rewrites nothing, as a clause; nothing if that is nothing.

    Seen on PostgreSQL 15 by its DEBUG1 messages "verifying table" and "building index".
    """
    table = case.known_schema("postgresql").schema.table(op.table, op.schema) if readable(op.table) else None
    if not isinstance(table, ReplayedTable) or not readable(op.column):
        return ""
    name = re.compile(rf"(?<![\w.]){re.escape(fold(op.column))}(?!\w)")
    for check in table.known_constraints("check"):
        if readable(check.condition) and name.search(check.condition.casefold()):
            called = f"CHECK '{check.name}'" if readable(check.name) else "its CHECK"
            return f"it looks at every row for {called} again"
    former = table.columns.get(fold(op.column))
    kind = former.type if isinstance(former, Column) else None
    other = isinstance(kind, SqlType) and (bool({new.name, kind.name} & _OTHER_ORDER) or changes_zone(kind, new))
    for index in table.known_indexes() if other else ():
        if isinstance(index.columns, tuple) and op.column in index.columns:
            return f"it builds index '{index.index}' again"
    return ""
