"""MRT446."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.copied_rows import Copy, copied_key, copied_values, doubled_keys, found_none, found_several
from mrt_lint.analysis.many_to_one import merged_values
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.analysis.type_change import is_narrowing
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_TEXTS = frozenset({"VARCHAR", "TEXT"})
_LOOKS_AT_LENGTH = re.compile(r"\b(char_|character_|octet_)?length\s*\(", re.IGNORECASE)
_TABLES = """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))
                op.create_table("staff", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(63)))
            """


class RefusedCopy(Rule):
    """Rows are copied to a column that is shorter than where they come from, or to a key that takes each value once.

    The rows of a test fit. In production one name is longer, or two are the same: the statement fails and the deployment stops, or
    MySQL in a mode that is not strict cuts values off. So it is where a subquery is to find one value, and finds two.
    """

    code = "MRT446"
    name = "refused-copy"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade copies '{source}.{from_column}' ({former}) to {the_target} ({new}): {outcome} where a value is longer"
    instead = (
        "make the column as long, or shorten such values in the statement; look for them first: SELECT {sql_from} FROM "
        "{sql_source} WHERE char_length({sql_from}) > {length}"
    )
    twice = DialectWording(
        message="upgrade copies ({columns}) of '{source}' to {the_table}, unique there: it fails where two rows hold the same",
        instead=(
            "use SELECT DISTINCT, or GROUP BY to choose one of such rows; look for them first: SELECT {sql_from}, count(*) FROM "
            "{sql_source} GROUP BY {sql_from} HAVING count(*) > 1"
        ),
    )
    with_key = DialectWording(
        message=twice.message,
        instead=(
            "change or delete all but one of such rows first, as SELECT DISTINCT takes all of them for the '{own}' that it copies, "
            "too; look for them: SELECT {sql_from}, count(*) FROM {sql_source} GROUP BY {sql_from} HAVING count(*) > 1"
        ),
    )
    merged = DialectWording(
        message=(
            "upgrade changes '{column}' of {the_table} by {function}(), and ({columns}) is unique there: it fails where two rows "
            "come to the same"
        ),
        instead=(
            "change or delete all but one of such rows first; look for them: SELECT {sql_from}, count(*) FROM {sql_table} GROUP BY "
            "{sql_from} HAVING count(*) > 1"
        ),
    )
    several = DialectWording(
        message="upgrade takes '{column}' of {the_table} from '{source}': it fails where several rows there have the same {keys}",
        instead=(
            "choose one of them: max({sql_from}), or ORDER BY … LIMIT 1; look for them first: SELECT {sql_keys}, count(*) FROM "
            "{sql_source} GROUP BY {sql_keys} HAVING count(*) > 1"
        ),
    )
    none = DialectWording(
        message="upgrade takes '{column}' of {the_table}, which is NOT NULL, from '{source}': it fails where none has its {keys}",
        instead="give such rows another value, coalesce((SELECT …), …), or leave them alone: WHERE EXISTS (SELECT …)",
    )
    manual = (
        "PostgreSQL, “Character Types”: https://www.postgresql.org/docs/current/datatype-character.html",
        "MySQL, “Server SQL Modes”: https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sql-mode-strict",
    )
    exemptions = (
        "The type or the keys of a table that the rows come from are not known.",
        "The statement looks at the length of a value, or computes it (but for a key from itself); SQLite keeps no lengths.",
        "What is copied is a key there already, or the statement chooses rows: WHERE, DISTINCT, GROUP BY, ON CONFLICT, IGNORE.",
        "The key has a column that the statement does not fill from the same table.",
        "A subquery asks for more than equal columns, for those of a key, or of a table that `upgrade()` makes or deletes rows of.",
    )

    bad = (
        Example(
            title="Too long",
            before=(_TABLES,),
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.execute("INSERT INTO staff (id, name) SELECT id, name FROM users")  # MRT446
                op.execute("UPDATE staff SET name = u.name FROM users u WHERE u.id = staff.id")  # MRT446
            """,
        ),
        Example(
            title="Several values for one row",
            before=(_TABLES,),
            source="""
            def upgrade():
                op.add_column("staff", sa.Column("user_id", sa.Integer))
                op.execute("UPDATE staff SET user_id = (SELECT u.id FROM users u WHERE u.name = staff.name)")  # MRT446
            """,
        ),
        Example(
            title="Several values of a key made one",
            before=(
                """
            def upgrade():
                op.create_table("tags", sa.Column("name", sa.String(80), unique=True))
            """,
            ),
            source="""
            def upgrade():
                op.execute("UPDATE tags SET name = replace(name, '.', '_')")  # MRT446
            """,
        ),
        Example(
            title="Twice the same",
            before=(_TABLES,),
            source="""
            def upgrade():
                op.create_table("names", sa.Column("name", sa.String(80), unique=True))
                op.execute("INSERT INTO names (name) SELECT name FROM users WHERE name IS NOT NULL")  # MRT446
                op.create_table("initials", sa.Column("name", sa.String(80)))
                op.execute("INSERT INTO initials (name) SELECT u.name FROM users u")  # MRT446
                op.create_unique_constraint("uq_initials", "initials", ["name"])
            """,
        ),
    )
    good = (
        Example(
            title="Shortened, or chosen by length",
            before=(_TABLES,),
            source="""
            def upgrade():
                op.execute("INSERT INTO staff (id, name) SELECT id, left(name, 63) FROM users")
                op.execute("INSERT INTO staff (id, name) SELECT id, name FROM users WHERE char_length(name) < 64")
                op.execute("UPDATE users SET name = s.name FROM staff s WHERE s.id = users.id")
            """,
        ),
        Example(
            title="One value for each row",
            before=(_TABLES,),
            source="""
            def upgrade():
                op.add_column("staff", sa.Column("nick", sa.String(80)))
                op.execute("UPDATE staff SET nick = (SELECT u.name FROM users u WHERE u.id = staff.id)")
                op.execute("UPDATE staff SET nick = (SELECT min(u.name) FROM users u WHERE u.name = staff.name)")
            """,
        ),
        Example(
            title="Once each",
            before=(_TABLES,),
            source="""
            def upgrade():
                op.create_table("names", sa.Column("id", sa.Integer, unique=True), sa.Column("name", sa.String(80), unique=True))
                op.execute("INSERT INTO names (name) SELECT DISTINCT name FROM users")
                op.execute("INSERT INTO names (name) SELECT name FROM users GROUP BY name")
                op.execute("INSERT INTO names (name) SELECT name FROM users ON CONFLICT DO NOTHING")
                op.execute("INSERT INTO names (id) SELECT id FROM users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every statement that copies what may be refused."""
        for op in case.ops_for(self, ops.Insert, ops.Update, new_tables=True):
            text, dialect = statement_of(case.migration.upgrade_ops, op), case.dialect(op)
            for copy in copied_values(case, op):
                known = copy.former.name in _TEXTS and copy.new.name in _TEXTS and is_narrowing(copy.former, copy.new, dialect)
                if known and not _LOOKS_AT_LENGTH.search(text):
                    yield self._too_long(case, op, copy)
            if isinstance(op, ops.Update):
                yield from self._lookups(case, op, dialect)
                yield from self._merged(case, op, text)
            for source, columns in doubled_keys(case, op, text):
                found = {**names(op, dialect), "source": source, "columns": ", ".join(columns)}
                found |= {
                    "sql_source": sql_path(None, source, dialect),
                    "sql_from": ", ".join(sql_name(name, dialect) for name in columns),
                }
                own = copied_key(case, op, source)
                yield self.found(case.migration, op, self.with_key if own else self.twice, **found, own=", ".join(own))

    def _lookups(self, case: MigrationCase, op: ops.Update, dialect: str) -> Iterator[Finding]:
        """Yield a finding for each subquery that may find several values (SQLite takes any), or none for a NOT NULL column."""
        wordings = [(self.none, found_none(case, op))]
        if dialect != "sqlite":
            wordings.append((self.several, found_several(case, op)))
        for wording, flows in wordings:
            for flow in flows:
                keys = [str(inner) for inner, _ in flow.found_by]
                found = {**names(op, dialect), "column": flow.column, "source": flow.table, "keys": ", ".join(map(repr, keys))}
                found |= {"sql_source": sql_path(None, str(flow.table), dialect), "sql_from": sql_name(str(flow.source), dialect)}
                found["sql_keys"] = ", ".join(sql_name(key, dialect) for key in keys)
                yield self.found(case.migration, op, wording, **found)

    def _merged(self, case: MigrationCase, op: ops.Update, text: str) -> Iterator[Finding]:
        """Yield a finding for each key of which the statement makes several values one."""
        dialect = case.dialect(op)
        for each in merged_values(case, op, text):
            found = {**names(op, dialect), "column": each.column, "function": each.function}
            found["columns"] = ", ".join((*each.others, each.column))
            found["sql_from"] = ", ".join((*(sql_name(name, dialect) for name in each.others), each.expression))
            yield self.found(case.migration, op, self.merged, **found)

    def _too_long(self, case: MigrationCase, op: ops.Insert | ops.Update, copy: Copy) -> Finding:
        dialect = case.dialect(op)
        outcome = "it fails, or cuts values off where sql_mode is not strict," if dialect in FAMILY else "it fails"
        target = f"'{names(op, dialect)['table']}.{copy.column}'"
        found = {"source": copy.source, "from_column": copy.source_column, "the_target": target, "length": copy.new.args[0]}
        found |= {"sql_source": sql_path(None, copy.source, dialect), "sql_from": sql_name(copy.source_column, dialect)}
        return self.found(case.migration, op, former=copy.former, new=copy.new, outcome=outcome, **found)
