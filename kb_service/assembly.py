"""Where parts are put together, once, for HTTP (app.py) and the command line (cli.py) alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexers.embedding.port import Encoder
    from indexers.engine import Engine
    from kb_service.catalog.vocabulary import Catalog
    from kb_service.db.session import Database
    from kb_service.search.service import SearchService
    from kb_service.settings import Settings


@dataclass
class Parts:
    """The parts of one running process. ``catalog`` is a cached, self-refreshing view of the catalogue."""

    settings: Settings
    database: Database
    catalog: Catalog
    engine: Engine
    encoder: Encoder
    search: SearchService
