"""Every text of every page, in one catalogue. English; ``{name}`` stands for a value, a pair for one and for many.

Invariants: pages take their words from here alone; a key that is missing is an error, not an empty place.
"""

from __future__ import annotations

from typing import Any

from kb_service.web.bookmark_messages import BOOKMARKS
from kb_service.web.bulk_messages import BULK
from kb_service.web.case_messages import CASES
from kb_service.web.curation_messages import CURATION
from kb_service.web.desk_messages import DESK
from kb_service.web.findings_messages import FINDINGS
from kb_service.web.gaps_messages import GAPS
from kb_service.web.impact_messages import IMPACT
from kb_service.web.measure_messages import MEASURES
from kb_service.web.messages_admin import ADMIN, Text
from kb_service.web.proposals_messages import PROPOSALS
from kb_service.web.renderings_messages import RENDERINGS
from kb_service.web.sign_in_messages import SIGN_IN_WAYS
from kb_service.web.workbench_messages import WORKBENCH

FRAME: dict[str, Text] = {
    "skip": "Skip to the content",
    "nav.label": "Main",
    "nav.products": "Products",
    "nav.topics": "Topics",
    "nav.admin": "Admin",
    "nav.sign_in": "Sign in",
    "nav.sign_out": "Sign out",
    "nav.home": "{site}: home",
    "crumbs.label": "You are here",
    "crumbs.home": "Home",
    "foot.label": "Footer",
    "notice.label": "Known problem",
    "notice.more": "Read more",
}

SEARCH_BOX: dict[str, Text] = {
    "search.label": "Describe your problem or paste an error message",
    "search.placeholder": "Describe the problem in your own words",
    "search.button": "Search",
    "search.suggestions": "Suggestions",
    "search.suggested": "{n} suggestions; use the arrow keys",
    "search.none_suggested": "No suggestions",
    "picker.summary": "Choose your product, version or system",
    "picker.change": "Change product, version or system",
    "picker.product": "Product",
    "picker.version": "Version",
    "picker.os": "System",
    "picker.any_product": "Any product",
    "picker.any_version": "Any version",
    "picker.unknown_version": "I don’t know my version",
    "picker.any_os": "Any system",
    "picker.first_product": "Product first",
    "picker.apply": "Apply",
}

HOME: dict[str, Text] = {
    "home.heading": "How can we help?",
    "home.lead": "Ask in your own words. You get the passage that answers, for your version and system.",
    "home.products": "Browse by product",
    "home.topics": "Browse by topic",
    "home.most_used": "Most used answers",
    "home.latest": "Lately changed",
    "home.empty": "No public answers yet",
    "home.empty_next": "As soon as the first article is published, it can be found here.",
    "count.articles": ("{n} answer", "{n} answers"),
    "changed": "Changed {date}",
}

RESULTS: dict[str, Text] = {
    "results.title": "{query} – search",
    "results.browse_title": "All answers",
    "results.heading": ("{n} answer", "{n} answers"),
    "results.heading_gte": "{n} answers or more",
    "results.for": "for “{query}”",
    "results.list": "Answers",
    "results.none": "No sure answer to “{query}”",
    "results.none_why": "Nothing that we have published answers this well enough to show it as the answer.",
    "results.nearest": "The nearest that we have",
    "results.try": "What you can do",
    "results.try_words": "Say it in other words: the exact error message, or what you wanted to do.",
    "results.try_context": "Search without the product, version and system.",
    "results.try_browse": "Browse the answers by product or by topic.",
    "results.corrected": "Showing answers for “{query}”.",
    "results.instead": "Search instead for “{original}”",
    "results.more": "More answers",
    "results.for_you": "For what you have",
    "results.pinned": "Recommended",
    "results.variants": "Also for:",
    "results.asked": "Asked before in this session",
    "results.widened": "Answers for other versions or systems",
    "results.filters": "Narrow down",
    "results.expired": "This page of the list has expired, so the list starts again.",
    "facet.product": "Product",
    "facet.version": "Version",
    "facet.os": "System",
    "facet.type": "Kind",
    "facet.topic": "Topic",
    "facet.any": "All",
    "context.label": "Searching for:",
    "context.hides": "{n} more",
    "context.remove": ("Remove {label}: {n} more answer", "Remove {label}: {n} more answers"),
    "context.remove_plain": "Remove {label}",
    "context.remembered": "From your last visit, preferred but not required:",
    "context.guessed": "Understood from your words, preferred but not required:",
    "context.state": "Only this: {label}",
    "context.forget": "Forget this",
    "context.unknown_version": "I don’t know my version",
    "degraded.title": "The search works with less just now",
    "degraded.lexical_only": "Answers are found by their words only; answers in other words may be missing.",
    "degraded.engine_down": "The search index is not reachable. Answers are found by title, keywords and description only.",
    "degraded.index_empty": "The search index is being built. Answers are found by title, keywords and description only.",
    "degraded.database_slow": "The search took too long and was ended; try fewer words, or again shortly.",
    "degraded.database_down": "The knowledge base is not reachable. Public answers are found as they last were; pages may not open.",
    "degraded.other": "A part of the search is not reachable ({part}); some answers may be missing.",
    "type.problem": "Problem",
    "type.howto": "How to",
    "type.faq": "Question",
    "type.error": "Error message",
    "type.policy": "Policy",
    "type.reference": "Reference",
    "reach.heading": "Reach us",
    "reach.email": "Write to {address}",
    "reach.phone": "Call {number}",
    "reach.url": "Contact form",
    "reach.browse": "Browse all answers",
}

ARTICLE: dict[str, Text] = {
    "article.short": "Short answer",
    "article.contents": "On this page",
    "article.applies": "For {what}",
    "article.applies_all": "For all products and versions",
    "article.updated": "Updated {date}",
    "article.print": "Print",
    "article.copy": "Copy a link to “{heading}”",
    "article.copied": "Link copied",
    "article.only_for": "Only for {what}",
    "article.section_for": "For {what}",
    "article.variants": "This answer for another version or system",
    "article.wrong": "This answer is for {what}. You chose {context}.",
    "article.right": "Open the answer for {label}",
    "article.related": "Related answers",
    "article.reading_as": "Shown for {context}",
    "article.reading_remembered": "Shown for {context}, from your last visit",
    "article.show_all": "Show every version",
    "article.internal": "Not public: only signed-in readers see this answer.",
    "section.issue": "What happens",
    "section.environment": "Where it happens",
    "section.cause": "Cause",
    "section.resolution": "What to do",
    "helped.heading": "Did this help?",
    "helped.yes": "Yes",
    "helped.no": "No",
    "helped.thanks": "Thank you. That tells others that this answer works.",
    "helped.sorry": "Sorry about that. Here is what may help next.",
    "helped.reason": "What was wrong? (your choice whether to say)",
    "helped.wrong_version": "It is for another version than mine",
    "helped.did_not_work": "I did it, and it did not work",
    "helped.unclear": "I don’t understand it",
    "helped.not_asked": "It is not what I asked",
    "helped.words": "In your words (optional; please no personal data)",
    "helped.send": "Send",
    "helped.sent": "Thank you. The people who write these answers read this.",
    "helped.next": "Other answers to your question",
    "helped.next_plain": "Answers close to this one",
}

BROWSE: dict[str, Text] = {
    "browse.products": "Products",
    "browse.topics": "Topics",
    "browse.no_products": "No product is in the catalogue yet.",
    "browse.no_topics": "No topic is in the catalogue yet.",
    "browse.without_topic": "Other answers",
    "browse.subtopics": "Topics",
    "browse.articles": "Answers",
    "browse.nothing": "No answers here yet",
    "browse.nothing_next": "Search all answers, or look at another topic.",
    "browse.search_in": "Search in {name}",
}

ERRORS: dict[str, Text] = {
    "error.404": "This page is not here",
    "error.404_next": "It may have moved, or it is not for you to read. Ask for what you need:",
    "error.403": "You are signed in, but not allowed to do this",
    "error.401": "Please sign in",
    "error.429": "That was a little fast",
    "error.429_next": "Wait a moment and try again.",
    "error.503": "A part of the service is not reachable",
    "error.503_next": "Please try again in a moment.",
    "error.422": "Something in the address cannot be used",
    "error.405": "This cannot be done here",
    "error.500": "Something went wrong on our side",
    "error.500_next": "It has been noted. Please try again.",
    "error.home": "Go to the home page",
}

SIGN_IN: dict[str, Text] = {
    "sign_in.title": "Sign in",
    "sign_in.email": "E-mail address",
    "sign_in.password": "Password",
    "sign_in.button": "Sign in",
    "sign_in.lead": "Public answers need no account.",
}

WIDGET: dict[str, Text] = {
    "widget.label": "Search the help",
    "widget.placeholder": "How can we help?",
    "widget.button": "Search",
    "widget.list": "Suggestions",
    "widget.busy": "Searching…",
    "widget.none": "No sure answer. Try other words.",
    "widget.nearest": "No sure answer; the nearest that we have:",
    "widget.failed": "The search cannot be reached just now.",
    "widget.found_one": "1 answer",
    "widget.found_many": "{n} answers",
}

AGENT_WIDGET: dict[str, Text] = {
    "agent.label": "Answers",
    "agent.own": "Search in your own words",
    "agent.search": "Search",
    "agent.list": "Answers for this case",
    "agent.none": "No sure answer yet.",
    "agent.failed": "The answers cannot be reached just now.",
    "agent.signed_out": "Not signed in: the host page has to fetch a token.",
    "agent.attach": "Attach",
    "agent.copy": "Copy",
    "agent.copied": "Copied.",
    "agent.peek": "Peek",
    "agent.solved": "Solved it",
    "agent.keep": "Keep",
    "agent.kept": "Kept in “{name}”.",
    "agent.no_set": "You have no set yet; make one under Bookmarks.",
    "agent.flag": "Flag",
    "agent.flagged": "Flagged; its authors will see it.",
    "agent.flag_ask": "What is wrong with “{title}”?",
    "agent.send": "Send",
    "agent.cancel": "Cancel",
    "agent.capture": "Capture new knowledge",
    "agent.capture_title": "The problem, in the customer’s words",
    "agent.capture_resolution": "What solves it",
    "agent.captured": "{number} is saved for colleagues.",
    "agent.attached": "{title}: attached.",
    "agent.was_solved": "Noted: this solved it.",
    "agent.newer": "Show newer answers",
    "agent.found": "{n} answers",
}

MESSAGES: dict[str, Text] = {
    **FRAME, **SEARCH_BOX, **HOME, **RESULTS, **ARTICLE, **BROWSE, **ERRORS, **SIGN_IN, **SIGN_IN_WAYS,
    **WIDGET, **ADMIN, **CASES, **RENDERINGS,
    **CURATION, **FINDINGS, **GAPS, **PROPOSALS, **IMPACT,
    **BOOKMARKS,
    **DESK,
    **MEASURES,
    **AGENT_WIDGET,
    **WORKBENCH,
    **BULK,
}  # fmt: skip


def message(key: str, **values: Any) -> str:
    """The text of ``key`` with its values; of a pair, the one for ``n``. Raises KeyError for an unknown key."""
    text = MESSAGES[key]
    if isinstance(text, tuple):
        text = text[0] if values.get("n") == 1 else text[1]
    return text.format(**values) if values else text


def type_label(kind: str) -> str:
    """An article type in words; an unknown one as it is written."""
    key = f"type.{kind}"
    return message(key) if key in MESSAGES else kind.replace("-", " ").replace("_", " ").capitalize()
