"""Keep what env.py and migrations do to the process from outliving them: folder, path, environment, logging, output, exits."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mrt_runtime.config import ConfigurationError
from mrt_runtime.migrate.exits import barred
from mrt_runtime.migrate.output import printing_to


@contextlib.contextmanager
def contain(home: Path, path: list[str], variables: Mapping[str, str], output: io.TextIOWrapper) -> Iterator[None]:
    """Run the body as a process of its own would: at home, with this sys.path and these variables, printing into `output`.

    path: taken over for the body, and updated with what the body adds, so that the next step finds it.
    Warnings are silenced, because a deploy does not turn them into errors as a test session may.
    """
    before = find_folder(home), sys.path[:], vars(os.environ)["_data"].copy(), read_logging()
    try:
        os.chdir(home)
    except OSError as error:
        raise ConfigurationError(f"The folder {home}, where env.py is run, cannot be entered any more: {error.strerror}.") from None
    sys.path[:] = path
    os.environ.update(variables)
    try:
        with barred(), printing_to(output), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        folder, former_path, environment, loggers = before
        path[:] = sys.path
        sys.path[:] = former_path
        if vars(os.environ)["_data"] != environment:
            write_variables(environment)
        with contextlib.suppress(FileNotFoundError):  # it was removed: the run goes on where it is
            os.chdir(folder)
        write_logging(loggers)


def write_variables(encoded: Mapping[Any, Any]) -> None:
    """Restore the variables of the environment, as `os.environ` encodes them: decoding all of them takes long."""
    os.environ.clear()
    for name, value in encoded.items():
        os.environ[os.environ.decodekey(name)] = os.environ.decodevalue(value)


def find_folder(home: Path) -> Path:
    """Return the current folder, or `home` where it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return home


def read_logging() -> tuple[int, dict[logging.Logger, tuple[Any, ...]]]:
    """Return the state of every logger, the root among them."""
    known = logging.root.manager.loggerDict.values()
    loggers = [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]
    return logging.root.manager.disable, {
        logger: (logger.level, logger.disabled, logger.propagate, logger.handlers[:], logger.filters[:]) for logger in loggers
    }


def write_logging(noted: tuple[int, dict[logging.Logger, tuple[Any, ...]]]) -> None:
    """Restore the state of every logger; those that are new since then lose their handlers, which print into nowhere."""
    disabled_below, loggers = noted
    logging.disable(disabled_below)
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if not isinstance(logger, logging.Logger):
            continue
        level, disabled, propagate, handlers, filters = loggers.get(logger, (logging.NOTSET, False, True, [], []))
        if logger.level != level:
            logger.setLevel(level)
        logger.disabled, logger.propagate = disabled, propagate
        logger.handlers[:], logger.filters[:] = handlers, filters
