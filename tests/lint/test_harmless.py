"""Nothing in a migration, its file's name or its revision steers the terminal or the CI log in which a result is shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.lint.conftest import functions

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
EVIL = "\x1b[31mX\x9b2J\u202e\n::error::pwned\n##[error]pwned\r##vso[task.complete]\u2028\u200b\x00%0A::warning::x\x07"
WORD = "\x1b]0;t\x07\n::stop-commands::s ##[group]\u2066\x85"
"""In a name; a file's name may hold no null."""

SOURCE = '''"""{doc}"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = {revision!a}
down_revision = {parent!a}
branch_labels = ({label!a},)
depends_on = ({label!a},)


def upgrade():
    # {comment}
    op.drop_column({name!a}, {name!a})
    op.drop_table({name!a}); op.add_column("t", sa.Column({name!a}, sa.String(3), nullable=False))  # {comment}
    op.execute("DROP TABLE " + {evil!a} + " CASCADE")
    op.execute("""DELETE FROM a WHERE x
::error::inside
""")
    op.create_check_constraint({name!a}, {name!a}, {evil!a})
    op.create_index({name!a}, {name!a}, ["a", {name!a}])
    op.alter_column("t", {name!a}, nullable=False, type_=sa.String(2), server_default={evil!a}, comment={evil!a})
    op.create_table({name!a}, sa.Column({name!a}, sa.Integer, comment={evil!a}), comment={evil!a})
    op.execute(undefined({name!a}, """{comment}""")); getattr(op, "drop_" + somewhere)({name!a})
    if op.get_bind().dialect.name == {name!a}:
        op.drop_column("t", "x")


def downgrade():
    raise RuntimeError({evil!a})
'''
FORMS = ("table", "concise", "github", "junit", "gitlab", "sarif", "json")


def harmful(text: str, own: str = "\n") -> list[str]:
    """Give what a terminal or a CI service would obey, apart from characters and commands of ours."""
    found = [f"{character!r} in {line!r}" for line in text.split("\n") for character in line
             if unicodedata.category(character) in HARMFUL and character not in own]  # fmt: skip
    lines = re.split(r"[\n\r]", text)
    found += [line for line in lines if line.lstrip().startswith("::") and not re.match(r"::(error|warning|notice) [\w=.]", line)]
    return found + [line for line in lines if re.search(r"##\w*\[", line)]


@pytest.fixture(params=["name", "plain"])
def evil(request, project):
    """A history whose files say evil things; with file names of that kind, too, or without."""
    folder = f"versions/{WORD.replace('/', '')}" if request.param == "name" else "versions"
    comment = EVIL.replace("\0", "").replace("\n", " ").replace("\r", " ").replace("\u2028", "")
    for number, parent in enumerate((None, f"1{WORD}", f"2{WORD}", "missing\x1b[1m\n::error::"), 1):
        source = SOURCE.format(doc=EVIL.replace("\0", ""), revision=f"{number}{WORD}", parent=parent, label=f"l{number}{WORD}",
                               comment=comment, name=f"n{WORD}", evil=EVIL)  # fmt: skip
        file = f"::{number}{WORD}.py" if request.param == "name" else f"m{number}.py"
        project.write(f"{folder}/{file}", source)
    project.write(f"{folder}/broken.py", 'revision = "5"\ndown_revision = "1"\ndef upgrade(:\n    \x1b::error::')
    return project


@pytest.mark.parametrize("form", FORMS)
def test_a_check_says_nothing_harmful_in_any_format(evil, form):
    result = evil.mrt("check", "versions", "--format", form, "--select", "MRT", "--strict")
    assert result.code == 1
    assert len(result.out) > 1000
    assert harmful(result.out + result.err) == []
    evil.mrt("check", "versions", "--format", form, "--select", "MRT", "-o", "out.txt")
    assert harmful(Path("out.txt").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_formats_for_programs_are_faithful(evil, form):
    result = evil.mrt("check", "versions", "--format", form, "--select", "MRT")
    assert any(f"n{WORD}" in text for text in _strings(json.loads(result.out)))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _strings(item)]


def test_junit_is_xml_and_shows_what_xml_cannot_hold(evil):
    out = evil.mrt("check", "versions", "--format", "junit", "--select", "MRT").out
    messages = "".join(ET.fromstring(out.encode()).itertext())
    assert r"\x1b]0;t\x07" in messages
    assert "\ufffd" not in messages


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "versions", "--statistics"),
        ("check", "versions", "--diff"),
        ("check", "versions", "--diff", "--unsafe-fixes", "--select", "MRT"),
        ("check", "versions", "--since", f"1{WORD}"),
        ("check", "versions", "--baseline", f"no{WORD}"),
        ("check", "versions", "--dialect", WORD),
        ("check", "versions", "--select", WORD),
        ("check", "versions", "--diff-base", f"x{WORD}"),
        ("check", f"versions{WORD}"),
        ("check", f"--x{WORD}"),
        ("check", "versions", "--format", WORD),
        ("check", "versions", "-o", f"no/{WORD}"),
        (WORD,),
        ("history", "versions", "--files"),
        ("history", "versions", "--format", "mermaid"),
        ("history", "versions", "--format", "json"),
        ("history", "versions", "--since", WORD),
        ("show", "--at", "heads", "versions"),
        ("show", "--at", f"2{WORD}", "versions"),
        ("show", "--at", WORD, "versions"),
        ("show", "--at", f"2{WORD}", "--table", WORD, "versions"),
        ("show", "--at", f"2{WORD}", "--format", "json", "versions"),
        ("explain", WORD),
        ("explain", "MRT2", "MRT201"),
        ("rules",),
        ("rules", "--format", "json"),
        ("lock", "versions"),
        ("lock", WORD),
        ("baseline", "versions", "--output", f"b{WORD}"),
        ("baseline", "versions", "--output", f"no/{WORD}"),
    ],
    ids=repr,
)
def test_no_other_command_says_anything_harmful(evil, arguments):
    result = evil.mrt(*arguments)
    assert result.out + result.err
    assert harmful(result.out + result.err, own="\t\n" if "--diff" in arguments else "\n") == []


@pytest.mark.parametrize("form", ["table", "json"])
def test_show_says_nothing_harmful_of_one_file(evil, form):
    for file in Path("versions").rglob("*.py"):
        result = evil.mrt("show", str(file), "--format", form)
        assert result.out + result.err
        assert harmful(result.out + result.err) == []


def test_a_file_whose_name_begins_a_command_is_shown_escaped(project):
    source = SOURCE.format(doc="", revision="1", parent=None, label="l", comment="", name="n", evil="e")
    project.write("::error::x.py", source)
    for command in (("check",), ("check", "--format", "concise"), ("show",)):
        result = project.mrt(*command, "::error::x.py")
        assert r"\x3a:error::x.py" in result.out
        assert harmful(result.out + result.err) == []


def test_fixes_are_reported_harmlessly(evil):
    result = evil.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT")
    assert "Fixed" in result.out or "cannot be fixed" in result.out
    assert harmful(result.out + result.err) == []


def test_a_diff_in_a_file_is_what_was_asked_for(project):
    """On the terminal it is escaped, in a file it can be applied."""
    body = functions(
        'op.execute("""UPDATE t SET a = b\n::int \x1b""")\nop.create_index("i", "t", ["a"], postgresql_concurrently=True)',
        'op.drop_index("i", "t")',
    )
    project.migration("1", None, body)
    command = ("check", "versions", "--diff", "--dialect", "postgresql")
    project.mrt(*command, "-o", "x.diff")
    shown = project.mrt(*command).out
    assert "\n     ::int \x1b" in Path("x.diff").read_text()
    assert "\n     \\x3a:int \\x1b" in shown


def test_flake8_says_nothing_harmful(evil):
    next(Path("versions").rglob("*1*.py")).rename("m.py")  # flake8 shows a file's name itself
    command = [sys.executable, "-m", "flake8", "--select", "MRT", "m.py"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "m.py:" in run.stdout
    assert harmful(run.stdout + run.stderr) == []


def test_watch_says_nothing_harmful_of_what_changed(evil):
    process = subprocess.Popen(
        [sys.executable, "-m", "mrt_lint", "check", "versions", "--watch"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        text = _until(process, b"Ctrl-C ends it")
        file = next(Path("versions").rglob("*1*.py"))
        os.utime(file, ns=(1, 1))
        text += _until(process, b" changed")
        text += _until(process, b"Ctrl-C ends it")
    finally:
        process.kill()
        process.communicate()
    assert harmful(text) == []


def _until(process: subprocess.Popen[bytes], end: bytes) -> str:
    assert process.stdout is not None
    text = b""
    deadline = time.monotonic() + 60
    while end not in text and time.monotonic() < deadline:
        text += process.stdout.readline()
    return text.decode("utf-8", "surrogateescape")
