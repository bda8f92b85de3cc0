"""The catalogue's routes, told what articles make of it (the catalogue itself knows no articles)."""

from __future__ import annotations

from kb_service.articles.uses import ArticleUses
from kb_service.catalog.endpoints import catalog_router

router = catalog_router(ArticleUses())
