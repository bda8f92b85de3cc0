"""Files that articles show: kept by hash, served only to who may read the article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.orm import Session


def keep_attachments(session, article_id, files):  # type: ignore
    return False
