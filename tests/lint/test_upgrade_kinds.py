"""Kinds of upgrades that a database refuses, each in several spellings: what has to be said ("+"), and what must not ("-")."""

import pytest

from mrt_lint.model.finding import Severity
from tests.lint.test_downgrade_kinds import BASE, DROP_ITEMS, DROP_KEY, DROP_PARCELS, ITEMS, KEYED, PARCELS, holds, sql, told

WIDER = 'op.alter_column("parcels", "code", type_=sa.Text(), existing_type=sa.String(20))'
JOINED = "FROM items AS i JOIN parcels p ON p.id = i.parcel_id"


def viewed(*views: str) -> tuple[str, str]:
    return f"{PARCELS}\n{ITEMS}\n{sql(*views)}", "pass"


@pytest.mark.parametrize(
    ("view", "upgrade", "expected"),
    [
        ("CREATE VIEW v AS SELECT id, code FROM parcels", WIDER, "+MRT443"),
        ("CREATE VIEW v AS SELECT id, code FROM parcels", sql("ALTER TABLE parcels ALTER code TYPE text"), "+MRT443"),
        ("CREATE MATERIALIZED VIEW v AS SELECT upper(code) FROM parcels", WIDER, "+MRT443"),
        (f"CREATE VIEW v AS SELECT i.id, p.code {JOINED}", WIDER, "+MRT443"),
        (f'CREATE VIEW v AS SELECT i.id {JOINED} WHERE "p"."code" IS NULL', WIDER, "+MRT443"),
        (f"CREATE VIEW v AS SELECT i.code, p.id {JOINED}", WIDER, "-MRT443"),
        ("CREATE VIEW v AS SELECT count(*) FROM parcels", WIDER, "-MRT443"),
        ("CREATE VIEW v AS SELECT id FROM parcels", WIDER, "-MRT443"),
        ("CREATE VIEW v AS SELECT code FROM parcels", f"{sql('DROP VIEW v')}\n{WIDER}", "-MRT443"),
        ("CREATE VIEW v AS SELECT code FROM parcels", f"try:\n    {WIDER}\nexcept Exception:\n    pass", "-MRT443"),
        ("CREATE VIEW v AS SELECT code FROM parcels", 'op.alter_column("parcels", "code", nullable=False)', "-MRT443"),
    ],
)
def test_a_column_that_a_view_reads_keeps_its_type_on_postgresql(view: str, upgrade: str, expected: str):
    assert holds(expected, told([viewed(view), (upgrade, "pass")]))
    assert holds("-MRT443", told([viewed(view), (upgrade, "pass")], "mysql"))


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (sql("TRUNCATE parcels"), "+MRT443"),
        (sql("TRUNCATE TABLE ONLY parcels RESTART IDENTITY"), "+MRT443"),
        (sql("TRUNCATE parcels, items"), "-MRT443"),
        (sql("TRUNCATE items"), "-MRT443"),
        (sql("TRUNCATE parcels CASCADE"), "-MRT443"),
        (f"{DROP_KEY}\n{sql('TRUNCATE parcels')}", "-MRT443"),
        (f"{DROP_ITEMS}\n{sql('TRUNCATE parcels')}", "-MRT443"),
    ],
)
def test_a_table_that_a_foreign_key_points_to_is_not_truncated_alone(upgrade: str, expected: str):
    assert holds(expected, told([KEYED, (upgrade, "pass")]))


@pytest.mark.parametrize(
    ("before", "upgrade", "expected"),
    [
        (BASE, sql("INSERT INTO towns (name) VALUES ('Ulm')"), "+MRT443 -MRT106"),
        (BASE, sql("INSERT INTO towns SELECT code FROM parcels"), "+MRT443"),
        (BASE, 'op.bulk_insert(sa.table("towns", sa.column("name")), [{"name": "Ulm"}])', "+MRT443"),
        (BASE, 'op.execute(sa.table("towns", sa.column("name")).insert().values(name="Ulm"))', "+MRT443"),
        (BASE, sql("UPDATE towns SET name = 'Ulm'"), "-MRT443"),
        (BASE, sql("INSERT INTO parcels (id) VALUES (1)"), "-MRT443"),
        (BASE, sql("CREATE TABLE towns (name text)", "INSERT INTO towns VALUES ('Ulm')"), "-MRT443"),
        (BASE, "if sa.inspect(op.get_bind()).has_table('towns'):\n    op.execute('INSERT INTO towns VALUES (1)')", "-MRT443"),
        ((f"{PARCELS}\n{sql('DELETE FROM towns')}", DROP_PARCELS), sql("INSERT INTO towns VALUES (1)"), "-MRT443"),
        ((f"{PARCELS}\nimport tools\ntools.make(op)", "pass"), sql("INSERT INTO towns VALUES (1)"), "-MRT443"),
    ],
)
def test_rows_go_into_no_table_that_nothing_makes(before: tuple[str, str], upgrade: str, expected: str):
    assert holds(expected, told([before, (upgrade, sql("SELECT 1"))]))


CONCURRENT = "CREATE INDEX CONCURRENTLY ix ON parcels (code)"


@pytest.mark.parametrize(
    ("upgrade", "severities"),
    [
        (sql("COMMIT", CONCURRENT), [Severity.WARNING]),
        (f'op.get_bind().exec_driver_sql("commit;")\n{sql(CONCURRENT)}', [Severity.WARNING]),
        (f'op.execute(sa.text("END"))\n{sql(CONCURRENT, "VACUUM parcels")}', [Severity.WARNING]),
        (sql("COMMIT", "BEGIN", CONCURRENT), [Severity.ERROR]),
        (sql("COMMIT", f"{CONCURRENT}; VACUUM parcels"), [Severity.ERROR]),
        (sql("SAVEPOINT a", "ROLLBACK TO a", CONCURRENT), [Severity.ERROR]),
        (sql("COMMIT", "ALTER TABLE parcels ADD age int"), []),
        (f"with op.get_context().autocommit_block():\n    op.execute({CONCURRENT!r})", []),
        (sql("ALTER SUBSCRIPTION s REFRESH PUBLICATION"), [Severity.ERROR]),
        (sql("ALTER SUBSCRIPTION s ADD PUBLICATION p"), [Severity.ERROR]),
        (sql("ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)"), []),
        (sql("ALTER SUBSCRIPTION s DISABLE"), []),
        (sql("COMMIT PREPARED 'x'"), [Severity.ERROR]),
        (sql("ROLLBACK PREPARED 'x'"), [Severity.ERROR]),
    ],
)
def test_a_commit_in_sql_ends_the_transaction_for_some_drivers_only(upgrade: str, severities: list[Severity]):
    findings = [finding for finding in told([BASE, (upgrade, "pass")]) if finding.code == "MRT421"]
    assert [finding.severity for finding in findings] == severities
    for finding in findings:
        assert ("psycopg 3 begins" in finding.message) is (finding.severity is Severity.WARNING)


PAIR = 'op.create_table("files", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer), sa.PrimaryKeyConstraint("a", "b"))'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ('op.create_table("pages", sa.Column("a", sa.Integer, sa.ForeignKey("files.a")))', "+MRT443 -MRT804"),
        ('op.create_table("pages", sa.Column("a", sa.Integer), sa.ForeignKeyConstraint(["a"], ["files.a"]))', "+MRT443"),
        ('op.add_column("parcels", sa.Column("a", sa.Integer, sa.ForeignKey("files.a")))', "+MRT443"),
        ('op.create_foreign_key(None, "parcels", "files", ["id"], ["a"])', "+MRT443"),
        (sql("ALTER TABLE parcels ADD FOREIGN KEY (id) REFERENCES files (b)"), "+MRT443"),
        (sql("CREATE TABLE pages (a int REFERENCES files (a))"), "+MRT443"),
        ('op.create_foreign_key(None, "parcels", "files", ["id", "id"], ["b", "a"])', "-MRT443"),
        (
            'op.create_index("ix", "files", ["a"], unique=True)\nop.create_foreign_key(None, "parcels", "files", ["id"], ["a"])',
            "-MRT443",
        ),
        (
            'op.create_unique_constraint(None, "files", ["a"])\nop.create_foreign_key(None, "parcels", "files", ["id"], ["a"])',
            "-MRT443",
        ),
        ('op.create_foreign_key(None, "parcels", "elsewhere", ["id"], ["a"])', "-MRT443"),
        ('op.create_foreign_key(None, "files", "parcels", ["a"], ["id"])', "-MRT443"),
    ],
)
def test_a_foreign_key_points_to_a_key_on_postgresql(upgrade: str, expected: str):
    assert holds(expected, told([(f"{PARCELS}\n{PAIR}", "pass"), (upgrade, "pass")]))
    assert holds("-MRT443", told([(f"{PARCELS}\n{PAIR}", "pass"), (upgrade, "pass")], "mysql"))


@pytest.mark.parametrize("key", ["sa.PrimaryKeyConstraint()", "sa.PrimaryKeyConstraint(name='pk')"])
def test_a_key_of_no_column_is_none(key: str):
    second = "op.create_primary_key('pk', 't', ['a'])"
    bare = f"op.create_table('t', sa.Column('a', sa.Integer(), nullable=False), {key})"
    marked = f"op.create_table('t', sa.Column('a', sa.Integer(), primary_key=True), {key})"
    assert holds("-MRT441", told([(bare, "op.drop_table('t')"), (second, "op.drop_constraint('pk', 't')")]))
    assert holds("+MRT441", told([(marked, "op.drop_table('t')"), (second, "op.drop_constraint('pk', 't')")]))


def test_the_query_for_duplicates_names_no_operator_class():
    made = "op.create_index('ix', 'parcels', [sa.text('lower(code) text_pattern_ops')], unique=True)"
    (found,) = (each for each in told([(PARCELS, DROP_PARCELS), (made, "op.drop_index('ix')")]) if each.code == "MRT406")
    assert "(SELECT lower(code), count(*) FROM parcels GROUP BY lower(code) HAVING" in found.instead
    assert 'sa.text("lower(code) text_pattern_ops")' in found.instead
