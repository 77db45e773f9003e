"""flake8 itself says which comments silence: a plugin that speaks on every line is run through it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mrt_lint.suppress.noqa import NoqaComments, read_lines

SPELLINGS = """\
a = 1
a = 2  # noqa
a = 3  # NOQA
a = 4  #noqa
a = 5  #  noqa
a = 6  # noqa: MRT201
a = 7  # noqa:MRT201
a = 8  # noqa : MRT201
a = 9  # noqa: MRT2
a = 10  # noqa: MRT
a = 11  # noqa: E501
a = 12  # noqa: E501,MRT201
a = 13  # noqa: E501 MRT201
a = 14  # noqa: E501, MRT201 because it is empty
a = 15  # noqa: because MRT201
a = 16  # noqa: mrt201
a = 17  # noqa: E501  # noqa: MRT201
a = 18  # noqa:  MRT201
a = 19  # noqa: MRT201MRT202
a = 20  # noqa MRT303
a = 21  # noqa: MRT202
a = 22  # type: ignore # noqa: MRT201
a = "# noqa"
a = '''# noqa: MRT202
b  # noqa: MRT201
'''
a = \\
    1 + \\
    2  # noqa: MRT201
a = '''
'''  # noqa: MRT201
a = f'''
{a}
'''  # noqa
# noqa
a = 3
if a:  # noqa
    a = 4
def f(  # noqa: MRT2
):
    pass
"""

PLUGIN = """\
class Everywhere:
    name, version = "everywhere", "1"

    def __init__(self, tree, lines):
        self.lines = lines

    def run(self):
        for number in range(1, len(self.lines) + 1):
            yield number, 0, "MRT201 here", type(self)
"""


@pytest.fixture(scope="module")
def flake8_says(tmp_path_factory):
    """Run flake8 once over several files and give the lines that it reports in each."""
    folder = tmp_path_factory.mktemp("flake8")
    (folder / "everywhere.py").write_text(PLUGIN)
    (folder / "setup.cfg").write_text("[flake8:local-plugins]\nextension =\n  MRT201 = everywhere:Everywhere\npaths = .\n")

    def say(**files: str) -> dict[str, set[int]]:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        command = [sys.executable, "-m", "flake8", "--select", "MRT201", "--config", "setup.cfg", *(f"{name}.py" for name in files)]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert not run.stderr
        said = [line.split(":") for line in run.stdout.splitlines()]
        return {name: {int(parts[1]) for parts in said if parts[0] == f"{name}.py"} for name in files}

    return say


def spoken(text: str) -> set[int]:
    lines = read_lines(text.encode())
    silences = NoqaComments(lines)
    return {number for number in range(1, len(lines) + 1) if not silences.silence(number, "MRT201")}


def test_silences_what_flake8_silences(flake8_says):
    whole = {f"whole{index}": f"a = 1\n{line}\na = 2\n" for index, line in enumerate(WHOLE_FILE)}
    said = flake8_says(spellings=SPELLINGS, **whole)
    assert {name: spoken(text) for name, text in whole.items()} == {name: said[name] for name in whole}
    # One difference, on purpose: flake8 looks at one line of a call that spans several, we at the whole statement.
    assert said["spellings"] - spoken(SPELLINGS) == {SPELLINGS.splitlines().index("):") + 1}
    assert spoken(SPELLINGS) <= said["spellings"]
    assert 10 < len(spoken(SPELLINGS)) < 30


WHOLE_FILE = [
    "# flake8: noqa",
    "# flake8:noqa",
    "# FLAKE8: NOQA",
    "# flake8= noqa",
    "    # flake8: noqa",
    "# flake8: noqa: MRT201",
    "# flake8: noqa: E501",
    "a = 3  # flake8: noqa",
    "#flake8: noqa",
]

CALL = """\
op.drop_column(
    "users",{first}
    "phone",{second}
){third}
op.drop_column("users", "fax")
"""


@pytest.mark.parametrize("place", ["first", "second", "third"])
def test_a_comment_on_any_line_of_the_statement_silences_all_of_it_and_nothing_else(place):
    comments = {"first": "", "second": "", "third": "", place: "  # noqa: MRT201"}
    assert spoken(CALL.format(**comments)) == {5}


def test_a_comment_above_a_statement_is_none_of_its_own():
    assert spoken("# noqa: MRT201\n\nop.drop_column('users', 'phone')\n") == {2, 3}


def test_each_line_of_a_call_is_searched_by_itself():
    assert spoken(CALL.format(first="  # noqa: E501", second="  # noqa: MRT201", third="")) == {5}


def test_text_that_is_no_python_is_searched_line_by_line():
    assert spoken("def (\n'''\nx # noqa\n") == {1, 2}


def test_codes_that_silenced_nothing_are_known():
    silences = NoqaComments(read_lines(b"a = 1  # noqa: MRT201, MRT303\nb = 2  # noqa: E501,MRT2\nc = 3  # noqa\n"))
    assert silences.silence(1, "MRT201")
    assert list(silences.useless()) == [(1, 24, "MRT303"), (2, 21, "MRT2")]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc", ["a\n", "b\n", "c"]),
        (b"# coding: latin-1\n\xe9\n", ["# coding: latin-1\n", "\xe9\n"]),
        (b"\xe9\n", ["\xe9\n"]),
        (b"# coding: nonsense\nx\n", ["# coding: nonsense\n", "x\n"]),
        (b"a\x0cb\n\xe2\x80\xa8c\n", ["a\x0cb\n", "\u2028c\n"]),
        (b"", []),
    ],
)
def test_lines_are_those_that_python_counts(source, lines):
    assert read_lines(source) == lines
