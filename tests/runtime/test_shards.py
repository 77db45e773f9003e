"""`--shard I/N` on several machines, and `mrt report merge`, which makes one report of theirs."""

import json
from pathlib import Path

import pytest

from mrt_lint.cli import main

COUNT = 3


@pytest.fixture
def history(project, sqlite_url, monkeypatch):
    """A history of seven revisions, of which one cannot be reached beyond."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("MRT_DATABASE_URL", sqlite_url)
    for number in range(7):
        upgrade = "op.execute('SELECT nothing FROM nowhere')" if number == 3 else None
        project.add(f"r{number}", f"r{number - 1}" if number else None, upgrade=upgrade)
    return project


SAVED: dict[str, str] = {}
"""The reports of all shards by the files they are in, once they were made: what is done with them changes nothing in them."""


@pytest.fixture
def files(history):
    """The reports of all shards."""
    if not SAVED:
        SAVED.update((file.name, file.read_text()) for file in map(verify_shard, range(1, COUNT + 1)))
    for name, text in SAVED.items():
        Path(name).write_text(text)
    return [Path(name) for name in SAVED]


def verify_shard(number, count=COUNT):
    main(["verify", "--shard", f"{number}/{count}", "--format", "json", "-o", f"{number}.json"])
    return Path(f"{number}.json")


def merge(capsys, *arguments):
    code = main(["report", "merge", *map(str, arguments)])
    written = capsys.readouterr()
    return code, written.out, written.err


def without_times(text):
    document = json.loads(text)
    for revision in document["revisions"]:
        revision["seconds"] = 0
    return document


def test_merged_shards_are_the_report_of_one_run(files, capsys):
    assert main(["verify", "--format", "json"]) == 1
    whole = without_times(capsys.readouterr().out)
    code, out, err = merge(capsys, *reversed(files))
    assert (code, err) == (1, "")
    assert without_times(out) == whole
    assert merge(capsys, *files, "-o", "all.json") == (1, "", "")
    assert Path("all.json").read_text() == out


def test_merged_shards_can_be_drawn(files, capsys):
    assert main(["verify"]) == 1
    picture = capsys.readouterr().out
    assert merge(capsys, *files, "--format", "table") == (1, picture, "")


def test_shards_that_all_pass_pass(history, capsys):
    (history.versions / "r3.py").write_text(
        (history.versions / "r3.py").read_text().replace("SELECT nothing FROM nowhere", "SELECT 1")
    )
    (history.versions / "r3.py").write_text((history.versions / "r3.py").read_text().replace('op.drop_table("t_r3")', "pass"))
    assert merge(capsys, *[verify_shard(number, 9) for number in range(1, 10)])[0] == 0  # two of them are empty


def test_a_missing_shard_is_named(files, capsys):
    assert merge(capsys, files[0], files[2]) == (
        2, "", "mrt report merge: The report of shard 2/3 is missing: name the files of all 3.\n"
    )  # fmt: skip


def test_a_shard_that_is_there_twice_is_named(files, capsys):
    code, _, err = merge(capsys, *files, files[1])
    assert (code, err) == (2, "mrt report merge: Two reports are of shard 2/3: name each once.\n")


def test_shards_of_different_histories_are_refused(files, history, capsys):
    history.add("r7", "r6")
    verify_shard(3)
    code, out, err = merge(capsys, *files)
    assert (code, out) == (2, "")
    assert err == (
        "mrt report merge: 1.json and 3.json are not about the same revisions: "
        "verify all shards of one commit with the same options.\n"
    )


def test_a_revision_that_was_mended_between_two_shards_makes_another_history(files, history, capsys):
    path = history.versions / "r0.py"
    path.write_text(path.read_text().replace("pass", "pass  # mended") + "\n# more\n")
    verify_shard(2)
    assert "not about the same revisions" in merge(capsys, *files)[2]


def test_other_ends_of_lines_make_no_other_history(files, history, capsys):
    path = history.versions / "r0.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    verify_shard(2)
    assert merge(capsys, *files)[0] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "2.1.0"}, "is of pytest-mrt"),
        ({"database": {"dialect": "mysql", "version": "8.4", "url": "…"}}, "is of sqlite and 2.json of mysql"),
        ({"shard": {"number": 2, "count": 4, "history": "…"}}, "is of 3 shards and 2.json of 4 shards"),
    ],
)
def test_shards_of_different_runs_are_refused(files, capsys, change, words):
    files[1].write_text(json.dumps(json.loads(files[1].read_text()) | change))
    code, out, err = merge(capsys, *files)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"shard": 1}', '{"shard": {}}', "null"])
def test_what_is_no_report_is_named(files, capsys, text):
    files[0].write_text(text)
    code, out, err = merge(capsys, *files)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("mrt report merge: 1.json is ")


def test_a_file_that_is_not_there_is_named(files, capsys):
    assert merge(capsys, *files, "4.json")[2] == "mrt report merge: 4.json cannot be read: No such file or directory.\n"


def test_the_report_of_a_whole_run_is_no_shard(files, capsys):
    main(["verify", "--format", "json", "-o", "whole.json"])
    assert "whole.json is the report of a whole run" in merge(capsys, "whole.json")[2]


def test_a_shard_that_was_stopped_is_told(files, capsys):
    files[1].write_text(json.dumps(json.loads(files[1].read_text()) | {"stopped": "ended by SIGTERM"}))
    code, out, err = merge(capsys, *files)
    assert (code, err) == (2, "mrt report merge: not every revision was verified: shard 2/3: ended by SIGTERM\n")
    assert json.loads(out)["stopped"] == "shard 2/3: ended by SIGTERM"


@pytest.mark.parametrize("shard", ["0/3", "4/3", "2", "a/b", "1/0", "-1/2", ""])
def test_a_shard_that_is_none_is_refused_in_a_sentence(history, capsys, shard):
    with pytest.raises(SystemExit) as ended:
        main(["verify", f"--shard={shard}"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"mrt verify: argument --shard: {shard!r} names no shard: write 2/5 for the second of five (mrt verify --help says more)\n"
    )


def test_a_shard_may_be_verified_by_several_jobs(history, capsys):
    for number in range(7, 40):
        history.add(f"r{number}", f"r{number - 1}")
    main(["verify", "--shard", "1/2", "--format", "json"])
    one = without_times(capsys.readouterr().out)
    main(["verify", "--shard", "1/2", "--jobs", "2", "--format", "json"])
    assert without_times(capsys.readouterr().out) == one
    assert 20 < len(one["revisions"]) < 40
