"""What the plugin costs flake8 on files that are no migrations.

usage: python benchmarks/flake8_overhead.py [FILES] [RUNS]

Writes FILES ordinary modules (default: 500) and runs flake8 over them with and without the plugin, in turn, RUNS times each
(default: 5); prints the medians of CPU seconds and the difference.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE = '"""A module."""\nimport os\n\n\n' + "\n\n".join(
    f"class Thing{n}:\n    def __init__(self, name):\n        self.name = name\n\n    def path(self, revision):\n        return os.path.join(self.name, revision)\n"
    for n in range(12)
)
WITHOUT = """
import sys
from flake8.plugins import finder
from flake8.main.cli import main
found = finder.find_plugins
finder.find_plugins = lambda *a, **k: [plugin for plugin in found(*a, **k) if plugin.entry_point.name != "MRT"]
import flake8.options.parse_args, flake8.main.application
for module in list(sys.modules.values()):
    if getattr(module, "find_plugins", None) is found:
        module.find_plugins = finder.find_plugins
sys.exit(main(sys.argv[1:]))
"""
WITH = "import sys\nfrom flake8.main.cli import main\nsys.exit(main(sys.argv[1:]))\n"


def processor_time(script: str, folder: Path) -> float:
    """Run flake8 by a script over a folder and give its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script, "--isolated", "-j1", "."], cwd=folder, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(files: int = 500, runs: int = 5) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(files):
            (folder / f"module_{number}.py").write_text(MODULE)
        times: dict[str, list[float]] = {WITH: [], WITHOUT: []}
        for _ in range(runs):
            for script, taken in times.items():
                taken.append(processor_time(script, folder))
    with_plugin, without = (sorted(times[script])[runs // 2] for script in (WITH, WITHOUT))
    print(f"{files} files: {without:.2f} s without, {with_plugin:.2f} s with the plugin: {with_plugin / without - 1:+.1%}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
