"""Which generations there are, told by aliases: ``-read`` serves, ``-write`` marks all that receive changes.

Invariants: a generation is created together with its aliases, and a swap is one request, so every moment has exactly one
serving generation; ``-previous`` stays for a rollback; writes go through the alias ``-into-<name>``, so that a write
never creates an index by accident; an index without such an alias is garbage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from indexers.engine import EngineUnavailable
from indexers.generations import Current
from indexers.opensearch.cluster import Cluster
from indexers.opensearch.documents import COMMIT, index_body
from indexers.opensearch.errors import NotInCluster


class GenerationCatalog:
    """The generations of one prefix."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._prefix = cluster.options.prefix
        self.read_alias = f"{self._prefix}-read"
        self._meta: dict[str, dict[str, Any]] = {}

    def index(self, generation: str) -> str:
        """The physical index of a generation."""
        return f"{self._prefix}-{generation}"

    def generation_of(self, index: str) -> str:
        """The inverse of ``index``."""
        return index.removeprefix(f"{self._prefix}-")

    def target(self, generation: str) -> str:
        """The alias that writes go to."""
        return f"{self._prefix}-into-{generation}"

    def _all(self) -> dict[str, set[str]]:
        """Generation → what its aliases say."""
        found = self._cluster.read("GET", f"/{self._prefix}-g*/_alias")
        cut = len(self._prefix) + 1
        names = {self.generation_of(index): set(value["aliases"]) for index, value in found.items()}
        return {
            name: {alias[cut:] for alias in aliases} for name, aliases in names.items() if re.fullmatch(r"g\d+", name)
        }

    def read(self) -> Current | None:
        """None before the first generation."""
        roles = self._all()
        serving = next((name for name, has in roles.items() if "read" in has), None)
        if serving is None:
            return None
        building = tuple(sorted(name for name, has in roles.items() if "write" in has and name != serving))
        previous = next((name for name, has in roles.items() if "previous" in has and name != serving), None)
        return Current(serving, building, previous)

    def create(self, recipe: Mapping[str, object], dimensions: int, *, serves: bool) -> str:
        """A new, empty generation that receives changes."""
        numbers = [int(name[1:]) for name in self._all()]
        name = f"g{max(numbers, default=0) + 1:06d}"
        roles = [self.target(name), f"{self._prefix}-write", *([self.read_alias] if serves else [])]
        body = index_body(self._cluster.options, recipe, dimensions)
        body["aliases"] = {role: {} for role in roles}
        self._cluster.write("PUT", f"/{self.index(name)}", body, {"wait_for_active_shards": "1"})
        self._cluster.write("PUT", f"/{self.index(name)}/_doc/{COMMIT}", {"live": False, "commit": "0"})
        return name

    def swap(self, before: Current, after: Current) -> None:
        """From one state to another in one step, then remove what no longer has a role."""
        actions = []
        for name in before.kept | after.kept:
            for role in ("read", "write", "previous"):
                has, wants = (role in _roles(state, name) for state in (before, after))
                if has != wants:
                    action = "add" if wants else "remove"
                    actions.append({action: {"index": self.index(name), "alias": f"{self._prefix}-{role}"}})
        if actions:
            self._cluster.write("POST", "/_aliases", {"actions": actions})
        self.collect_garbage(after)

    def collect_garbage(self, current: Current) -> None:
        """Delete generations without a role (an interrupted removal)."""
        for name in self._all().keys() - current.kept:
            self._meta.pop(name, None)
            try:
                self._cluster.write("DELETE", f"/{self.index(name)}")
            except NotInCluster:
                continue

    def meta(self, generation: str) -> dict[str, Any]:
        """What the generation was created with; never changes."""
        found = self._meta.get(generation)
        if found is None:
            index = self.index(generation)
            mapping = self._cluster.read("GET", f"/{index}/_mapping")[index]["mappings"]
            found = self._meta[generation] = mapping.get("_meta", {})
        if "recipe" not in found:
            raise EngineUnavailable(
                f"index {self.index(generation)} was not made by this product; choose another prefix"
            )
        return found


def _roles(state: Current, name: str) -> set[str]:
    roles = {"read"} if name == state.serving else set()
    return roles | ({"write"} if name in state.live else set()) | ({"previous"} if name == state.previous else set())
