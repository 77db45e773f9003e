"""The line of a loss or a difference is that of what was executed with that effect, not of what names the same words."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep
from tests.runtime.test_verify import line_of

SERVERS = keep(["sqlite", "postgres", "mysql"], "sqlite")
SHELVES = """op.create_table("shelves", sa.Column("code", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.String(40), server_default="none"), sa.Column("room", sa.String(40)))"""
NEW = """op.create_table("shelves_new", sa.Column("code", sa.Integer, primary_key=True),  # made
        sa.Column("label", sa.String(40)), sa.Column("room", sa.String(40)))"""
OTHER = """op.create_table("labels", sa.Column("code", sa.Integer, primary_key=True), sa.Column("label", sa.String(40)))"""
KINDS = ("schema-not-restored", "data-loss")


@pytest.fixture(params=SERVERS)
def check(request, project):
    """Verifies two revisions on each database in turn; gives the failures of the second, by column."""

    def run(base, upgrade, downgrade="pass"):
        project.add("001", upgrade=base, downgrade="raise NotImplementedError")
        file = project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        with Verification(project.config(db_url=request.getfixturevalue(f"{request.param}_url"))) as verification:
            *_, verdict = verification.check_all()
        return file, verdict.failures

    return run


COPIES = {
    "table and INSERT": f"""{NEW}
    op.execute("INSERT INTO shelves_new (code, label, room) SELECT code + 1000, label, room FROM shelves")  # copied
    op.drop_table("shelves")
    op.rename_table("shelves_new", "shelves")""",
    "raw SQL": """op.execute("CREATE TABLE shelves_new (code INTEGER PRIMARY KEY, label VARCHAR(40), room VARCHAR(40))")  # made
    op.execute("INSERT INTO shelves_new SELECT code, label, room FROM shelves WHERE room IS NOT NULL")  # copied
    op.execute("DROP TABLE shelves")
    op.execute("ALTER TABLE shelves_new RENAME TO shelves")""",
    "table of a query": """op.execute("CREATE TABLE shelves_new AS SELECT code, label, room FROM shelves")  # made
    op.drop_table("shelves")
    op.rename_table("shelves_new", "shelves")""",
    "old one aside": f"""op.rename_table("shelves", "shelves_old")
    {NEW.replace("_new", "")}
    op.execute("INSERT INTO shelves SELECT code, label, room FROM shelves_old WHERE room IS NOT NULL")  # copied
    op.drop_table("shelves_old")""",
    "in Python": f"""{NEW}
    rows = op.get_bind().execute(sa.text("SELECT code, label, room FROM shelves WHERE room IS NOT NULL")).all()
    for code, label, room in rows:
        new = sa.table("shelves_new", sa.column("code"), sa.column("label"), sa.column("room"))
        op.execute(new.insert().values(code=code, label=label, room=room))  # copied
    op.drop_table("shelves")
    op.rename_table("shelves_new", "shelves")""",
}
MISLEADING = """op.execute("UPDATE labels SET label = (SELECT max(label) FROM shelves WHERE shelves.code = labels.code)")"""


@pytest.mark.parametrize("spelling", COPIES)
def test_what_a_rebuilt_table_lost_is_located_where_it_was_made_or_copied(check, spelling):
    file, failures = check(f"{SHELVES}\n    {OTHER}", f"{MISLEADING}\n    {COPIES[spelling]}")
    made = line_of(file, "# made")
    lines = {kind: {one.line for one in failures if (one.kind, one.table) == (kind, "shelves")} for kind in KINDS}
    assert lines["schema-not-restored"] == {made}
    assert lines["data-loss"] == ({line_of(file, "# copied")} if "# copied" in COPIES[spelling] else set())


def test_lost_columns_are_located_where_they_are_dropped_not_where_they_are_read(check):
    upgrade = """op.add_column("labels", sa.Column("text", sa.String(200)))
    op.execute("UPDATE labels SET text = (SELECT max(label || room) FROM shelves WHERE shelves.code = labels.code)")
    with op.batch_alter_table("shelves") as batch:
        batch.drop_column("label")
        batch.drop_column("room")"""
    downgrade = """with op.batch_alter_table("shelves") as batch:
        batch.add_column(sa.Column("label", sa.String(40), server_default="none"))
        batch.add_column(sa.Column("room", sa.String(40)))
    op.drop_column("labels", "text")"""
    file, failures = check(f"{SHELVES}\n    {OTHER}", upgrade, downgrade)
    lines = {one.column: one.line for one in failures if one.kind == "data-loss"}
    assert lines == {name: line_of(file, f'batch.drop_column("{name}")') for name in ("label", "room")}


def test_a_column_that_is_updated_under_its_new_name_is_located_at_the_update(check):
    upgrade = """op.alter_column("shelves", "room", new_column_name="hall", existing_type=sa.String(40))
    op.execute("UPDATE shelves SET hall = 'x'")"""
    downgrade = 'op.alter_column("shelves", "hall", new_column_name="room", existing_type=sa.String(40))'
    upgrade, downgrade = (
        f'with op.batch_alter_table("shelves") as batch:\n        batch.{text[3:].replace(chr(34) + "shelves" + chr(34) + ", ", "", 1)}'
        for text in (upgrade, downgrade)
    )
    file, failures = check(SHELVES, upgrade, downgrade)
    assert [(one.column, one.line) for one in failures] == [("room", line_of(file, "UPDATE"))]


def test_missing_rows_are_located_at_the_delete_that_took_them(check):
    upgrade = """op.execute("INSERT INTO shelves (code, label, room) VALUES (99001, 'kept', 'north')")
    op.execute("DELETE FROM shelves WHERE code < 99001")"""
    file, failures = check(SHELVES, upgrade, 'op.execute("DELETE FROM shelves WHERE code = 99001")')
    assert [(one.kind, one.line) for one in failures] == [("data-loss", line_of(file, "code < 99001"))]


def test_a_row_that_is_deleted_and_made_again_is_located_at_its_deletion(check):
    upgrade = """op.execute("INSERT INTO shelves (code, label, room) VALUES (99001, 'kept', 'north')")
    op.execute("DELETE FROM shelves WHERE code < 99001")"""
    base = f"""{SHELVES}\n    op.execute("INSERT INTO shelves (code, label, room) VALUES (99000, 'old', 'south')")"""
    again = """op.execute("DELETE FROM shelves WHERE code = 99001")
    op.execute("INSERT INTO shelves (code, label, room) VALUES (99000, 'new', 'south')")"""
    file, failures = check(base, upgrade, again)
    assert {one.line for one in failures} == {line_of(file, "code < 99001")}


TAKEN_ON_THE_WAY_BACK = {
    "an UPDATE": """op.execute("UPDATE shelves SET label = 'x' || label WHERE code < 0")""",
    "its own rows are deleted": """op.execute("INSERT INTO shelves (code, label, room) VALUES (99001, 'kept', 'north')")
    op.execute("DELETE FROM shelves WHERE code = 99001")""",
    "an UPDATE of all": """op.execute("UPDATE shelves SET label = 'x'")""",
}


@pytest.mark.parametrize("kind", TAKEN_ON_THE_WAY_BACK)
def test_rows_that_were_still_there_after_the_upgrade_are_located_at_the_delete_of_the_rollback(check, kind):
    file, failures = check(SHELVES, TAKEN_ON_THE_WAY_BACK[kind], 'op.execute("DELETE FROM shelves WHERE code > 9  -- all")')
    assert [one.line for one in failures if "rows lost" in one.message] == [line_of(file, "-- all")]


def test_lost_rows_are_no_update_s_doing(check):
    """Which statement took them cannot be read."""
    upgrade = """op.execute("UPDATE shelves SET label = 'x'")
    op.get_bind().exec_driver_sql("DELETE " + "FROM " + "shel" + "ves")"""
    file, failures = check(SHELVES, upgrade)
    assert [one.line for one in failures if "rows lost" in one.message] == [line_of(file, "exec_driver_sql")]


BOOKS = """op.create_table("books", sa.Column("id", sa.Integer, primary_key=True), sa.Column("shelf", sa.Integer,
        sa.ForeignKey("shelves.code", ondelete="CASCADE"), nullable=False))"""
OF_OBJECTS = """from sqlalchemy.orm import Session, declarative_base
    class Shelf(declarative_base()):
        __tablename__ = "shelves"
        code = sa.Column(sa.Integer, primary_key=True)
    session = Session(bind=op.get_bind())
    session.query(Shelf).filter(Shelf.code > 0).delete()
    session.flush()"""


def test_rows_that_the_orm_deletes_have_a_line_and_so_have_those_that_hang_on_them(check):
    file, failures = check(f"{SHELVES}\n    {BOOKS}", OF_OBJECTS)
    lost = {one.table: one.line for one in failures}
    assert lost.pop("shelves") == line_of(file, ".delete()")
    assert set(lost.values()) <= {line_of(file, ".delete()")}


def test_a_type_is_located_where_it_was_made_and_not_at_a_column_of_its_name(project, postgres_url):
    project.add("001", upgrade=SHELVES, downgrade="pass")
    upgrade = """op.create_table("reports", sa.Column("id", sa.Integer, primary_key=True), sa.Column("colour", sa.JSON))
    op.create_table("chairs", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("paint", sa.Enum("red", "blue", name="colour")))
    op.execute('''CREATE FUNCTION paint_all() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$''')
    op.execute("CREATE SEQUENCE paints")"""
    file = project.add("002", "001", upgrade=upgrade, downgrade='op.drop_table("chairs"); op.drop_table("reports")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    found = {one.message.split("'")[1].partition("(")[0]: one.line for one in verdict.failures[:-1]}
    assert verdict.outcome is Outcome.SCHEMA_NOT_RESTORED
    assert found == {
        "colour": line_of(file, '"chairs"'),
        "paint_all": line_of(file, "CREATE FUNCTION"),
        "paints": line_of(file, "CREATE SEQUENCE"),
    }


def test_a_long_check_that_is_left_is_called_by_its_name_too(project, postgres_url):
    project.add("001", upgrade=SHELVES, downgrade="pass")
    condition = " OR ".join(f"code > {number}" for number in range(30))
    project.add("002", "001", upgrade=f'op.create_check_constraint("just_one_check", "shelves", "{condition}")', downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    message = verdict.failures[0].message
    assert message.startswith("Check constraint 'just_one_check' (")
    assert message.endswith("…) on 'shelves' still exists after rollback")
    assert len(message) < 150


STATE = """op.create_table("shelves", sa.Column("code", sa.Integer, primary_key=True),
        sa.Column("state", sa.Enum("full", "empty")))
    op.execute("INSERT INTO shelves (code, state) VALUES (1, 'full'), (2, NULL)")"""


def test_a_row_that_was_truncated_for_its_null_is_said_to_hold_it(project, mysql_url):
    project.add("001", upgrade=STATE, downgrade='op.drop_table("shelves")')
    upgrade = 'op.alter_column("shelves", "state", existing_type=sa.Enum("full", "empty"), nullable=False)'
    project.add("002", "001", upgrade=upgrade, downgrade="pass")
    with Verification(project.config(db_url=mysql_url)) as verification:
        *_, verdict = verification.check_all()
    message = verdict.failures[0].message
    assert message == "Upgrade failed: DataError: Data truncated for column 'state' at row 2, which is NULL (code = 2)"


def test_a_row_that_was_truncated_for_its_word_is_not_said_to_hold_null(project, mysql_url):
    project.add("001", upgrade=STATE, downgrade='op.drop_table("shelves")')
    upgrade = 'op.alter_column("shelves", "state", type_=sa.Enum("empty"), existing_type=sa.Enum("full", "empty"), nullable=False)'
    project.add("002", "001", upgrade=upgrade, downgrade="pass")
    with Verification(project.config(db_url=mysql_url)) as verification:
        *_, verdict = verification.check_all()
    message = verdict.failures[0].message
    assert message == "Upgrade failed: DataError: Data truncated for column 'state' at row 1"


FUNCTION = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
TRIGGER = "CREATE TRIGGER kept BEFORE UPDATE ON shelves FOR EACH ROW EXECUTE FUNCTION keep()"
ALONG = {
    "a trigger with its function": (TRIGGER, "DROP FUNCTION keep() CASCADE", FUNCTION),
    "a view with its table": (
        "CREATE VIEW kept AS SELECT n FROM aside",
        "DROP TABLE aside CASCADE",
        "CREATE TABLE aside (n integer)",
    ),
    "a view with its view": (
        "CREATE VIEW inner_one AS SELECT code FROM shelves; CREATE VIEW kept AS SELECT code FROM inner_one",
        "DROP VIEW inner_one CASCADE",
        "CREATE VIEW inner_one AS SELECT code FROM shelves",
    ),
}


@pytest.mark.parametrize("kind", ALONG)
def test_what_goes_along_with_something_is_dropped_there(verify, postgres_url, kind):
    make, drop, back = ALONG[kind]
    base = f'{SHELVES}\n    op.execute("CREATE TABLE aside (n integer)")\n    op.execute("{FUNCTION}")\n    op.execute("{make}")'
    upgrade = f'op.execute("COMMENT ON TABLE shelves IS NULL")\n    op.execute("{drop}")'
    found = verify(postgres_url, (base, "raise NotImplementedError"), (upgrade, f'op.execute("{back}")'))["002"].failures
    missing = [failure for failure in found if "'kept'" in failure.message]
    assert [failure.line for failure in missing] == [13], found


BOXES = """op.create_table("rooms", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("boxes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer),
        sa.Column("c", sa.Integer, server_default="5"),
        sa.Column("room_id", sa.Integer, sa.ForeignKey("rooms.id", name="fk_room", ondelete="CASCADE")),
        sa.UniqueConstraint("a", "b", name="uq_ab"), sa.CheckConstraint("a + b < 100000", name="ck_ab"))
    op.create_index("ix_cb", "boxes", ["c", "b"])"""


def test_what_hangs_on_a_dropped_column_goes_with_its_drop(verify, postgres_url):
    upgrade = """op.alter_column("boxes", "a", comment="first")
    op.drop_column("boxes", "c")  # c
    op.alter_column("boxes", "a", comment="second")
    op.drop_column("boxes", "b")  # b"""
    downgrade = """op.alter_column("boxes", "a", comment=None)
    op.add_column("boxes", sa.Column("b", sa.Integer))
    op.add_column("boxes", sa.Column("c", sa.Integer, server_default="5"))"""
    found = verify(postgres_url, (BOXES, "raise NotImplementedError"), (upgrade, downgrade))["002"].failures
    lines = {failure.message.partition(" on ")[0]: failure.line for failure in found if "missing" in failure.message}
    assert lines == {"Unique constraint 'uq_ab'": 15, "Check constraint 'ck_ab'": 15, "Index 'ix_cb'": 13}


REMADE = {
    "UNIQUE": ('op.drop_constraint("uq_ab", "boxes")', 'op.create_unique_constraint("uq_ab", "boxes", ["b"])'),
    "a foreign key": (
        'op.drop_constraint("fk_room", "boxes")',
        'op.create_foreign_key("fk_room", "boxes", "rooms", ["room_id"], ["id"])',
    ),
    "an index": ('op.drop_index("ix_cb", "boxes")', 'op.create_index("ix_cb", "boxes", ["b", "c"])'),
    "a default": ('op.drop_column("boxes", "c")', 'op.add_column("boxes", sa.Column("c", sa.Integer, index=False))'),
    "an enum": ('op.execute("DROP TYPE size")', "op.execute(\"CREATE TYPE size AS ENUM ('big', 'small')\")"),
    "a function": (
        'op.execute("DROP FUNCTION two(integer)")',
        'op.execute("CREATE FUNCTION two(integer) RETURNS integer LANGUAGE sql AS $$SELECT 3$$")',
    ),
}
MADE = """op.execute("CREATE TYPE size AS ENUM ('small', 'big')")
    op.execute("CREATE FUNCTION two(integer) RETURNS integer LANGUAGE sql AS $$SELECT 2$$")"""


@pytest.mark.parametrize("kind", REMADE)
def test_what_is_made_again_otherwise_is_located_where_that_is(verify, postgres_url, kind):
    upgrade, downgrade = REMADE[kind]
    found = verify(postgres_url, (f"{BOXES}\n    {MADE}", "raise NotImplementedError"), (upgrade, downgrade))["002"].failures
    assert [
        failure.line for failure in found if not failure.message.endswith(("missing after rollback", "lost after rollback"))
    ] == [16], found
