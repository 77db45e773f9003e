"""What is shown of a stranger's text can neither steer a terminal nor give a command to a CI service."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrt_lint.escape import printable

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("users", "users"),
        ("naïve 表 🐘 x\u3000y", "naïve 表 🐘 x\u3000y"),
        ("a\x1b[31mred", r"a\x1b[31mred"),
        ("a\x9b31m", r"a\x9b31m"),
        ("one\ntwo\r\nthree", r"one\ntwo\r\nthree"),
        ("a\u2028b\x85c\x0bd\x0c", r"a\u2028b\x85c\x0bd\x0c"),
        ("\u202eevil\u2066\u200b\ufeff", r"\u202eevil\u2066\u200b\ufeff"),
        ("bad\udcff.py", r"bad\udcff.py"),
        ("a\tb\0\x7f", r"a\tb\x00\x7f"),
        ("::error::hello", r"\x3a:error::hello"),
        ("  \u3000::stop-commands::x", "  \u3000\\x3a:stop-commands::x"),
        ("'x'::text", "'x'::text"),
        ("see ##[error] and ##vso[task.complete]", r"see #\x23[error] and #\x23vso[task.complete]"),
        ("##teamcity[x] ###[y]", r"#\x23teamcity[x] ##\x23[y]"),
        ("## heading", "## heading"),
        (r"C:\new\x1b", r"C:\new\x1b"),
    ],
)
def test_what_is_shown(text, shown):
    assert printable(text) == shown


def test_wanted_control_characters_are_kept():
    assert printable("\tx\ty\x1b", keep="\t") == "\tx\ty\\x1b"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(list("::##[ \t\n\x1b\x9b\u202e\udc80vso")))))
def test_nothing_harmful_is_left_whatever_the_text(text):
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & HARMFUL
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert "##vso[" not in shown
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1


def test_the_module_needs_nothing_but_the_standard_library():
    """The runtime and the command line import it before anything else is there."""
    code = "import sys, mrt_lint.escape; print(sorted(n for n in sys.modules if n.startswith('mrt_')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "['mrt_lint', 'mrt_lint.escape']"
