"""Names that PostgreSQL gave stay what they are when the table or a column is renamed; what cannot be told is not said to be wrong."""

import io
import os
import re

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

BOOKS = 'op.create_table("books", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("isbn", sa.Text(), unique=True))'
LOANS = """op.create_table(
    "loans",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("book_id", sa.Integer(), sa.ForeignKey("books.id")),
    sa.Column("giver_id", sa.Integer(), sa.ForeignKey("books.id")),
    sa.Column("code", sa.Text()),
    sa.UniqueConstraint("code"),
)"""
SETUP = (f"{BOOKS}\n{LOANS}", 'op.drop_table("loans")\nop.drop_table("books")')
PASS = "pass"

RENAMES = {
    "table": 'op.rename_table("loans", "lendings")',
    "table in SQL": sql("ALTER TABLE loans RENAME TO lendings"),
    "column": 'op.rename_table("loans", "lendings")\nop.alter_column("lendings", "book_id", new_column_name="item_id")',
    "column in SQL": 'op.rename_table("loans", "lendings")\n' + sql("ALTER TABLE lendings RENAME COLUMN book_id TO item_id"),
    "another key": 'op.rename_table("loans", "lendings")\n'
    + sql("ALTER TABLE lendings RENAME CONSTRAINT loans_giver_id_fkey TO lendings_giver_id_fkey"),
    "primary key by its index": 'op.rename_table("loans", "lendings")\n' + sql("ALTER INDEX loans_pkey RENAME TO lendings_pkey"),
    "another without a type": 'op.rename_table("loans", "lendings")\nop.drop_constraint("loans_giver_id_fkey", "lendings")',
}


@pytest.mark.parametrize("dropped", ["loans_book_id_fkey", "loans_code_key"])
@pytest.mark.parametrize("renaming", RENAMES)
def test_a_name_that_the_database_gave_is_known_after_the_table_or_a_column_was_renamed(renaming, dropped):
    kind = "foreignkey" if dropped.endswith("fkey") else "unique"
    last = (f'op.drop_constraint("{dropped}", "lendings", type_="{kind}")', PASS)
    assert "MRT116" not in {found.code for found in told([SETUP, (RENAMES[renaming], PASS), last])}


@pytest.mark.parametrize("name", ["loans_book_id_fkey", "loans_code_key"])
@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_name_that_was_dropped_is_given_again(name, is_renamed):
    is_key = name.endswith("fkey")
    again = 'foreign_key(None, "loans", "books", ["book_id"], ["id"])' if is_key else 'unique_constraint(None, "loans", ["code"])'
    table = "lendings" if is_renamed else "loans"
    renaming = ["ALTER TABLE loans RENAME TO lendings"] if is_renamed else []
    uses = sql(*renaming, f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO new")
    for made, is_there in ((f"op.create_{again}", True), (PASS, False)):
        before = (f'op.drop_constraint("{name}", "loans")\n{made}', PASS)
        codes = {found.code for found in told([SETUP, before, (uses, PASS)])}
        assert ("MRT804" in codes) is not is_there


@pytest.mark.parametrize(
    "renaming",
    [
        'for table, old, new in names:\n    op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")',
        'for table, old, new in names:\n    op.execute(sa.text(f\'ALTER TABLE "{table}" RENAME CONSTRAINT "{old}" TO "{new}"\'))',
        'for row in names:\n    op.execute("ALTER TABLE %s RENAME CONSTRAINT %s TO %s" % row)',
        'for row in names:\n    op.execute("ALTER TABLE {} RENAME CONSTRAINT {} TO {}".format(*row))',
        'for table, old, new in names:\n    op.execute("ALTER TABLE " + table + " RENAME CONSTRAINT " + old + " TO " + new)',
        'for i in range(len(names)):\n    op.execute(f"ALTER TABLE {names[i][0]} RENAME CONSTRAINT {names[i][1]} TO {names[i][2]}")',
        'for old, new in {n[1]: n[2] for n in names}.items():\n    op.execute(f"ALTER TABLE loans RENAME CONSTRAINT {old} TO {new}")',
        '[op.execute(f"ALTER TABLE {t} RENAME CONSTRAINT {old} TO {new}") for t, old, new in names]',
        (
            'for _, old, new in names[2:]:\n    op.execute(f"ALTER INDEX {old} RENAME TO {new}")\n'
            'for t, old, new in names[:2]:\n    op.execute(f"ALTER TABLE {t} RENAME CONSTRAINT {old} TO {new}")'
        ),
    ],
)
def test_constraints_that_a_loop_renames_have_their_new_names(renaming):
    names = (
        'names = [("loans", "loans_book_id_fkey", "fk_book"), ("loans", "loans_giver_id_fkey", "fk_giver"), '
        '("loans", "loans_code_key", "uq_code")]\n'
    )
    dropped = (
        'op.drop_constraint("fk_book", "loans", type_="foreignkey")\nop.drop_constraint("fk_giver", "loans", type_="foreignkey")\n'
        'op.drop_constraint("uq_code", "loans", type_="unique")'
    )
    assert "MRT116" not in {found.code for found in told([SETUP, (names + renaming, PASS), (dropped, PASS)])}
    wrong = dropped.replace("uq_code", "loans_code_key")
    assert "loans_code_key" in " ".join(
        found.message for found in told([SETUP, (names + renaming, PASS), (wrong, PASS)]) if found.code == "MRT116"
    )


@pytest.mark.parametrize(
    "renaming",
    [
        'for old in op.get_bind().scalars(sa.text("SELECT …")):\n    op.execute(f"ALTER TABLE loans RENAME CONSTRAINT {old} TO new_{old}")',
        (
            "from shop.names import KEYS\nfor old, new in KEYS:\n    "
            'op.execute(f"ALTER TABLE loans RENAME CONSTRAINT {old} TO {new}")'
        ),
        'for table in tables():\n    op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {table}_book_id_fkey TO {table}_fk")',
    ],
)
def test_nothing_is_said_of_names_where_the_loop_cannot_be_followed(renaming):
    last = ('op.drop_constraint("new_name", "loans", type_="foreignkey")', PASS)
    assert "MRT116" not in {found.code for found in told([SETUP, (renaming, PASS), last])}


def test_a_name_that_nothing_has_is_still_found_out():
    named = (
        SETUP[0]
        .replace('sa.ForeignKey("books.id")', 'sa.ForeignKey("books.id", name="fk_x")', 1)
        .replace('sa.Column("giver_id", sa.Integer(), sa.ForeignKey("books.id"))', 'sa.Column("giver_id", sa.Integer())')
    )
    last = ('op.drop_constraint("loans_book_id_fkey", "lendings", type_="foreignkey")', PASS)
    assert "MRT116" in {found.code for found in told([(named, SETUP[1]), (RENAMES["column"], PASS), last])}


def test_a_key_that_comes_back_over_another_column_is_told_by_whichever_name_it_has():
    moved = (
        'op.alter_column("loans", "id", new_column_name="old_id")\nop.add_column("loans", sa.Column("number", sa.Integer()))',
        PASS,
    )
    last = (
        'op.drop_constraint("loans_pkey", "loans", type_="primary")\nop.create_primary_key("loans_pkey", "loans", ["number"])',
        'op.drop_constraint("loans_pkey", "loans", type_="primary")\nop.create_primary_key("loans_pkey", "loans", ["giver_id"])',
    )
    said = [found.message for found in told([SETUP, moved, last]) if found.code == "MRT111"]
    assert said == [
        "upgrade drops primary key 'loans_pkey', downgrade does not restore its definition: its columns were (old_id) and become (giver_id)"
    ]


def test_postgresql_keeps_the_names_it_gave(postgres_server):  # noqa: F811 - as fixtures are asked for
    with own_database(postgres_server, f"mrt_given_names_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            for statement in (
                "CREATE TABLE books (id SERIAL PRIMARY KEY, isbn TEXT UNIQUE)",
                "CREATE TABLE loans (id SERIAL PRIMARY KEY, book_id INTEGER REFERENCES books, code TEXT UNIQUE)",
                "ALTER TABLE loans RENAME TO lendings",
                "ALTER TABLE lendings RENAME COLUMN book_id TO item_id",
                "ALTER INDEX loans_code_key RENAME TO lendings_code_key",
            ):
                connection.exec_driver_sql(statement)
            found = connection.exec_driver_sql(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'lendings'::regclass AND contype <> 'n'"
            )
            assert set(found.scalars()) == {"loans_pkey", "loans_book_id_fkey", "lendings_code_key"}
        engine.dispose()


LONG = "no_loan_is_returned_before_it_was_given_to_somebody_at_all"


@pytest.mark.parametrize("convention", ["ck__%(table_name)s__%(constraint_name)s", "ck_%(table_name)s_%(constraint_name)s"])
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_name_that_a_convention_made_and_cut_is_the_same_constraints(convention, dialect):
    table = sa.Table("loans", sa.MetaData(naming_convention={"ck": convention}), sa.Column("id", sa.Integer))
    made = sa.CheckConstraint("id > 0", name=LONG)
    table.append_constraint(made)
    cut = sa.create_mock_engine(f"{dialect}://", lambda: None).dialect.identifier_preparer.format_constraint(made).strip('`"')
    assert len(cut) < len(LONG) + len("ck_loans_")
    create = f'op.create_check_constraint("{LONG}", "loans", "code > 0")'
    drop = f'op.drop_constraint("{cut}", "loans", type_="check")'
    assert not {found.code for found in told([SETUP, (create, drop)], dialect) if found.severity.value == "error"}
    again = told([SETUP, (create, drop), (f"{drop}\n{create}", PASS)], dialect)
    assert not {"MRT441", "MRT409", "MRT439"} & {found.code for found in again}
    back = told([SETUP, (create, drop), (drop, create)], dialect)
    assert "MRT409" not in {found.code for found in back}
    assert "MRT409" in {found.code for found in told([SETUP, (create, drop), (drop, PASS)], dialect)}


CONVENTIONS = [
    {},
    {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"},
    {"ix": "idx_%(column_0_label)s", "ck": "%(table_name)s_%(constraint_name)s_check"},
]


def names_made(convention: dict[str, str], call: str) -> set[str]:
    """Return the names that Alembic writes for a call under a naming convention."""
    written = io.StringIO()
    options = {"as_sql": True, "output_buffer": written}
    if convention:
        options["target_metadata"] = sa.MetaData(naming_convention=convention)
    exec(call, {"op": Operations(MigrationContext.configure(dialect_name="postgresql", opts=options)), "sa": sa})
    return set(re.findall(r"INDEX (?:CONCURRENTLY )?(\S+) ON|CONSTRAINT (\S+) CHECK", written.getvalue()))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(
    "call",
    [
        'op.create_index(None, "loans", ["code"])',
        'op.create_index(None, "loans", ["code", "book_id"])',
        'op.create_index("mine", "loans", ["code"])',
        'op.add_column("loans", sa.Column("town", sa.Text(), index=True))',
    ],
)
def test_an_index_built_concurrently_has_the_name_that_it_had(call, convention):
    (finding,) = (found for found in told([SETUP, (call, PASS)]) if found.code == "MRT407")
    advised = finding.instead.partition("autocommit_block(): ")[2]
    assert names_made(convention, advised) == names_made(convention, call) != set()


@pytest.mark.parametrize(
    ("check", "validated"),
    [
        ('op.create_check_constraint("positive", "loans", "id > 0")', 'positive"), or by the name that a naming_convention'),
        ('op.create_check_constraint("ck_loans_positive", "loans", "id > 0")', 'ck_loans_positive")'),
        (sql("ALTER TABLE loans ADD CONSTRAINT positive CHECK (id > 0)"), 'positive")'),
        ('op.create_check_constraint(None, "loans", "id > 0")', '…")'),
        ('op.create_foreign_key(None, "loans", "books", ["book_id"], ["id"])', 'loans_book_id_fkey")'),
    ],
)
def test_a_constraint_is_validated_by_the_name_that_it_has(check, validated):
    (finding,) = (found for found in told([SETUP, (check, PASS)]) if found.code in {"MRT422", "MRT423"})
    assert f"VALIDATE CONSTRAINT {validated}" in finding.instead
    assert finding.instead.startswith(("give it a name, add", 'call it "')) is ("None" in check)


def test_a_check_that_downgrade_drops_by_the_name_of_a_convention_is_validated_by_that():
    check = 'op.create_check_constraint("positive", "loans", "id > 0")'
    assert names_made(CONVENTIONS[1], check) == {("", "ck_loans_positive")}
    drop = 'op.drop_constraint(op.f("ck_loans_positive"), "loans")'
    (finding,) = (found for found in told([SETUP, (check, drop)]) if found.code == "MRT423")
    assert finding.instead.endswith('VALIDATE CONSTRAINT ck_loans_positive")')
