"""The judgements behind docs/accuracy.md: they are sound, the page says what they say, and the script matches them to findings."""

import re
from pathlib import Path

import pytest

from benchmarks import accuracy

PAGE = (Path(__file__).parents[2] / "docs" / "accuracy.md").read_text(encoding="utf-8")
JUDGED = [accuracy.Judgement(*row) for row in accuracy.rows("judgements.tsv")]
ROW = re.compile(r"^\| (MRT\d{3}|all) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
ERRORS, WARNINGS = (ROW.findall(section) for section in PAGE.split("### Warnings"))
FINDING = {"path": "versions/1.py", "line": 3, "column": 5, "code": "MRT201", "severity": "error", "message": "drops column 't.a'"}


def test_every_judgement_is_of_a_known_history_and_made_once():
    known = {accuracy.Known(*row).name for row in accuracy.rows("histories.tsv")}
    assert {judgement.history for judgement in JUDGED} == known
    assert {judgement.verdict for judgement in JUDGED} <= {"true", "false", "mended"}
    assert len({judgement.fingerprint for judgement in JUDGED}) == len(JUDGED)
    assert all(judgement.reason for judgement in JUDGED)


def test_at_least_nineteen_of_twenty_errors_are_true():
    right, judged = int(ERRORS[-1][3]), int(ERRORS[-1][2])
    assert ERRORS[-1][:2] == ("all", str(judged)), "every error is judged"
    assert right / judged >= 0.95


@pytest.mark.parametrize("row", [*ERRORS, *WARNINGS], ids=lambda row: row[0])
def test_the_page_says_what_was_judged(row):
    code, _, _, right, wrong = row
    of_page = {code for code, *_ in (ERRORS if row in ERRORS else WARNINGS)}
    mine = [judgement for judgement in JUDGED if judgement.code in of_page and code in {judgement.code, "all"}]
    for verdict, count in (("true", right), ("false", wrong)):
        assert sum(judgement.verdict == verdict for judgement in mine) == int(count)


def fingerprints(*findings):
    return [
        found.fingerprint for found in accuracy.fingerprinted("h", Path("versions"), [FINDING | changes for changes in findings])
    ]


def test_a_finding_is_known_by_its_names_whatever_line_and_words():
    [first] = fingerprints({})
    assert fingerprints({"line": 9, "message": "column 't.a' is gone"}) == [first]
    assert fingerprints({"message": "drops column 't.b'"}) != [first]
    assert fingerprints({"code": "MRT208"}) != [first]
    assert fingerprints({"path": "versions/2.py"}) != [first]


def test_two_findings_of_one_kind_are_two():
    assert len(set(fingerprints({}, {"line": 4}))) == 2


def test_a_sample_of_warnings_hangs_on_nothing_but_the_findings():
    findings = [FINDING | {"severity": "warning", "message": f"'{number}'"} for number in range(30)]
    found = list(accuracy.fingerprinted("h", Path("versions"), findings))
    sample = accuracy.to_judge(found)
    assert len(sample) == accuracy.SAMPLE
    assert accuracy.to_judge(list(reversed(found))) == sample


def test_a_folder_of_no_known_history_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="is none of the histories of"):
        accuracy.history_of(tmp_path)


def test_a_finding_that_nobody_judged_fails_the_run(tmp_path, capsys):
    versions = tmp_path / "rucio" / "versions"
    versions.mkdir(parents=True)
    (versions / "a1.py").write_text(
        'from alembic import op\nrevision = "a1"\ndown_revision = None\n\ndef upgrade():\n    op.drop_table("t")\n\n'
        'def downgrade():\n    op.drop_table("u")\n'
    )
    assert accuracy.main([str(versions)]) == 1
    assert "not judged yet: rucio\ta1.py:6\tMRT202" in capsys.readouterr().out
