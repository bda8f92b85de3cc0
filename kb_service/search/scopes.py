"""For which contexts a pin or a synonym set is (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kb_service.catalog.context import Applicability, Context, covers


@dataclass(frozen=True)
class Scope:
    """A product's slug, a canonical range of its versions, a path of an operating system; None: any.

    Every axis that is named must be stated in the question: what is for one product says nothing where none is known.
    """

    product: str | None = None
    versions: str | None = None
    os: str | None = None

    @cached_property
    def _applies(self) -> Applicability:
        entry = {"product": self.product, "versions": self.versions or (), "os": [self.os] if self.os else ()}
        return Applicability.of([entry])

    def holds(self, context: Context) -> bool:
        """Whether it is for a question with this stated context."""
        named = ((self.product, context.product), (self.versions, context.version), (self.os, context.os))
        if any(mine and not given for mine, given in named):
            return False
        return not any((self.product, self.versions, self.os)) or covers(self._applies, context) is not None
