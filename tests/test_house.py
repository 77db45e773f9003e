"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from mrt_lint import __version__, settings
from mrt_lint.model.finding import Consequence
from mrt_lint.report import rule_page
from mrt_lint.rules import all_rules
from mrt_runtime.config import MRTConfig
from tests import readme

ROOT = Path(__file__).parent.parent
PACKAGES = ("mrt_lint", "mrt_report", "mrt_runtime")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FOREIGN_WORDS = frozenset(
    re.findall(
        r"\w+",
        "nobody somebody anybody everybody whoever anew speak speaks spoke spoken speaking lie lies lying stand stands stood standing "
        "tell tells told telling lets letting",
    )
)
"""Words of a private language: a file *is in* a folder, a rule *reports*, a table *is rebuilt*, *no caller* does this."""
PERMITTED_PHRASES = re.compile(r"\bstands? for\b|\bstand-ins?\b")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MOST_LINES = 320
MOST_LINES_IN_A_FUNCTION = 50


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / path for path in listing.stdout.split("\0") if path and (ROOT / path).is_file()]


def test_a_file_is_about_one_thing_and_short_enough_to_be_read():
    long = {name(path): lines for path in SOURCES if (lines := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES}
    assert not long


@cache
def parsed() -> list[tuple[Path, ast.Module, list[Definition]]]:
    """Every source file with its functions and classes: parsed once, for that takes most of the time of this file."""
    trees = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]
    return [(path, tree, [node for node in ast.walk(tree) if isinstance(node, DEFINITIONS)]) for path, tree in trees]


def test_a_function_fits_on_a_screen():
    long = {
        f"{name(path)}:{node.lineno} {node.name}": length
        for path, _, nodes in parsed()
        for node in nodes
        if not isinstance(node, ast.ClassDef) and (length := (node.end_lineno or 0) - node.lineno) > MOST_LINES_IN_A_FUNCTION
    }
    assert not long


def test_modules_are_named_after_what_they_are():
    vague = re.compile(r"(^|_)(utils?|helpers?|manager|common|misc|base)(_|$)")
    assert not [name(path) for path in SOURCES if vague.search(path.stem)]


def classes() -> dict[str, list[str]]:
    """Every class, with the files that define it."""
    found: dict[str, list[str]] = {}
    for path, _, nodes in parsed():
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(name(path))
    return found


def is_rule(path: str) -> bool:
    """Rules are named after what they find, which may be an operation: both are called DropTable."""
    return path.startswith("mrt_lint/rules/")


def test_a_class_name_means_one_thing():
    ambiguous = {known: paths for known, paths in classes().items() if len([path for path in paths if not is_rule(path)]) > 1}
    assert not ambiguous


def test_sqlalchemy_is_imported_from_where_1_4_has_its_names():
    since_2 = {"URL", "Connection", "Engine", "Pool", "NullPool", "QueuePool", "StaticPool", "RootTransaction", "make_url"}
    new = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" and since_2 & {alias.name for alias in node.names}
    ]
    assert not new, "from sqlalchemy.engine or sqlalchemy.pool"


def test_few_classes_are_named_by_one_plain_word():
    own = {known for known, paths in classes().items() if not all(map(is_rule, paths))}
    plain = sorted(known for known in own if len(re.findall("[A-Z][a-z0-9]*", known)) < 2)
    assert len(plain) < len(own) / 4, plain


def test_docstrings_begin_as_those_of_python_do():
    private = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path, _, nodes in parsed()
        for node in nodes
        if (ast.get_docstring(node) or "").split(" ")[0] in {"Give", "Tell", "Let", "Say"}
    ]
    assert not private, "write Return …, or what is done"


def foreign_words(text: str) -> list[tuple[int, str]]:
    """The line and the word, of everything in a text, names in code included, that is not plain English."""
    lowered = text.lower()
    if FOREIGN_WORDS.isdisjoint(re.findall(r"\w+", lowered)):  # nearly every file, and three times as fast
        return []
    words = re.finditer(r"\w+", PERMITTED_PHRASES.sub(lambda match: "_" * len(match[0]), lowered))
    return [(text.count("\n", 0, match.start()) + 1, match[0]) for match in words if match[0] in FOREIGN_WORDS]


def test_code_and_documentation_are_written_in_plain_english():
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        ROOT / "pytest_mrt.py",
        *(ROOT / "docs").rglob("*.md"),
    ]
    shown = [path for package in PACKAGES for ending in ("html", "js") for path in (ROOT / package).rglob(f"*.{ending}")]
    found = [
        f"{name(path)}:{line} {word}"
        for path in (*SOURCES, *pages, *shown)
        for line, word in foreign_words(path.read_text(encoding="utf-8"))
    ]
    assert not found, "no user, a rule reports, a file is in, a table is rebuilt, a message names"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A role\nthat Nobody has", [(2, "nobody")]),
        ("a table is made anew, and nothing tells", [(1, "anew"), (1, "tells")]),
        ("`?` stands for a hole; a stand-in of a role; it stands here", [(1, "stands")]),
        ("has_stands, understand, families", []),
    ],
)
def test_foreign_words_are_found_and_permitted_phrases_are_not(text: str, words: list[tuple[int, str]]):
    assert foreign_words(text) == words


def test_every_module_says_what_it_is():
    assert not [name(path) for path, tree, _ in parsed() if not ast.get_docstring(tree)]


@pytest.mark.parametrize("page", readme.PAGES, ids=name)
def test_pages_show_what_their_commands_print(page):
    text = page.read_text(encoding="utf-8")
    assert readme.render(text) == text, "python -m tests.readme writes it again"


def test_one_page_names_everything_that_can_be_set():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    options = {action for command in ("check", "verify") for action in _options(command)}
    plugin = set(re.findall(r'"(--mrt[a-z-]*)"', (ROOT / "mrt_runtime/plugin/__init__.py").read_text("utf-8")))
    flake8 = set(re.findall(r'add\("(--mrt-[a-z-]+)"', (ROOT / "mrt_lint/flake8_plugin.py").read_text("utf-8")))
    keys = {*settings._KEYS, *(field.name for field in dataclasses.fields(MRTConfig))}
    versions = {f"{start}-{database}-version" for start in ("-", "--mrt") for database in ("mysql", "mariadb")}
    missing = {word for word in {*options, *plugin, *flake8, *keys} - versions - {"-h", "--help"} if f"`{word}`" not in page}
    assert not missing


def _options(command: str) -> set[str]:
    from mrt_lint.cli import _make_parser

    [subparsers] = [action for action in _make_parser([command])._actions if action.dest == "command"]
    actions = subparsers.choices[command]._actions
    return {max(action.option_strings, key=len) for action in actions if action.option_strings}


def test_the_pages_of_the_rules_are_fresh():
    wanted = {f"docs/{path}": text for path, text in rule_page.pages(all_rules())}
    found = {
        name(path): path.read_text(encoding="utf-8")
        for path in [ROOT / "docs/rules.md", ROOT / "docs/online-ddl.md", *(ROOT / "docs/rules").glob("*.md")]
    }
    assert found == wanted, "python -m tests.readme writes them"


def test_every_rule_declares_one_consequence_and_every_consequence_has_a_rule():
    declared = {rule.code: vars(type(rule)).get("consequence") for rule in all_rules()}
    assert not [code for code, consequence in declared.items() if not isinstance(consequence, Consequence)]
    assert set(declared.values()) == set(Consequence)


def test_links_of_the_documentation_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (path, link) for path in pages for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    ]
    assert links
    assert not [f"{name(path)}: {link}" for path, link in links if not (path.parent / link).exists()]


def test_the_version_is_in_one_place():
    assert f"## {__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"rev: v{__version__}\n" in (ROOT / "docs/editors.md").read_text(encoding="utf-8")
    assert "\nversion =" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional")[0]


def test_every_benchmark_is_on_its_page_with_the_command_to_repeat_it():
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    scripts = {
        path.name for path in (ROOT / "benchmarks").glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert scripts
    assert {script for script in scripts if f"`python benchmarks/{script}" not in page} == set()


def test_no_path_of_a_developers_machine_is_left_behind():
    pattern = re.compile(rb"/(?:work|farm|root|opt/pypi|home/(?!runner\b)\w+|Users/\w+)/")
    files = [path for path in tracked() if path != Path(__file__)]
    assert not [name(path) for path in files if pattern.search(path.read_bytes())]


def test_everything_silenced_says_why():
    bare = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z-]+\])\s*$")
    files = [path for path in tracked() if path.suffix == ".py" and path.parts[len(ROOT.parts)] in PACKAGES]
    lines = [
        f"{name(path)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert not lines
