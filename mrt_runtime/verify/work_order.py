"""What a worker process is to do, as one line. Without Alembic and SQLAlchemy: it is written while that process imports them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from mrt_runtime.config import MRTConfig
from mrt_runtime.revision_choice import RevisionChoice
from mrt_runtime.shard import Shard


def write_order(config: MRTConfig, choice: RevisionChoice) -> bytes:
    """Write what a worker reads first: what it is to do."""
    order = {"config": dataclasses.asdict(config), "choice": dataclasses.asdict(choice)}
    return json.dumps(order, default=str).encode() + b"\n"


def read_order(line: bytes) -> tuple[MRTConfig, RevisionChoice]:
    """Read what `write_order` wrote."""
    order: dict[str, dict[str, Any]] = json.loads(line)
    config, choice = order["config"], order["choice"]
    config |= {name: tuple(config[name]) for name in ("ignore", "x_arguments")}
    choice |= {name: Shard(**choice[name]) for name in ("shard", "job")}
    return MRTConfig(**config), RevisionChoice(**choice)
