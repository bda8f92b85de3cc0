"""Changes of the two trees: operating systems and topics. Rules as in `service`: a path never changes.

Invariant: every node's parent exists; a node with children, or one that an article uses, is not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb_service.catalog.models import OperatingSystem, Topic
from kb_service.catalog.repository import mark_changed
from kb_service.catalog.service import CatalogUses, clean_name, delete_aliases, refuse_when_used
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.text import slugify

Node = OperatingSystem | Topic
MODELS: dict[str, type[OperatingSystem | Topic]] = {"os": OperatingSystem, "topic": Topic}
_PATH = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(/[a-z0-9][a-z0-9._-]{0,79}){0,7}")


def create_node(
    session: Session, kind: str, name: str, parent: str | None = None, slug: str | None = None, position: int = 0
) -> Node:
    """A node beneath ``parent`` (a path; None: a root). ``kind``: os or topic."""
    name = clean_name(name)
    if parent and find_node(session, kind, parent) is None:
        raise InvalidInput(f"There is no {parent!r} to put it under.", "/parent")
    path = f"{parent}/{slug or slugify(name)}" if parent else slug or slugify(name)
    if not _PATH.fullmatch(path):
        raise InvalidInput("A path has at most 8 parts of a-z, 0-9, . _ -", "/slug")
    if find_node(session, kind, path) is not None:
        raise Conflict(f"There already is {path!r}.")
    node = MODELS[kind](path=path, name=name, position=position)
    session.add(node)
    mark_changed(session)
    return node


def update_node(session: Session, kind: str, path: str, changes: Mapping[str, object], uses: CatalogUses) -> Node:
    """Change ``name`` or ``position``; a new name re-indexes the articles that show it."""
    node = get_node(session, kind, path)
    if "name" in changes and (name := clean_name(str(changes["name"]))) != node.name:
        node.name = name
        uses.reindex(session, kind, path)
    if "position" in changes:
        node.position = int(str(changes["position"]))
    mark_changed(session)
    return node


def delete_node(session: Session, kind: str, path: str, uses: CatalogUses) -> None:
    """Remove a leaf that no article uses."""
    node = get_node(session, kind, path)
    model = MODELS[kind]
    if session.scalar(select(model.id).where(model.path.startswith(path + "/", autoescape=True)).limit(1)):
        raise Conflict("There are entries beneath it; remove those first.")
    refuse_when_used(session, uses, kind, path)
    delete_aliases(session, kind, path)
    session.delete(node)
    mark_changed(session)


def find_node(session: Session, kind: str, path: str) -> Node | None:
    """The node with this path."""
    model = MODELS[kind]
    found: Node | None = session.scalar(select(model).where(model.path == path))  # type: ignore[assignment]
    return found


def get_node(session: Session, kind: str, path: str) -> Node:
    """The node with this path. Raises NotFound."""
    node = find_node(session, kind, path)
    if node is None:
        raise NotFound(f"There is no {path!r}.")
    return node
