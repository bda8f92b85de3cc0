"""The catalogue over HTTP: /v1/products, /v1/operating-systems, /v1/topics.

Reading is open to everybody (menus need it), counts hold only what the reader may read; changing needs catalog:write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kb_service.auth.actors import Scope
from kb_service.catalog.entries import NodeEntry, ProductEntry
from kb_service.catalog.models import Product
from kb_service.catalog.repository import load_catalog
from kb_service.catalog.schemas import (
    NodeIn,
    NodeOut,
    NodePatch,
    ProductDetail,
    ProductIn,
    ProductOut,
    ProductPatch,
    ReleaseIn,
    ReleaseOut,
)
from kb_service.catalog.service import (
    CatalogUses,
    add_alias,
    add_release,
    create_product,
    delete_product,
    delete_release,
    get_product,
    set_aliases,
    update_product,
)
from kb_service.catalog.trees import create_node, delete_node, get_node, update_node
from kb_service.http import (
    Created,
    CurrentActor,
    CurrentParts,
    IdempotencyKey,
    JsonResponse,
    ReadingSession,
    WritingSession,
    etag,
    idempotent,
    require_if_match,
)

SlugPath = Annotated[str, Path(max_length=100)]
NodePath = Annotated[str, Path(max_length=700)]
TREES = {"os": "/v1/operating-systems", "topic": "/v1/topics"}


def catalog_router(uses: CatalogUses) -> APIRouter:
    """Every route of the catalogue; ``uses`` says what articles make of it."""
    router = APIRouter(tags=["catalog"])
    _add_product_reads(router, uses)
    _add_product_writes(router, uses)
    _add_releases(router, uses)
    for kind, prefix in TREES.items():
        _add_tree(router, kind, prefix, uses)
    return router


def _add_product_reads(router: APIRouter, uses: CatalogUses) -> None:
    @router.get("/v1/products", response_model=list[ProductOut])
    def get_products(session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> list[ProductOut]:
        """List products in the order of menus."""
        counts = uses.readable(session, actor.audiences).products
        return [ProductOut(**_product(product, counts)) for product in parts.catalog.products]

    @router.get("/v1/products/{slug}", response_model=ProductDetail)
    def get_one_product(slug: SlugPath, session: ReadingSession, actor: CurrentActor) -> Response:
        """Read a product."""
        product = get_product(session, slug)
        counts = uses.readable(session, actor.audiences).products
        return _answer_product(session, product, counts)


def _add_product_writes(router: APIRouter, uses: CatalogUses) -> None:
    @router.post("/v1/products", status_code=201, response_model=ProductDetail)
    def post_product(
        request: Request, body: ProductIn, session: WritingSession, actor: CurrentActor, key: IdempotencyKey = None
    ) -> Response:
        """Add a product."""
        actor.require(Scope.CATALOG_WRITE)

        def create() -> Created:
            product = create_product(session, body.name, body.slug, body.description, body.position)
            for alias in body.aliases:
                add_alias(session, "product", alias, product.slug)
            headers = {"ETag": etag(product.version), "Location": f"/v1/products/{product.slug}"}
            return Created(_detail(session, product, {}), headers)

        return idempotent(request, session, actor, body, create)

    @router.patch("/v1/products/{slug}", response_model=ProductDetail)
    def patch_product(
        request: Request, slug: SlugPath, body: ProductPatch, session: WritingSession, actor: CurrentActor
    ) -> Response:
        """Change a product's name, description, place or aliases (all of them); never its slug."""
        actor.require(Scope.CATALOG_WRITE)
        require_if_match(request, get_product(session, slug).version)
        product = update_product(session, slug, body.model_dump(exclude_unset=True, exclude={"aliases"}), uses)
        if "aliases" in body.model_fields_set:
            set_aliases(session, "product", slug, body.aliases)
        session.flush()
        return _answer_product(session, product, uses.readable(session, actor.audiences).products)

    @router.delete("/v1/products/{slug}", status_code=204, response_class=Response)
    def remove_product(slug: SlugPath, session: WritingSession, actor: CurrentActor) -> None:
        """Remove a product that no article uses."""
        actor.require(Scope.CATALOG_WRITE)
        delete_product(session, slug, uses)


def _add_releases(router: APIRouter, uses: CatalogUses) -> None:
    @router.post("/v1/products/{slug}/releases", status_code=201, response_model=ReleaseOut)
    def post_release(
        request: Request,
        slug: SlugPath,
        body: ReleaseIn,
        session: WritingSession,
        actor: CurrentActor,
        key: IdempotencyKey = None,
    ) -> Response:
        """Add a known release."""
        actor.require(Scope.CATALOG_WRITE)

        def create() -> Created:
            values = body.model_dump(exclude={"aliases"})
            release = add_release(session, slug, values.pop("version"), values.pop("name"), **values)
            for alias in body.aliases:
                add_alias(session, "release", alias, f"{slug}:{release.version}")
            return Created(ReleaseOut.model_validate(release, from_attributes=True))

        return idempotent(request, session, actor, body, create)

    @router.delete("/v1/products/{slug}/releases/{version}", status_code=204, response_class=Response)
    def remove_release(
        slug: SlugPath, version: Annotated[str, Path(max_length=100)], session: WritingSession, actor: CurrentActor
    ) -> None:
        """Forget a release; articles that name its version keep it, for versions are compared, not looked up."""
        actor.require(Scope.CATALOG_WRITE)
        delete_release(session, slug, version, uses)


def _add_tree(router: APIRouter, kind: str, prefix: str, uses: CatalogUses) -> None:
    tag = {"os": "operating system", "topic": "topic"}[kind]

    @router.get(prefix, response_model=list[NodeOut], name=f"list_{kind}", summary=f"List every {tag}")
    def get_nodes(session: ReadingSession, actor: CurrentActor, parts: CurrentParts) -> list[NodeOut]:
        """Every node, parents before their children."""
        counts = uses.readable(session, actor.audiences)
        found = counts.operating_systems if kind == "os" else counts.topics
        nodes = parts.catalog.operating_systems if kind == "os" else parts.catalog.topics
        return [_node(node, found) for node in nodes]

    @router.post(prefix, status_code=201, response_model=NodeOut, name=f"create_{kind}", summary=f"Add a {tag}")
    def post_node(
        request: Request, body: NodeIn, session: WritingSession, actor: CurrentActor, key: IdempotencyKey = None
    ) -> Response:
        """A node beneath ``parent``, or a root."""
        actor.require(Scope.CATALOG_WRITE)

        def create() -> Created:
            node = create_node(session, kind, body.name, body.parent, body.slug, body.position)
            set_aliases(session, kind, node.path, body.aliases)
            return Created(_read_node(session, kind, node.path), {"Location": f"{prefix}/{node.path}"})

        return idempotent(request, session, actor, body, create)

    @router.patch(prefix + "/{path:path}", response_model=NodeOut, name=f"change_{kind}", summary=f"Change a {tag}")
    def patch_node(path: NodePath, body: NodePatch, session: WritingSession, actor: CurrentActor) -> NodeOut:
        """Its name, place or aliases (all of them); never its path."""
        actor.require(Scope.CATALOG_WRITE)
        update_node(session, kind, path, body.model_dump(exclude_unset=True, exclude={"aliases"}), uses)
        if "aliases" in body.model_fields_set:
            set_aliases(session, kind, path, body.aliases)
        return _read_node(session, kind, path)

    @router.delete(
        prefix + "/{path:path}",
        status_code=204,
        response_class=Response,
        name=f"delete_{kind}",
        summary=f"Remove a {tag}",
    )
    def remove_node(path: NodePath, session: WritingSession, actor: CurrentActor) -> None:
        """A leaf that no article uses."""
        actor.require(Scope.CATALOG_WRITE)
        delete_node(session, kind, path, uses)


def _product(product: ProductEntry, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "releases": [ReleaseOut.model_validate(release, from_attributes=True) for release in product.releases],
        "aliases": list(product.aliases),
        "articles": counts.get(product.slug, 0),
    }


def _detail(session: Session, product: Product, counts: Mapping[str, int]) -> ProductDetail:
    entry = load_catalog(session).product(product.slug)
    assert entry is not None  # it was found in this very transaction
    return ProductDetail(**_product(entry, counts), version=product.version)


def _answer_product(session: Session, product: Product, counts: Mapping[str, int]) -> Response:
    body = _detail(session, product, counts).model_dump(mode="json")
    return JsonResponse(body, 200, {"ETag": etag(product.version)})


def _node(node: NodeEntry, counts: Mapping[str, int]) -> NodeOut:
    return NodeOut(
        path=node.path,
        name=node.name,
        parent=node.parent,
        aliases=list(node.aliases),
        articles=counts.get(node.path, 0),
    )


def _read_node(session: Session, kind: str, path: str) -> NodeOut:
    get_node(session, kind, path)
    indexes = load_catalog(session).indexes
    return _node((indexes.systems if kind == "os" else indexes.topics)[path], {})
