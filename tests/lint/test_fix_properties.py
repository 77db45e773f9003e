"""For any history: what `--fix` writes parses, moves no other byte, does what was meant, and is written once."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fix_accuracy import compare, measure
from benchmarks.random_histories import HEAD, History
from mrt_lint.check import judgement
from mrt_lint.fix.layout import WIDTH, call, flat, lay_out, quote
from mrt_lint.fix.session import FixSession
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.rules import all_rules
from mrt_lint.settings import Settings
from tests.lint import marked

QUICK = settings(max_examples=60, deadline=None, database=None, derandomize=True)
SPELLINGS = (
    lambda text: text.encode(),
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: text.replace("    ", "\t").encode(),
    lambda text: b"\xef\xbb\xbf" + text.rstrip("\n").encode(),
    lambda text: f"# coding: latin-1\n# \u00df\n{text}".encode("latin-1"),
)


def histories(random: Random, length: int = 8) -> dict[str, bytes]:
    """Make a random history whose downgrades are all empty."""
    history, parent, sources = History(random, "postgresql"), None, {}
    for number in range(length):
        revision, step = f"{number:03}", history.step()
        text = (
            HEAD.format(revision=revision, parent=parent) + f"def upgrade():\n    {step.upgrade}\n\n\ndef downgrade():\n    pass\n"
        )
        sources[f"{revision}.py"] = random.choice(SPELLINGS)(text)
        parent = revision
    return sources


def fix(sources: dict[str, bytes]) -> dict[str, bytes]:
    """Fix every file, unsafe fixes included."""
    chosen = Settings(ignore=("MRT4",))
    readings = {path: read(MigrationSource(path, source, None)) for path, source in sources.items()}
    report = judgement.judge(sources, readings, chosen)
    session = FixSession(sources, readings, chosen, unsafe=True, breaks=lambda *_: False)
    return {path: session.fix(path, [found for found in report.findings if found.path == path]).after for path in sources}


@pytest.mark.parametrize("seed", range(8))
def test_only_the_empty_function_is_written_and_only_once(seed):
    sources = histories(Random(seed))
    fixed = fix(sources)
    assert fixed != sources or not any(b"create_table" in source for source in sources.values())
    for path, before in sources.items():
        after = fixed[path]
        ast.parse(after)
        head, tail = before.rsplit(b"pass", 1)
        assert after.startswith(head), path
        assert after.endswith(tail), path
        assert (b"\r\n" in before) == (b"\r\n" in after)
        assert after.count(b"\n") == after.count(b"\r\n") or b"\r" not in after
        assert b"    " not in after or b"\t" not in before
    assert fix(fixed) == fixed


@pytest.mark.parametrize("seed", range(8))
def test_a_written_downgrade_is_that_of_an_author_who_forgot_nothing(seed):
    history, parent, sources, authors = History(Random(seed), "postgresql"), None, {}, {}
    for number in range(10):
        revision, step = f"{number:03}", history.step()
        text = HEAD.format(revision=revision, parent=parent) + f"def upgrade():\n    {step.upgrade}\n\n\ndef downgrade():\n"
        authors[f"{revision}.py"] = f"{text}    {step.downgrade}\n".encode()
        sources[f"{revision}.py"], parent = f"{text}    pass\n".encode(), revision
    fixed = fix(sources)
    assert fixed != sources
    for path, after in fixed.items():
        forgot = b"    pass" in authors[path] or b"raise" in authors[path]
        if after != sources[path] and not forgot:
            ours, theirs = (read(MigrationSource(path, source, None)) for source in (after, authors[path]))
            assert compare(ours, theirs) in {"same", "less"}, f"{authors[path].decode()}\n{after.decode()}"


@QUICK
@given(st.text(), st.sampled_from("\"'"))
def test_a_string_is_written_as_what_it_is(text, mark):
    assert ast.literal_eval(quote(text, mark)) == text


@QUICK
@given(
    st.recursive(
        st.sampled_from(["x", '"a string"', "None"]),
        lambda inner: st.lists(inner, max_size=6).map(lambda items: call("sa.Column", *items)),
    )
)
def test_code_is_laid_out_as_what_it_is(code):
    written = lay_out(code, "    ", "    ", 4, 0)
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(flat(code)))
    assert all(
        len(line) <= WIDTH or line.strip().startswith(("x", '"', "None", "sa.Column()")) for line in ("    " + written).splitlines()
    )


@pytest.mark.parametrize("text", ['say "no"', "it's", "both ' and \"", "a\nb", "tab\t", "back\\slash", "\u00e4\U0001f600\u2028"])
def test_strings_need_few_backslashes(text):
    assert ast.literal_eval(quote(text)) == text
    assert ("\\" in quote(text)) == (text in {"both ' and \"", "tab\t", "back\\slash", "\u00e4\U0001f600\u2028"})


def test_the_downgrades_of_the_clean_history_are_written_as_their_authors_wrote_them():
    counts = measure(Path(__file__).parents[2] / "fixtures" / "migrations" / "clean", unsafe=True, show="")
    assert counts["same"] >= 8
    assert counts["same"] == counts["written"]


def fix_example(example, code: str):
    """Fix what one rule finds in an example, unsafe fixes included."""
    sources = {f"{number}.py": text.encode() for number, text in enumerate(marked.write(example))}
    chosen = Settings(select=(code,), target=example.target)
    readings = {path: read(MigrationSource(path, source, example.target.dialect)) for path, source in sources.items()}
    session = FixSession(sources, readings, chosen, unsafe=True, breaks=lambda *_: False)
    own = f"{len(example.before)}.py"
    found = [finding for finding in judgement.judge(sources, readings, chosen).findings if finding.path == own]
    return session.fix(own, found)


HERE = [rule for rule in all_rules() if rule.fix is not None and rule.code not in {"MRT207", "MRT409", "MRT990"}]
"""Without those whose examples have no earlier migration that says what there was, and the one that takes all rules."""


@pytest.mark.parametrize("rule", HERE, ids=lambda rule: rule.code)
def test_a_rule_that_promises_a_fix_keeps_its_promise_in_an_example_of_its_own(rule):
    outcomes = [fix_example(example, rule.code) for example in rule.bad if not example.files]
    assert any(outcome.fixed for outcome in outcomes), [outcome.refused for outcome in outcomes]
    for outcome in outcomes:
        ast.parse(outcome.after)
        assert not [why for _, why in outcome.refused if "trying failed" in why]
