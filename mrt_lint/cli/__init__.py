"""The command `mrt`. Every command imports what it needs itself, so that none pays for another."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from mrt_lint import __version__
from mrt_lint.cli.streams import OutputError, StandardStreams

_CLEAN, _FOUND, _WRONG = 0, 1, 2


class _CommandParser(ArgumentParser):
    """Says in one sentence what is wrong with a command."""

    def error(self, message: str) -> NoReturn:
        from mrt_lint.escape import printable  # noqa: PLC0415  only for a mistake

        self.exit(_WRONG, f"{self.prog}: {printable(message)} ({self.prog} --help says more)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse here what is not known, in the name of the command that was called: argparse would do so in that of `mrt`."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            from mrt_lint.settings import nearest  # noqa: PLC0415  only for a mistake

            option = next((word.partition("=")[0] for word in unknown if word.startswith("-")), "")
            self.error(f"unrecognized arguments: {' '.join(unknown)}{nearest(option, self._option_string_actions)}")
        return known, unknown


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mrt` and return its exit code: 0 clean, 1 something found, 2 the command itself is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with StandardStreams() as standard:
        try:
            return _run(given, may_print=not standard.closed)
        except KeyboardInterrupt:
            # 128 and the number of SIGINT, as shells report it
            return 130
        except BrokenPipeError:  # the reader has seen enough: `mrt check | head`
            return _FOUND
        except OutputError as error:
            sys.stderr.write(f"mrt{''.join(f' {name}' for name in given[:1] if name in _COMMANDS)}: {error}\n")
            return _WRONG


def _run(given: Sequence[str], *, may_print: bool) -> int:
    """Run a command, unless its output would not be visible."""
    try:
        options = parse_command(given)
        prints = options.command not in {"lock", "baseline"} and not getattr(options, "output", None)
        if prints and not may_print:
            raise OutputError("the output cannot be written: standard output is closed")
        return _dispatch(options)
    finally:
        sys.stdout.flush()


def _dispatch(options: Namespace) -> int:
    """Run the command; what comes of a current folder that is not there any more is said in a sentence."""
    try:
        return call(options)
    except OSError:
        if _has_folder():
            raise
        sys.stderr.write(
            f"mrt {options.command}: The current folder is not there any more: change to the project's, and run again.\n"
        )
        return _WRONG


def _has_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109  pathlib is not imported yet
    except OSError:
        return False
    return True


def call(options: Namespace) -> int:
    """Run the command that the options name; what is wrong with it is one sentence on standard error."""
    if options.command in _ELSEWHERE:
        return int(import_module(_ELSEWHERE[options.command]).run(options))
    from mrt_lint.usage import UsageError  # noqa: PLC0415  mrt --version needs none of it

    try:
        return int(_command(options.command)(options))
    except UsageError as error:
        from mrt_lint.escape import printable  # noqa: PLC0415  only for a mistake

        sys.stderr.write(f"mrt {options.command}: {printable(str(error))}\n")
        return _WRONG


def _command(name: str) -> Callable[[Namespace], int]:
    run: Callable[[Namespace], int] = import_module(f"mrt_lint.cli.{name}").run
    return run


def parse_command(given: Sequence[str]) -> Namespace:
    """Return the options of a command line; what is wrong with it ends the program with a sentence."""
    return _make_parser(given[:1]).parse_args(given)


def _make_parser(first: Sequence[str]) -> ArgumentParser:
    """Describe the command line, and the arguments of the command that is meant: to describe all would take 5 ms."""
    parser = _CommandParser(prog="mrt", description="Find Alembic migrations that lose data, lock tables or cannot be rolled back.")
    parser.add_argument("--version", action="version", version=f"mrt {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (help_text, add_arguments) in _COMMANDS.items():
        command = commands.add_parser(name, help=help_text)
        if name in first:
            add_arguments(command)
            command.epilog = command.epilog or _EXIT_CODES.get(name, "Exit codes: 0 done, 2 the command itself is wrong.")
    return parser


def describe_all() -> ArgumentParser:
    """Return the whole command line, as completion needs it."""
    return _make_parser(tuple(_COMMANDS))


def _add_choice(parser: ArgumentParser) -> None:
    """Add the options that select files, and how they are read."""
    add = parser.add_argument
    add("paths", metavar="PATH", nargs="*", help="files or folders; without any, what alembic.ini or pyproject.toml declares")
    add("--select", metavar="CODES", help="only these codes or beginnings of them, e.g. MRT2,MRT901; opt-in rules by more than MRT")
    add("--extend-select", metavar="CODES", help="these codes beside the default ones, e.g. MRT7")
    add("--ignore", metavar="CODES", help="all but these codes or beginnings of codes")
    add("--dialect", metavar="NAME", help="the database that the migrations are written for: postgresql, mysql, sqlite, …")
    add("--pg-version", metavar="VERSION", help="the oldest PostgreSQL that they run on (default: 14)")
    add("--mysql-version", metavar="VERSION", help="the oldest MySQL that they run on (default: 8.4)")
    add("--mariadb-version", metavar="VERSION", help="the oldest MariaDB that they run on (default: 10.11)")
    add("--no-cache", action="store_true", help="neither use nor fill .mrt_cache")
    add("--jobs", "-j", metavar="N", type=int, help="processes to read with (default: as many as pay)")


def _add_check(parser: ArgumentParser) -> None:
    _add_choice(parser)
    add = parser.add_argument
    add("--strict", action="store_true", default=None, help="exit 1 for warnings, too")
    add("--since", metavar="REV", help="report only on revisions that a database at this one has not run yet")
    add(
        "--diff-base",
        metavar="GITREF",
        help="report only on files added or changed since git's merge base with this, e.g. origin/main",
    )
    add("--baseline", metavar="FILE", help="leave out the findings that mrt baseline accepted (default: [tool.mrt] baseline)")
    add("--no-baseline", action="store_true", help="report these, too, and what lock_warnings leaves out")
    add("--exit-codes", choices=("2", "1"), default="2", help="1: as pytest-mrt 1, 2 for errors and 1 for warnings (default: 2)")
    add("--all", action="store_true", help="every finding in full; without, the first check of an old history is an overview")
    add("--statistics", action="store_true", help="only how often each code was found")
    add("--quiet", "-q", action="store_true", help="only findings and what could not be read: nothing where all is well")
    add("--watch", action="store_true", help="check again whenever a file changes, until Ctrl-C")
    add("--fix", action="store_true", help="write what can be written for certain, and report what is left")
    add("--diff", action="store_true", help="show what --fix would write, and write nothing")
    add("--unsafe-fixes", action="store_true", help="with --fix or --diff: fixes too that may change what the author meant")
    add("--report", metavar="FILE", help="write a page for people there, too: HTML that needs nothing else")
    _add_output(parser, "concise", "github", "gitlab", "junit", "markdown", "sarif")


def _add_baseline(parser: ArgumentParser) -> None:
    _add_choice(parser)
    parser.add_argument("--output", "-o", metavar="FILE", help="(default: [tool.mrt] baseline, or mrt-baseline.json)")
    parser.set_defaults(strict=None, since=None, diff_base=None, baseline=None, no_baseline=True)


def _add_init(parser: ArgumentParser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help="write all of it without a question")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    parser.epilog = "Nothing that is there is overwritten. Exit codes: 0 set up, or nothing to do; 2 something could not be done."


def _add_lsp(parser: ArgumentParser) -> None:
    parser.add_argument("--stdio", action="store_true", help="as always: editors name the channel, and this is the only one")
    parser.epilog = "An editor starts it; docs/editors.md shows how. Exit codes: 0 the editor left, 2 the command itself is wrong."


def _add_completion(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads it")
    parser.epilog = (
        'bash: eval "$(mrt completion bash)" in ~/.bashrc. zsh: mrt completion zsh > a folder of $fpath, as _mrt. '
        "fish: mrt completion fish > ~/.config/fish/completions/mrt.fish. Exit codes: 0 done, 2 the command itself is wrong."
    )


def _add_lock(parser: ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files or folders; without any, what the configuration declares")


def _add_show(parser: ArgumentParser) -> None:
    parser.usage = "mrt show [options] FILE\n       mrt show [options] --at REV [PATH ...]"
    add = parser.add_argument
    add("paths", metavar="PATH", nargs="*", help="the migration to print; with --at, files or folders of the history")
    add("--at", metavar="REV", help="print the schema at a revision: an id or its beginning, head, heads, base, head-1, …")
    add("--table", metavar="NAME", action="append", help="with --at, only this table; may be repeated")
    add("--dialect", metavar="NAME", help="the database that raw SQL is written for")
    _add_output(parser)


def _add_history(parser: ArgumentParser) -> None:
    _add_choice(parser)
    add = parser.add_argument
    add("--since", metavar="REV", help="only revisions that a database at this one has not run yet")
    add("--limit", "-n", metavar="N", type=int, help="only the newest")
    add("--files", action="store_true", help="name the file of each revision")
    _add_output(parser, "mermaid")
    parser.set_defaults(strict=None)


def _add_explain(parser: ArgumentParser) -> None:
    parser.add_argument("rules", metavar="CODE", nargs="+", help="a code, its beginning or a name: MRT201, MRT2, drop-column")
    parser.add_argument("--all", action="store_true", help="with every example of what is found and of what is not")


def _add_verify(parser: ArgumentParser) -> None:
    from mrt_runtime.cli import verify  # noqa: PLC0415  the other half, only when asked for

    verify.add_arguments(parser)


def _add_rehearse(parser: ArgumentParser) -> None:
    from mrt_runtime.cli import rehearse  # noqa: PLC0415  the other half, only when asked for

    rehearse.add_arguments(parser)


def _add_stats(parser: ArgumentParser) -> None:
    from mrt_runtime.cli import stats  # noqa: PLC0415  the other half, only when asked for

    stats.add_arguments(parser)


def _add_report(parser: ArgumentParser) -> None:
    from mrt_report import command  # noqa: PLC0415  brings both halves

    command.add_arguments(parser)


def _add_output(parser: ArgumentParser, *forms: str) -> None:
    choices = ("table", "json", *forms)
    parser.add_argument("--format", choices=choices, default="table", help="for people or for programs (default: table)")
    parser.add_argument("--output", "-o", metavar="FILE", help="write there instead of to standard output")


_COMMANDS: Final[dict[str, tuple[str, Callable[[ArgumentParser], None]]]] = {
    "demo": ("check and verify a small project that loses data", lambda _: None),
    "init": ("look at a project, and set up what it needs: configuration, test, pre-commit, CI, baseline", _add_init),
    "check": ("read migrations and report what is dangerous in them", _add_check),
    "baseline": ("accept what is found today, for mrt check --baseline", _add_baseline),
    "lock": ("write down what every revision is, so that mrt check notices when one is changed", _add_lock),
    "show": ("print what a migration does, or the schema at a revision", _add_show),
    "history": ("draw the revisions as a graph, with what mrt check finds in each", _add_history),
    "lsp": ("serve an editor: findings while a migration is written, explanations, and fixes", _add_lsp),
    "rules": ("list the rules", _add_output),
    "explain": ("say what a rule finds, why that hurts, and what to write instead", _add_explain),
    "completion": ("print the script with which bash, zsh or fish completes commands, options and files", _add_completion),
    "verify": ("upgrade, downgrade and compare every revision on a scratch database", _add_verify),
    "rehearse": ("run the pending revisions on a copy of a real database, and measure them", _add_rehearse),
    "stats": ("write down how large the tables of a database are, for mrt check", _add_stats),
    "report": ("check and verify, and write one page for people; or put the reports of several machines together", _add_report),
}
_EXIT_CODES: Final = {
    "check": (
        "Exit codes: 0 no errors, 1 errors (with --strict warnings, too; with --diff something to fix), "
        "2 the command itself is wrong."
    ),
    "demo": "Exit codes: 0 both found the loss, 1 one did not.",
}
_ELSEWHERE: Final = {
    **{name: f"mrt_runtime.cli.{name}" for name in ("verify", "rehearse", "stats")},
    "report": "mrt_report.command",
}
"""The commands of the other packages, which are imported only when asked for."""
