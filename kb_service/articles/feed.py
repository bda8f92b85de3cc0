"""What the edge needs of the index's feeder: a withdrawal before the answer, and waiting until something is found."""

from __future__ import annotations

from typing import Protocol


class IndexFeed(Protocol):
    """Implemented beside the worker; lies in ``app.state.feed``."""

    def wait_until_indexed(self, article_id: int, index_version: int, timeout_seconds: float) -> bool:
        """Whether every live generation holds the article at ``index_version`` within ``timeout_seconds``."""

    def withdraw_now(self, article_id: int, index_version: int) -> bool:
        """Tombstone the article in every live generation; False when the engine cannot be written now."""


class NoFeed:
    """No feeder in this process: withdrawals and publications stay pending until a worker gets them."""

    def wait_until_indexed(self, article_id: int, index_version: int, timeout_seconds: float) -> bool:
        return False

    def withdraw_now(self, article_id: int, index_version: int) -> bool:
        return False
