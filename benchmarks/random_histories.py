"""Random histories whose truth is known, verified on real databases: every verdict has to be the expected one.

usage: python benchmarks/random_histories.py [MIGRATIONS] [URL ...]

MIGRATIONS: how many to try on each database (default 1000). URL: sqlite:// (default), or a server's. Prints each wrong
verdict with the history that led to it, as small as hypothesis can make it.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.random_zoo import change_zoo, open_zoo
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import connect
from mrt_runtime.verify.session import Verification

LENGTH = 12
ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool
engine = engine_from_config(context.config.get_section(context.config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\ndown_revision = {parent!r}\n\n\n"
VALUES = {"String(40)": "'zz'", "Text()": "'zz'", "Integer()": "7", "Numeric(10, 2)": "7.77", "DateTime()": "'2001-02-03 04:05:06'"}
WIDER = {"String(40)": "String(90)", "Integer()": "BigInteger()", "Numeric(10, 2)": "Numeric(14, 2)"}
NARROWER = {"String(40)": "String(2)", "Numeric(10, 2)": "Numeric(10, 0)"}


@dataclass
class Column:
    """A column as the history made it; `busy` ones have an index or a key on them."""

    name: str
    type: str
    nullable: bool
    busy: bool = False
    default: str = ""

    def define(self) -> str:
        """Write it as an argument of create_table or add_column."""
        default = f", server_default=sa.text({self.default!r})" if self.default else ""
        return f'sa.Column("{self.name}", sa.{self.type}, nullable={self.nullable}{default})'

    def existing(self) -> str:
        """Write what alter_column has to be told."""
        default = f"sa.text({self.default!r})" if self.default else "None"
        return f"existing_type=sa.{self.type}, existing_nullable={self.nullable}, existing_server_default={default}"


@dataclass
class Table:
    """A table as the history made it; `children` counts foreign keys to it, `filled` tells that a migration put rows there."""

    name: str
    columns: list[Column]
    children: int = 0
    filled: bool = False
    indexes: dict[str, Column] = field(default_factory=dict)

    def create(self) -> str:
        """Write the create_table that makes it anew, without its indexes."""
        parts = ['sa.Column("id", sa.Integer, primary_key=True)', *(column.define() for column in self.columns)]
        return f'op.create_table("{self.name}", {", ".join(parts)})'


@dataclass
class Step:
    """One migration: what it does, and the outcome that it deserves."""

    upgrade: str
    downgrade: str
    outcome: str = "reversible"


class History:
    """Makes one step after another, each of which can be applied to what the steps before it made."""

    def __init__(self, random: Random, dialect: str) -> None:
        self.random = random
        self.dialect = dialect
        self.tables: list[Table] = []
        self.count = 0
        self.zoo = ""
        self.changed: set[str] = set()

    def name(self, prefix: str) -> str:
        """Make a name that no object has had."""
        self.count += 1
        return f"{prefix}{self.count}"

    def step(self) -> Step:
        """Choose a step among those that are possible here."""
        while True:
            made = self.random.choice(STEPS if self.tables else [create_table])(self)
            if made is not None:
                return made

    def table(self, wanted: Callable[[Table], bool] = lambda _: True) -> Table | None:
        """Choose a table."""
        found = [table for table in self.tables if wanted(table)]
        return self.random.choice(found) if found else None

    def column(self, wanted: Callable[[Column], bool] = lambda _: True) -> tuple[Table, Column] | None:
        """Choose a column that nothing hangs on."""
        found = [(t, c) for t in self.tables for c in t.columns if not c.busy and wanted(c)]
        return self.random.choice(found) if found else None

    def undone(self, upgrade: str, downgrade: str, otherwise: str = "schema-not-restored") -> Step:
        """Make the step reversible, or forget its downgrade."""
        return Step(upgrade, downgrade) if self.random.random() < 0.6 else Step(upgrade, "pass", otherwise)

    def certain(self, upgrade: str, downgrade: str, outcome: str) -> Step:
        """Make a step whose outcome is known beforehand."""
        return Step(upgrade, downgrade, outcome)

    def server(self, outcome: str) -> str:
        """Give an outcome that SQLite, which converts nothing, does not share."""
        return "reversible" if self.dialect == "sqlite" else outcome


def create_table(history):
    columns = [
        Column(history.name("c"), history.random.choice(list(VALUES)), history.random.random() < 0.6)
        for _ in range(history.random.randint(1, 4))
    ]
    table = Table(history.name("t"), columns)
    upgrade = table.create()
    parent = history.table()
    if parent and history.random.random() < 0.4:
        parent.children += 1
        table.columns.append(Column("parent", "Integer()", nullable=True, busy=True))
        upgrade = upgrade[:-1] + f', sa.Column("parent", sa.Integer, sa.ForeignKey("{parent.name}.id")))'
    history.tables.append(table)
    return history.undone(upgrade, f'op.drop_table("{table.name}")')


def drop_table(history):
    table = history.table(lambda t: not t.children and not t.indexes and not any(c.busy for c in t.columns))
    if table is None or len(history.tables) < 2:
        return None
    history.tables.remove(table)
    return Step(f'op.drop_table("{table.name}")', table.create(), "data-loss")


def add_column(history):
    table = history.table()
    column = Column(history.name("c"), history.random.choice([t for t in VALUES if t != "Text()"]), history.random.random() < 0.6)
    table.columns.append(column)
    column.default = "" if column.nullable else VALUES[column.type]
    return history.undone(f'op.add_column("{table.name}", {column.define()})', f'op.drop_column("{table.name}", "{column.name}")')


def drop_column(history):
    found = history.column(lambda c: c.type != "Text()")
    if found is None:
        return None
    table, column = found
    table.columns.remove(column)
    column.default = "" if column.nullable else VALUES[column.type]
    return Step(
        f'op.drop_column("{table.name}", "{column.name}")', f'op.add_column("{table.name}", {column.define()})', "data-loss"
    )


def rename_column(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    old, new = column.name, history.name("c")
    alter = 'with op.batch_alter_table("{}") as batch:\n        batch.alter_column("{}", new_column_name="{}", {})'
    existing = column.existing()
    column.name = new
    # Under another name the column is missing, but its values are there.
    return history.undone(alter.format(table.name, old, new, existing), alter.format(table.name, new, old, existing))


def rename_table(history):
    table = history.table()
    old, new = table.name, history.name("t")
    table.name = new
    return history.undone(f'op.rename_table("{old}", "{new}")', f'op.rename_table("{new}", "{old}")')


def change_type(history, types, outcome):
    found = history.column(lambda c: c.type in types)
    if found is None:
        return None
    table, column = found
    alter = 'with op.batch_alter_table("{}") as batch:\n        batch.alter_column("{}", type_=sa.{}, {})'
    upgrade = alter.format(table.name, column.name, types[column.type], column.existing())
    changed = Column(column.name, types[column.type], column.nullable, default=column.default)
    downgrade = alter.format(table.name, column.name, column.type, changed.existing())
    column.busy, column.type = True, types[column.type]
    return Step(upgrade, downgrade, outcome) if outcome else history.undone(upgrade, downgrade)


def widen(history):
    return change_type(history, WIDER, None)


def narrow(history):
    found = history.random.choice(list(NARROWER))
    # The longest string does not fit; numbers are rounded (the largest to one that does not fit on the way back, which only warns).
    return change_type(history, {found: NARROWER[found]}, history.server("upgrade-failed" if "String" in found else "data-loss"))


def forbid_null(history):
    found = history.column(lambda c: c.nullable)
    if found is None or found[0].filled:  # a migration's own NULL would be in the way on an empty database, too
        return None
    table, column = found
    alter = f'with op.batch_alter_table("{table.name}") as batch:\n        batch.alter_column("{column.name}", nullable={{}}, {{}})'
    upgrade = alter.format(False, column.existing())
    column.nullable, column.busy = False, True
    return Step(upgrade, alter.format(True, column.existing()), "upgrade-failed")


def allow_null(history):
    found = history.column(lambda c: not c.nullable)
    if found is None:
        return None
    table, column = found
    alter = f'with op.batch_alter_table("{table.name}") as batch:\n        batch.alter_column("{column.name}", nullable={{}}, {{}})'
    upgrade = alter.format(True, column.existing())
    column.nullable = True
    return history.undone(upgrade, alter.format(False, column.existing()))


def create_index(history):
    found = history.column(lambda c: c.type != "Text()")
    if found is None:
        return None
    table, column = found
    index = history.name("ix")
    table.indexes[index], column.busy = column, True
    upgrade = f'op.create_index("{index}", "{table.name}", ["{column.name}"])'
    return history.undone(upgrade, f'op.drop_index("{index}", table_name="{table.name}")')


def drop_index(history):
    table = history.table(lambda t: bool(t.indexes))
    if table is None:
        return None
    index, column = table.indexes.popitem()
    create = f'op.create_index("{index}", "{table.name}", ["{column.name}"{{}}])'
    drop = f'op.drop_index("{index}", table_name="{table.name}")'
    if history.random.random() < 0.3:
        return Step(drop, create.format(', "id"'), "schema-not-restored")
    return history.undone(drop, create.format(""))


def prefix_texts(history):
    found = history.column(lambda c: c.type == "Text()")
    if found is None:
        return None
    table, column = found
    joined = f"concat('x', {column.name})" if history.dialect in {"mysql", "mariadb"} else f"'x' || {column.name}"
    upgrade = f'op.execute("UPDATE {table.name} SET {column.name} = {joined}")'
    return history.undone(upgrade, f'op.execute("UPDATE {table.name} SET {column.name} = substr({column.name}, 2)")', "data-loss")


def insert_rows(history):
    table = history.table()
    table.filled = True
    history.count += 1
    names = ["id", *(column.name for column in table.columns if not column.nullable)]
    values = [str(history.count), *(VALUES.get(column.type, "'7'") for column in table.columns if not column.nullable)]
    upgrade = f'op.execute("INSERT INTO {table.name} ({", ".join(names)}) VALUES ({", ".join(values)})")'
    return history.undone(upgrade, f'op.execute("DELETE FROM {table.name} WHERE id = {history.count}")', "data-loss")


def delete_rows(history):
    table = history.table(lambda t: not t.children)
    return None if table is None else Step(f'op.execute("DELETE FROM {table.name}")', "pass", "data-loss")


def nothing(history):
    del history
    return Step("pass", "pass")


def refuse(history):
    table = history.table()
    index = history.name("ix")
    return Step(
        f'op.create_index("{index}", "{table.name}", ["id"])', 'raise NotImplementedError("no way back")', "downgrade-failed"
    )


STEPS = [
    create_table, create_table, drop_table, add_column, add_column, drop_column, rename_column, rename_table, widen, narrow, forbid_null,
    allow_null, create_index, drop_index, prefix_texts, insert_rows, delete_rows, nothing, refuse, open_zoo, open_zoo, *[change_zoo] * 8,
]  # fmt: skip


def write(random: Random, folder: Path, dialect: str, length: int = LENGTH) -> dict[str, str]:
    """Write a project with a random history; gives the outcome that each revision deserves."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    history, truth, parent = History(random, dialect), {}, None
    for number in range(length):
        revision, step = f"{number:03}", history.step()
        body = f"def upgrade():\n    {step.upgrade}\n\n\ndef downgrade():\n    {step.downgrade}\n"
        (versions / f"{revision}.py").write_text(HEAD.format(revision=revision, parent=parent) + body)
        truth[revision], parent = step.outcome, revision
    return truth


def find_wrong(random: Random, url: str, length: int = LENGTH) -> list[str]:
    """Verify one random history; describes each verdict that is not the expected one."""
    dialect = connect(url).dialect
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = write(random, folder, dialect, length)
        wrong = []
        with Verification(MRTConfig(alembic_ini=str(folder / "alembic.ini"), db_url=url)) as verification:
            for verdict in verification.check_all():
                if verdict.outcome.value != truth[verdict.revision]:
                    source = (folder / "migrations" / "versions" / f"{verdict.revision}.py").read_text().partition("def upgrade")
                    wrong.append(f"{verdict.revision}: expected {truth[verdict.revision]}\n{verdict}\n{''.join(source[1:])}")
        return wrong


def main(arguments: list[str]) -> int:
    """Verify as many random migrations as asked for on each database; gives the exit code."""
    number = int(arguments[0]) if arguments else 1000
    for url in arguments[1:] or ["sqlite://"]:
        begin = time.perf_counter()

        @settings(
            max_examples=-(-number // LENGTH), deadline=None, database=None,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.randoms(use_true_random=False))
        def attempt(random: Random) -> None:
            wrong = find_wrong(random, url)  # noqa: B023  called before the loop goes on
            assert not wrong, "\n".join(wrong)

        attempt()
        print(f"{connect(url).dialect}: {number} migrations, no wrong verdict, {time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
