"""How many findings on real histories are true: `mrt check` beside what a person judged of every error and of a sample of warnings.

usage: python benchmarks/accuracy.py FOLDER…

Each folder is one of the histories of tests/accuracy/histories.tsv: a versions folder as it lies in the package, or one below a
folder of the history's name. Printed are the two tables of docs/accuracy.md, what nobody has judged yet, what was mended and came
back (exit code 1 if there is any of these), and what was judged and is found no more. The verdicts stand in tests/accuracy/judgements.tsv; a finding is known by its
file, its code and the names in its message, so neither moved lines nor other words make it a new one.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[1] / "tests" / "accuracy"
SAMPLE = 10
"""Warnings of a code that are judged: those with the smallest fingerprints, over all histories."""
_NAMES = re.compile(r"'([^']*)'")


class Known(NamedTuple):
    """One of the histories: how it is called, where it comes from, and the database that it is checked for."""

    name: str
    package: str
    folder: str
    dialect: str


class Judgement(NamedTuple):
    """What a person says of a finding: "true", "false", or "mended" for a false one that is made no more."""

    history: str
    file: str
    code: str
    fingerprint: str
    verdict: str
    reason: str


class Found(NamedTuple):
    """A finding, as far as it is counted."""

    history: str
    file: str
    line: int
    code: str
    severity: str
    message: str
    fingerprint: str


def rows(name: str) -> Iterator[list[str]]:
    """Give the rows of a table of tests/accuracy, without its comments."""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def judgements() -> dict[str, Judgement]:
    """Give every judgement by its fingerprint."""
    return {judgement.fingerprint: judgement for judgement in (Judgement(*row) for row in rows("judgements.tsv"))}


def history_of(folder: Path) -> Known:
    """Tell which history a folder holds; exits where it is none of the known."""
    path = folder.resolve()
    for known in (Known(*row) for row in rows("histories.tsv")):
        if known.name in path.parts or path.as_posix().endswith(known.folder):
            return known
    sys.exit(f"{folder} is none of the histories of {DATA / 'histories.tsv'}: name a folder of it after one of them.")


def check(folder: Path) -> list[Found]:
    """Give what `mrt check` finds in a history with its default rules."""
    known = history_of(folder)
    command = [sys.executable, "-m", "mrt_lint", "check", str(folder), "--dialect", known.dialect, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    return list(fingerprinted(known.name, folder, json.loads(done.stdout)["findings"]))


def fingerprinted(history: str, folder: Path, findings: Iterable[dict[str, Any]]) -> Iterator[Found]:
    """Give findings with what they are known by: file, code, the names in the message, and the how manieth of its kind it is."""
    seen: Counter[tuple[str, ...]] = Counter()
    for finding in sorted(findings, key=lambda finding: (finding["path"], finding["line"], finding["column"], finding["message"])):
        file = Path(finding["path"]).resolve().relative_to(folder.resolve()).as_posix()
        key = (history, file, finding["code"], *sorted({name.casefold() for name in _NAMES.findall(finding["message"])}))
        seen[key] += 1
        digest = hashlib.sha256("\0".join([*key, str(seen[key])]).encode()).hexdigest()[:12]
        yield Found(history, file, finding["line"], finding["code"], finding["severity"], finding["message"], digest)


def to_judge(found: Iterable[Found]) -> list[Found]:
    """Give the findings that the page speaks of: every error, and of each code of warnings the sample."""
    errors, warnings = [], {}
    for finding in sorted(found, key=lambda finding: finding.fingerprint):
        if finding.severity == "error":
            errors.append(finding)
        else:
            warnings.setdefault(finding.code, []).append(finding)
    return errors + [finding for code in sorted(warnings) for finding in warnings[code][:SAMPLE]]


def table(found: list[Found], verdicts: dict[str, Judgement], severity: str) -> Iterator[str]:
    """Give a table of the page: for each code what was found, judged, true and false."""
    yield "| code | found | judged | true | false |"
    yield "| --- | --- | --- | --- | --- |"
    chosen = [finding for finding in found if finding.severity == severity]
    judged = [finding for finding in chosen if finding.fingerprint in verdicts]
    for code in [*sorted({finding.code for finding in chosen}), "all"]:
        mine = [verdicts[finding.fingerprint].verdict for finding in judged if code in {finding.code, "all"}]
        count = sum(code in {finding.code, "all"} for finding in chosen)
        right = mine.count("true")
        yield f"| {code} | {count} | {len(mine)} | {right} | {len(mine) - right} |"


def shares(judged: list[Judgement]) -> Iterator[str]:
    """Say which share is true: of all, and with each code counted once a file, where it is true if all of its findings are."""
    kinds: dict[tuple[str, str, str], bool] = {}
    for judgement in judged:
        kind = (judgement.history, judgement.file, judgement.code)
        kinds[kind] = kinds.get(kind, True) and judgement.verdict == "true"
    for what, verdicts in (
        ("findings", [judgement.verdict == "true" for judgement in judged]),
        ("each code once a file", list(kinds.values())),
    ):
        yield f"{what}: {sum(verdicts)} of {len(verdicts)} true ({100 * sum(verdicts) / max(len(verdicts), 1):.1f} %)"


def main(folders: list[str]) -> int:
    """Check the folders and print what the page says of them."""
    verdicts = judgements()
    found = [finding for folder in folders for finding in check(Path(folder))]
    for severity in ("error", "warning"):
        mine = (finding for finding in found if finding.severity == severity)
        judged = [verdicts[finding.fingerprint] for finding in mine if finding.fingerprint in verdicts]
        print(f"\n{severity}s\n", *table(found, verdicts, severity), "", *shares(judged), sep="\n")
    strange = [finding for finding in to_judge(found) if finding.fingerprint not in verdicts]
    known = {finding.fingerprint for finding in found}
    for judgement in verdicts.values():
        if judgement.verdict != "mended" and judgement.fingerprint not in known:
            print("judged, and found no more:", *judgement[:4], sep="\t")
    back = [finding for finding in found if finding.fingerprint in verdicts and verdicts[finding.fingerprint].verdict == "mended"]
    for title, findings in (("not judged yet", strange), ("mended once, and back", back)):
        for finding in findings:
            print(
                f"{title}: {finding.history}\t{finding.file}:{finding.line}\t{finding.code}\t{finding.fingerprint}\t{finding.message}"
            )
    return 1 if strange or back else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
