"""What `mrt check` makes of the sizes that `mrt stats` wrote down: they are named, and small tables are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrt_lint.analysis.table_size import in_words
from mrt_lint.files.statistics_file import dumps, loads, settle
from mrt_lint.model.table_size import TableSize, TableStatistics
from mrt_lint.usage import UsageError
from tests.lint.conftest import CREATE, functions

HEAD = 'mrt_stats = 1\ndate = 2026-11-28\ndialect = "postgresql"\nserver = "15.4"\nrevisions = [{revisions}]\n\n'
BIG, SMALL = "{ rows = 40_000_000, bytes = 9_000_000_000 }", "{ rows = 12, bytes = 16_384 }"


def index(*tables, downgrade="pass"):
    return functions(
        "\n".join(f'op.create_index("ix_{number}", {table}, ["name"])' for number, table in enumerate(tables)), downgrade
    )


def table(name, rows, size=None, schema=None):
    return TableSize(schema=schema, name=name, rows=rows, size=size)


def statistics(*tables, date="2026-11-28", revisions=("a1",)):
    return TableStatistics(date=date, dialect="postgresql", server="15.4", revisions=revisions, tables=tables)


@pytest.fixture
def sized(project):
    """Check a project whose statistics are these lines; gives rows and message of each index that blocks writes, by line."""

    def check(lines, revisions='"a1"', *, name="mrt-stats.toml"):
        project.write(name, HEAD.format(revisions=revisions) + lines)
        findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
        return {found["line"]: (found.get("table_rows"), found["message"]) for found in findings if found["code"] == "MRT407"}

    return check


def test_a_large_table_is_named_a_small_one_left_alone_and_an_unknown_one_as_ever(project, sized):
    project.migration("a1", None, index('"users"', '"plans"', '"logs"'))
    found = sized(f'[tables]\n"Users" = {BIG}\nplans = {SMALL}\n')
    assert {line: rows for line, (rows, _) in found.items()} == {10: 40_000_000, 12: None}
    assert found[10][1].endswith("; users has about 40 million rows (9 GB)")
    assert "about" not in found[12][1]


def test_schemas_are_told_apart(project, sized):
    upgrade = 'op.create_index("ix", "users", ["name"], schema="crm")\nop.create_index("iy", "users", ["name"], schema="public")'
    project.migration("a1", None, functions(upgrade, "pass"))
    found = sized(f"[tables]\nusers = {SMALL}\n[schemas.crm]\nusers = {BIG}\n")
    assert {line: message.partition("; ")[2] for line, (_, message) in found.items()} == {
        10: "crm.users has about 40 million rows (9 GB)"
    }


@pytest.mark.parametrize(
    ("lines", "known"),
    [("users = { rows = 999 }", False), ("users = { rows = 1_000 }", True), ("users = { rows = 5, bytes = 20_000_000 }", True)],
)
def test_a_table_is_small_below_a_number_of_rows_and_of_bytes(project, sized, lines, known):
    project.migration("a1", None, index('"users"'))
    assert bool(sized(f"[tables]\n{lines}\n")) is known


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        ('op.rename_table("people", "users")', 40_000_000),
        ('op.execute("ALTER TABLE people RENAME TO users")', 40_000_000),
        ('op.rename_table("users", "old")\nop.create_table("users", sa.Column("name", sa.Text))', None),
        ('op.rename_table("users", "old")\nop.rename_table("people", "users")', 40_000_000),
        ('op.add_column("users", sa.Column("name", sa.Text))', "small"),
    ],
)
def test_what_later_revisions_do_to_names_is_followed(project, sized, middle, expected):
    project.migration("a1", None, CREATE)
    project.migration("b2", "a1", functions(middle, "pass"))
    project.migration("c3", "b2", index('"users"'))
    found = sized(f"[tables]\nusers = {SMALL}\npeople = {BIG}\n")
    assert [rows for rows, _ in found.values()] == ([] if expected == "small" else [expected])


def test_a_table_that_was_renamed_since_is_known_by_the_name_that_it_has_now(project, sized):
    project.migration("a1", None, index('"people"', '"gone"'))
    project.migration("b2", "a1", functions('op.rename_table("people", "users")\nop.drop_table("gone")', "pass"))
    found = sized(f"[tables]\nusers = {BIG}\npeople = {SMALL}\ngone = {SMALL}\n", '"b2"')
    assert {line: rows for line, (rows, _) in found.items()} == {10: 40_000_000, 11: None}


@pytest.mark.parametrize("revisions", ["", '"unknown"'])
def test_without_a_revision_a_name_that_two_tables_had_is_unknown(project, sized, revisions):
    project.migration("a1", None, CREATE)
    project.migration("b2", "a1", functions('op.rename_table("users", "old")\nop.create_table("users", sa.Column("name"))', "pass"))
    project.migration("c3", "b2", index('"users"', '"plans"'))
    assert [rows for rows, _ in sized(f"[tables]\nusers = {SMALL}\nplans = {BIG}\n", revisions).values()] == [None, 40_000_000]


def test_a_table_that_is_renamed_in_the_same_upgrade_keeps_its_size(project, sized):
    project.migration("a1", None, CREATE)
    upgrade = 'op.rename_table("people", "users")\nop.create_index("ix", "users", ["name"])'
    project.migration("b2", "a1", functions(upgrade, "pass"))
    assert [rows for rows, _ in sized(f"[tables]\nusers = {SMALL}\npeople = {BIG}\n").values()] == [40_000_000]


def test_of_several_tables_at_one_place_each_has_its_own_size(project, sized):
    upgrade = 'for name in ("users", "people", "plans"):\n    op.create_index(f"ix_{name}", name, ["name"])'
    project.migration("a1", None, functions(upgrade, "pass"))
    project.write("mrt-stats.toml", HEAD.format(revisions="") + f"[tables]\nusers = {BIG}\npeople = {{ rows = 1_500 }}\n")
    findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
    assert sorted(str(found.get("table_rows")) for found in findings if found["code"] == "MRT407") == ["1500", "40000000", "None"]


def test_losses_are_reported_of_small_tables_too(project, sized):
    project.migration("a1", None, functions('op.drop_column("users", "phone")', "pass"))
    project.write("mrt-stats.toml", HEAD.format(revisions="") + f"[tables]\nusers = {SMALL}\n")
    assert "MRT201" in project.mrt("check", "versions").out


def test_waiting_for_a_lock_without_a_limit_hurts_on_a_small_table_too(project, sized):
    project.migration(
        "a1", None, functions('op.add_column("users", sa.Column("age", sa.Integer))', 'op.drop_column("users", "age")')
    )
    project.write("mrt-stats.toml", HEAD.format(revisions="") + f"[tables]\nusers = {SMALL}\n")
    assert "users has about 12 rows (16.4 kB)" in " ".join(project.mrt("check", "versions", "--select", "MRT429").out.split())


def test_a_kept_report_is_made_again_when_the_statistics_change(project, sized):
    project.migration("a1", None, index('"users"'))
    assert [rows for rows, _ in sized(f"[tables]\nusers = {BIG}\n").values()] == [40_000_000]
    assert sized(f"[tables]\nusers = {SMALL}\n") == {}
    (project.root / "mrt-stats.toml").unlink()
    assert '"MRT407"' in project.mrt("check", "versions", "--format", "json").out


def test_the_baseline_knows_a_finding_whatever_the_size_of_its_table(project, sized):
    project.migration("a1", None, index('"users"', downgrade='op.drop_index("ix_0", "users")'))
    assert project.mrt("baseline", "versions").code == 0
    sized(f"[tables]\nusers = {BIG}\n")
    found = json.loads(project.mrt("check", "versions", "--baseline", "mrt-baseline.json", "--format", "json").out)
    assert found["findings"] == []


def test_what_is_said_of_a_large_table_is_fixed_and_a_small_one_left_as_it_is(project, sized):
    upgrade = 'op.create_index("ix", "users", ["name"])\nop.create_index("iy", "plans", ["name"])'
    file = project.migration("a1", None, functions(upgrade, 'op.drop_index("iy", "plans")\nop.drop_index("ix", "users")'))
    sized(f"[tables]\nusers = {BIG}\nplans = {SMALL}\n")
    project.mrt("check", "versions", "--fix", "--unsafe-fixes")
    built = [line.strip() for line in file.read_text().splitlines() if "create_index" in line]
    assert ["concurrently" in line for line in built] == [True, False], file.read_text()


def test_the_file_may_have_another_name(project, sized):
    project.migration("a1", None, index('"users"'))
    project.write("pyproject.toml", '[tool.mrt]\nstats = "db/sizes.toml"\n')
    result = project.mrt("check", "versions")
    assert result.code == 2
    assert "sizes.toml, which stats names: mrt stats URL writes it." in result.err
    assert [rows for rows, _ in sized(f"[tables]\nusers = {BIG}\n", name="db/sizes.toml").values()] == [40_000_000]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mrt_stats = 2\n", "is of format 2, where this mrt knows 1: mrt stats URL writes it again."),
        ("mrt_stats =\n", "holds no sizes of tables, or is damaged: mrt stats URL writes it again."),
        ("", "holds no sizes of tables, or is damaged"),
        (HEAD.format(revisions="1") + "[tables]\n", "is damaged"),
        (HEAD.format(revisions=""), "is damaged"),
        (HEAD.format(revisions="") + "[tables]\nusers = 12\n", "is damaged"),
        (HEAD.format(revisions="") + '[tables]\nusers = { rows = "many" }\n', "is damaged"),
        (HEAD.format(revisions="") + "schemas = 1\n[tables]\n", "is damaged"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_is_no_statistics_is_refused_in_a_sentence(project, text, said):
    project.migration("a1", None, index('"users"'))
    project.write("mrt-stats.toml", text)
    result = project.mrt("check", "versions")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_what_is_written_is_read_again():
    written = statistics(
        table("users", 40_000_000, 9_000_000_000), table('we"ird\n\x7f é.x', 3, None), table("users", 7, 8192, schema="crm")
    )
    read = loads(dumps(written), Path("x"))
    assert sorted(map(repr, read.tables)) == sorted(map(repr, written.tables))
    assert dumps(read) == dumps(written)


def test_figures_are_rounded_and_those_that_changed_little_stay():
    first = settle(statistics(table("users", 41_234_567, 9_123_456_789), table("plans", 12, 16_384)), None)
    assert first.tables == (table("plans", 12, 16_000), table("users", 41_000_000, 9_100_000_000))
    later = statistics(table("users", 49_000_000, 9_900_000_000), table("plans", 13, 16_384), date="2026-12-24")
    assert settle(later, first) is first
    grown = settle(statistics(table("users", 61_234_567, 9_900_000_000), table("plans", 13), date="2026-12-24"), first)
    assert (grown.date, grown.tables) == ("2026-12-24", (table("plans", 12), table("users", 61_000_000, 9_100_000_000)))


@pytest.mark.parametrize(
    ("rows", "size", "words"),
    [
        (1, None, "1 row"),
        (0, 0, "0 rows (0 bytes)"),
        (950_000, 81_000_000, "950,000 rows (81 MB)"),
        (1_200_000_000, 2_400, "1.2 billion rows (2.4 kB)"),
    ],
)
def test_sizes_in_words(rows, size, words):
    assert in_words(table("users", rows, size), "users") == f"users has about {words}"


def test_a_damaged_file_names_itself():
    with pytest.raises(UsageError, match=r"^db/sizes\.toml holds"):
        loads("[tables]", Path("db/sizes.toml"))
