"""MRT803."""

import re
import sys
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import HOLE

_SCHEMA = re.compile(rf'(?<![\w.]){HOLE}\.?(?=["`\[]?\w)')
"""A hole right before a name: `{schema}users`, `{schema}.users`."""
_QUOTED = re.compile(r"'(?:[^']|'')*'" + r'|"(?:[^"]|"")*"|`(?:[^`]|``)*`')
"""A string, or a name in quotes."""
_COMMENT = re.compile(rf"\s*COMMENT\s+ON\b.*\bIS\s+(?P<text>{HOLE})[\s;]*", re.IGNORECASE | re.DOTALL)
"""A comment that comes with its quotes: a name cannot be there."""
_STRING = re.compile(r"'(?:[^']|'')*'")
_QUALIFIED = re.compile(rf"'{HOLE}\.?\w+'")
_VALUE = re.compile(rf"(=|<|>|\bIN|\bVALUES|\bLIKE|\bWHEN|\bTHEN|\bELSE|,|\()\s*['(]?\s*{HOLE}", re.IGNORECASE)
_NAME = re.compile(rf"\b(INTO|FROM|UPDATE|JOIN|TABLE|SEQUENCE|INDEX)\s+[\"`]?{HOLE}", re.IGNORECASE)
"""A hole that is a name, which cannot be passed as a parameter."""
_LIST = re.compile(rf"\bIN\s*\(\s*{HOLE}\s*\)", re.IGNORECASE)
_CLAUSE = re.compile(
    rf"(?<![,(=<>])(?<!\bBY)(?<!\bAS)\s+{HOLE}\s*(?:$|;|\)|\b(?:WHERE|AND|OR|GROUP|ORDER|HAVING|LIMIT|RETURNING|ON)\b)",
    re.IGNORECASE,
)
"""A hole that is a condition, or a clause with its keyword."""
_BRANCHES = re.compile(rf"\bCASE\b(\s+[\w.\"`]+)?\s+{HOLE}(\s+ELSE\b[^()]*?)?\s+END\b", re.IGNORECASE)
"""A hole that is all the branches of a CASE."""
_ROWS = re.compile(r"\s*(UPDATE|INSERT|DELETE|REPLACE|MERGE|WITH|SELECT)\b", re.IGNORECASE)
_RESTART = re.compile(rf"^\s*ALTER\s+SEQUENCE\s+(IF\s+EXISTS\s+)?(?P<name>[\w.]+)?.*\bRESTART\s+(WITH\s+)?{HOLE}", re.IGNORECASE)
_BLOCK = re.compile(r"\s*DO\b", re.IGNORECASE)
_BESIDE = 'op.execute(sa.text("{}").bindparams(value=…))'
_SET = "SELECT set_config('migration.value', :value, true)"
_AROUND = 24
_TOOLS = frozenset({"sqlalchemy", "alembic", *sys.stdlib_module_names})


class AssembledSql(Rule):
    """SQL is put together from values that the file does not show.

    Neither a reviewer nor this linter can know what the migration will run; it may differ from one database to
    the next. A value between the quotes of the text also breaks it as soon as it holds a quote itself.
    """

    code = "MRT803"
    name = "assembled-sql"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "what runs here depends on values that cannot be read in the file: {text}"
    instead = "{safe}"
    manual = ("SQLAlchemy, text() and bind parameters: https://docs.sqlalchemy.org/en/20/core/sqlelement.html",)
    exemptions = (
        "The value is read: a constant, an f-string of constants, a loop over literals, a bind parameter.",
        "Only the schema before a name cannot be read: {schema}.users.",
        "It is a name in quotes, written there or by SQLAlchemy's `identifier_preparer`.",
        "All of it is in the file, which imports nothing but SQLAlchemy, Alembic and the standard library, and no row decides.",
        "The statement only reads, like SELECT, or it could not be read at all, as when it comes from another module.",
    )

    bad = (
        Example(
            title="A value in the text, a name from elsewhere",
            source="""
            from app.settings import table_names, owner

            def upgrade():
                op.execute(f"UPDATE users SET owner = '{owner}'")  # MRT803
                op.execute("ALTER TABLE " + table_names[0] + " ADD COLUMN age integer")  # MRT803
            """,
        ),
        Example(
            title="A value that comes from a row of the database",
            source="""
            def upgrade():
                for row in op.get_bind().execute(sa.text("SELECT id, name FROM users")):
                    op.execute(f"UPDATE users SET name = '{row.name.strip()}' WHERE id = 1")  # MRT803
            """,
        ),
        Example(
            title="Out of the environment, before a dot",
            source="""
            import os

            def upgrade():
                region = os.environ["REGION"]
                op.execute(sa.text(f"UPDATE users SET public_id = '{region}.users.' || public_id"))  # MRT803
                op.execute(f"UPDATE users SET note = 'in {os.getenv('REGION')}'")  # MRT803
            """,
        ),
    )
    good = (
        Example(
            title="A bind parameter, names that are written down",
            source="""
            from app.settings import owner

            TABLES = ("users", "teams")

            def upgrade():
                op.execute(sa.text("UPDATE users SET owner = :owner").bindparams(owner=owner))
                for table in TABLES:
                    op.execute(f"ALTER TABLE {table} ADD COLUMN age integer")
            """,
        ),
        Example(
            title="Names in quotes, whatever they are",
            source="""
            from app.tenants import schema_of

            def upgrade():
                preparer = op.get_bind().dialect.identifier_preparer
                for tenant in op.get_bind().execute(sa.text("SELECT id FROM tenants")):
                    op.execute(f"CREATE TABLE {preparer.quote(schema_of(tenant.id))}.notes (id int)")
                    op.execute(f'ALTER TABLE "notes_{tenant.id}" ADD note text')
            """,
        ),
        Example(
            title="All of it is in the file",
            source="""
            KINDS = ("a", "b")

            def quoted(words):
                return ", ".join(map(lambda word: f"'{word}'", words))

            def upgrade():
                op.execute(f"CREATE TYPE kind AS ENUM ({quoted(KINDS)})")
                op.execute(f"UPDATE users SET active = {sa.false().compile(op.get_bind())}")
            """,
        ),
        Example(
            title="The schema before a name, in a string too, a statement that reads",
            source="""
            from app.settings import schema

            def upgrade():
                op.execute(f"ALTER TABLE {schema}.users ADD COLUMN age integer")
                op.execute(f"ALTER TABLE users ALTER COLUMN id SET DEFAULT nextval('{schema}.users_id_seq')")
                op.get_bind().execute(sa.text(f"SELECT count(*) FROM {schema}"))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every statement with a hole that it does something with, in either function."""
        closed = _is_closed(case.migration)
        for operations in (case.migration.upgrade_ops, case.migration.downgrade_ops):
            for place, op in enumerate(operations):
                if not isinstance(op, ops.Execute) or not isinstance(op.statement, str) or not case.runs(op):
                    continue
                if closed and op.certain:
                    continue
                text = _without_schema(_without_quoted(op.statement, case.dialect(op)))
                if HOLE in text and not _only_reads(operations[place + 1 :]):
                    yield self.found(
                        case.migration, op, text=_part(text), safe=_safe(text) + _or_written_down(case.migration, text)
                    )


def _without_quoted(statement: str, dialect: str) -> str:
    """Return a statement without the holes in names that are in quotes, and without a comment that comes with its own."""

    def keep(found: re.Match[str]) -> str:
        is_text = found[0][0] == "'" or (found[0][0] == '"' and dialect in FAMILY)
        return found[0] if is_text else found[0].replace(HOLE, "x")

    text = _QUOTED.sub(keep, statement)
    comment = _COMMENT.fullmatch(text)
    return text[: comment.start("text")] + "''" if comment else text


def _or_written_down(migration: Migration, text: str) -> str:
    """Return what else to do with a value in a file that imports from the application: what it imports is its own tomorrow."""
    is_value = _ROWS.match(text) and not any(other.search(text) for other in (_NAME, _LIST, _CLAUSE))
    own = any(each.module.partition(".")[0] not in _TOOLS for each in migration.imports)
    return "; where it comes from the application, write down what it is at this revision instead" if is_value and own else ""


def _without_schema(statement: str) -> str:
    """Return a statement without the holes that are a schema; in a string a hole is one only where it holds nothing but a name."""
    values = [text for text in _STRING.findall(statement) if HOLE in text and not _QUALIFIED.fullmatch(text)]
    return _SCHEMA.sub("", statement) if not values else statement


def _is_closed(migration: Migration) -> bool:
    """Return whether the file takes nothing from elsewhere, except what rows and catalogues hold: a person can read all of it."""
    outside = ("os", "sys", "context")
    return all(
        each.module.partition(".")[0] in _TOOLS and not {each.module, *each.names} & set(outside) for each in migration.imports
    )


def _only_reads(following: tuple[ops.Op, ...]) -> bool:
    """Return whether everything that an Execute performs leaves the database as it was, given what follows it."""
    for op in following:
        if not op.sql:
            return True
        if not isinstance(op, ops.Statement) or op.effect is not False:
            return False
    return True


def _part(text: str) -> str:
    """Return the first hole with the text around it."""
    words = " ".join(text.split())
    at = words.index(HOLE)
    start, end = max(0, at - _AROUND), at + _AROUND
    shown = words[start:end].replace(HOLE, "?").strip()
    return f"{'…' if start else ''}{shown}{'…' if end < len(words) else ''}"


def _safe(text: str) -> str:
    if _LIST.search(text) and text.count(HOLE) == 1:
        return 'bind the list as one: sa.text("… IN :values").bindparams(sa.bindparam("values", expanding=True, value=[…]))'
    if _BRANCHES.search(text):
        return (
            "build the CASE of bound values: sa.case({value: result, …}, value=table.c.column) in table.update().values(…); where "
            "the pairs are known today, write them down in the migration"
        )
    in_string = any(HOLE in string for string in _STRING.findall(text))
    if _ROWS.match(text) and not _NAME.search(text):
        if in_string and not _VALUE.search(text):
            return "pass the value beside the SQL, joined to what is constant: " + _BESIDE.format("… '…' || :value")
        if _VALUE.search(text):
            return f"pass the value beside the SQL: {_BESIDE.format('… = :value')}"
        if _CLAUSE.search(text):
            return (
                f"write the clause into the SQL, and pass what it compares with beside it: {_BESIDE.format('… WHERE … < :value')}"
            )
    if in_string and _BLOCK.match(text):
        return (
            "a DO block takes no parameter: hand the value over by a setting of the transaction, "
            f"{_BESIDE.format(_SET)}, and read it in the block: current_setting('migration.value')"
        )
    if found := _RESTART.search(text):
        call = f"SELECT setval('{found['name'] or '…'}', :value, false)"
        return f"pass the number beside SQL that takes one: {_BESIDE.format(call)}"
    return (
        "write it down in the migration, as it is at this revision: in constants, or in a loop over literals; a name that differs "
        "from one database to the next, quote it: op.get_bind().dialect.identifier_preparer.quote(…)"
    )
