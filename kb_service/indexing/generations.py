"""What the feed asks of an engine beyond the port: the writer lock, and the recipes of generations.

Invariants: an engine without a writer lock may always be written to; a generation whose recipe cannot be told is
never resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from indexers.engine import Engine


@runtime_checkable
class HasWriterLock(Protocol):
    """An engine that one process at a time may write."""

    def try_acquire_writer(self) -> bool:
        """Take the lock if it is free; True when this process holds it."""


@runtime_checkable
class KnowsRecipes(Protocol):
    """An engine that can tell the recipe of each live generation."""

    def recipe_of(self, generation: str) -> Mapping[str, Any]:
        """The recipe given to ``begin_generation``."""


def try_acquire_writer(engine: Engine) -> bool:
    """Whether this process may write now. Raises EngineUnavailable where it never may."""
    return engine.try_acquire_writer() if isinstance(engine, HasWriterLock) else True


@runtime_checkable
class WritesAnywhere(Protocol):
    """An engine to which any process may write a single document, whoever feeds it."""

    writes_anywhere: bool


def may_write_now(engine: Engine) -> bool:
    """Whether a process that does not feed the index may write to it all the same."""
    return isinstance(engine, WritesAnywhere) and engine.writes_anywhere


def recipe_of(engine: Engine, generation: str) -> dict[str, Any]:
    """The recipe of a live generation; empty when it cannot be told."""
    if isinstance(engine, KnowsRecipes):
        return dict(engine.recipe_of(generation))
    return dict(engine.status().recipe) if generation == engine.generations()[0] else {}


def discard_leftovers(engine: Engine, recipe: Mapping[str, Any]) -> str | None:
    """The interrupted generation that can be gone on with, if any; all others beside the serving one are removed."""
    resumed: str | None = None
    for generation in engine.generations()[1:]:
        if resumed is None and recipe_of(engine, generation) == recipe:
            resumed = generation
        else:
            engine.discard(generation)
    return resumed
