"""The forms of one article as responses and pages show them."""

from __future__ import annotations

from urllib.parse import urlencode

from sqlalchemy.orm import Session

from kb_service.articles.access import find_linked
from kb_service.articles.addresses import article_url
from kb_service.articles.channel_forms import Addresses, Form, make_forms
from kb_service.articles.models import Article, RenderingOverride
from kb_service.articles.overrides import Asked, forms_in_force, holds, read_overrides
from kb_service.articles.rendering_schemas import FormOut, OverrideOut, RenderingsOut
from kb_service.articles.renderings import RenderingAids
from kb_service.articles.repository import read_applicability, to_content
from kb_service.articles.views import shown_revision
from kb_service.auth.actors import Actor, Scope
from kb_service.catalog.context import Context, covers
from kb_service.catalog.vocabulary import Catalog


def addresses_of(base: str, number: str, title: str, context: Context) -> Addresses:
    """Where the whole article stands."""
    axes = {"product": context.product, "version": context.version, "os": context.os}
    query = urlencode({name: value for name, value in axes.items() if value})
    full = base + article_url(number, title)
    return Addresses(f"{full}?{query}" if query else full, f"{base}/a/{number}", base)


def asked_for(
    session: Session, article: Article, title: str, context: Context, catalog: Catalog, base: str, actor: Actor
) -> Asked:
    """What forms of an article need: links to what the reader may know, words for versions, addresses."""

    def resolve(target: str) -> str | None:
        found = find_linked(session, target, article.source, actor)
        return f"{base}/a/{found.number}" if found else None

    aids = RenderingAids(resolve, catalog.describe, catalog.named_versions(context.product))
    return Asked(context, aids, addresses_of(base, article.number, title, context), article.language)


def view_renderings(
    session: Session, article: Article, context: Context, catalog: Catalog, base: str, actor: Actor
) -> RenderingsOut:
    """Every form of the revision that this actor sees."""
    revision = shown_revision(session, article)
    content = to_content(revision, read_applicability(session, revision.applicability_key))
    asked = asked_for(session, article, revision.title, context, catalog, base, actor)
    rows = read_overrides(session, [article.id]).get(article.id, [])
    derived = make_forms(content, context, asked.aids, asked.addresses, asked.language)
    forms = forms_in_force(content, asked, rows)
    shown = (
        {row.channel: view_override(row, holds(row, content)) for row in rows}
        if actor.may(Scope.ARTICLES_WRITE)
        else {}
    )
    return RenderingsOut(
        article=article.id,
        number=article.number,
        revision=revision.number,
        applies=covers(content.applies, context, asked.aids.named) is not None,
        forms=[view_form(form, derived[channel], shown.get(channel)) for channel, form in forms.items()],
    )


def view_form(form: Form, derived: Form, override: OverrideOut | None) -> FormOut:
    """A form with what its derived one would have warned of."""
    missing = [warning for warning in derived.warnings if warning not in form.warnings]
    return FormOut(
        channel=form.channel,
        text=form.text,
        subject=form.subject,
        link=form.link,
        leaves_out=form.leaves_out,
        warnings=list(form.warnings),
        missing_warnings=missing,
        segments=form.segments,
        encoding=form.encoding,
        origin=form.origin,
        override=override,
    )


def view_override(row: RenderingOverride, in_force: bool) -> OverrideOut:
    """An override as its writers see it."""
    return OverrideOut(
        text=row.text,
        subject=row.subject,
        revision=row.revision_number,
        in_force=in_force,
        author=row.author,
        updated_at=row.updated_at,
    )
