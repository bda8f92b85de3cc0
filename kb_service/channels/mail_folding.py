"""What a mail says, apart from what it repeats (pure): quotation and signature recognised line by line.

Invariants: nothing is lost, text and folded part together are the whole mail; a mail that only quotes stays whole;
answers between quoted lines stay between them; forwarded messages are what is said, not a quotation; time grows with
the length alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINE = 300
MAX_ATTRIBUTION = 3
MAX_SIGNATURE = 12
_VERBS = r"(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał(?:\(a\))?|pisze|napsal|kirjoitti|yazdı)"
_WROTE = re.compile(
    r"(?=.*\d)(?:on|am|le|el|il|op|em|den|dnia|w dniu|dne|på|vào)\b.*" + _VERBS + r"[^:]*[::]", re.IGNORECASE
)
"""The usual line over a quotation, from its first word on: it may run over several lines."""
_MARKED_BY = re.compile(r"(?:@|\d{1,2}[:.]\d\d|\d{4}).*[::]$")
"""A line before quoted lines in any other language: names an address or a time, and ends with a colon."""
_DATED = re.compile(r"\d{4}.*\d{1,2}[:.]\d\d|\d{1,2}[:.]\d\d.*\d{4}")
_VERB_AT_END = re.compile(r".*(?:@|\d{4}).*" + _VERBS + r"\s*[::]", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"[-_*\s]{2,}(?:original(?: message|nachricht|meddelande)|original appointment|ursprüngliche (?:nachricht|mail)"
    r"|message d'origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original)"
    r"[-_*\s]{2,}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[-_*\s]{2,}(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato).*"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:",
    re.IGNORECASE,
)
_FROM = re.compile(r"[*_ ]*(?:from|von|de|da|van|från|fra|od)[*_ ]*:[*_ ]*\S.*", re.IGNORECASE)
_FIELD = re.compile(
    r"[*_ ]*(?:from|sent|to|cc|subject|date|von|gesendet|an|betreff|datum|de|envoyé|à|objet|date|enviado(?: el)?|para|asunto"
    r"|da|inviato|oggetto|van|verzonden|aan|onderwerp|från|skickat|till|ämne|fra|sendt|til|emne)[*_ ]*:.*",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_-]{10,}")
_SENT_FROM = re.compile(
    r"(?:sent (?:from|with|via) .{2,60}|get outlook for .{2,40}|von meinem .{2,40} gesendet|gesendet (?:von|mit) .{2,40}"
    r"|envoyé (?:de|depuis) mon .{2,40}|enviado desde mi .{2,40}|inviato da .{2,40}|verzonden vanaf .{2,40})\.?",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|many)?\s*regards|best(?: wishes)?|cheers|(?:yours )?sincerely|yours (?:faithfully|truly)"
    r"|many thanks(?: and .{2,30})?|thanks(?: and .{2,30})?|thank you|mit freundlichen grüßen|viele grüße|beste grüße|mfg|cordialement"
    r"|bien à vous|saludos(?: cordiales)?|un saludo|cordiali saluti|met vriendelijke groet(?:en)?|atenciosamente"
    r"|med vänlig hälsning)\s*[,.!]*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Folded:
    """``text``: what was said; ``rest``: signature and quotation, as they stood."""

    text: str
    rest: str = ""


def fold(text: str) -> Folded:
    """Part what a mail says from its signature and what it quotes."""
    lines = text.split("\n")
    end = _quotation_start(lines)
    said, rest = lines[:end], lines[end:]
    said, last = _without_signature(said)  # some programs put it beneath the quotation
    said, leading, trailing = _without_marked(said)
    said, signature = _without_signature(said)
    if not _says_something(said):
        return Folded(text.strip())
    folded = ["\n".join(part).strip("\n") for part in (leading, signature, trailing, last, rest)]
    return Folded("\n".join(said).strip(), "\n\n".join(part for part in folded if part.strip()))


def _says_something(lines: list[str]) -> bool:
    return any(_WORD.search(line) for line in lines if not line.lstrip().startswith(">"))


def _short(line: str) -> str:
    return line.strip()[:MAX_LINE]


def _quotation_start(lines: list[str]) -> int:
    """Where everything to the end repeats an earlier mail without marking its lines; len(lines): nowhere."""
    for i, line in enumerate(lines):
        words = _short(line)
        if _FORWARDED.fullmatch(words):
            return len(lines)
        if _ORIGINAL.fullmatch(words) or _is_header_block(lines, i):
            return i - 1 if i and _RULE.fullmatch(_short(lines[i - 1])) else i
        length = _attribution(lines, i)
        if length and not _next_is_marked(lines, i + length):
            return i
    return len(lines)


def _is_header_block(lines: list[str], i: int) -> bool:
    if not _FROM.fullmatch(_short(lines[i])):
        return False
    following = [_short(line) for line in lines[i + 1 : i + 6] if line.strip()]
    return sum(bool(_FIELD.fullmatch(line)) for line in following) >= 2


def _attribution(lines: list[str], i: int) -> int:
    """How many lines from ``i`` say "on … somebody wrote:"; mail programs break it anywhere."""
    if not lines[i].strip() or lines[i].lstrip().startswith(">"):
        return 0
    joined = ""
    for length, line in enumerate(lines[i : i + MAX_ATTRIBUTION], 1):
        if not line.strip():
            return 0
        joined = f"{joined} {_short(line)}".strip()
        if joined.endswith((":", ":")):
            is_whole = length == 1 or (length == 2 and bool(_DATED.search(_short(lines[i]))))
            return length if _is_attribution(joined, is_whole, _next_is_marked(lines, i + length)) else 0
    return 0


def _is_attribution(joined: str, is_whole: bool, is_followed: bool) -> bool:
    """``is_whole``: nothing else can stand in these lines; ``is_followed``: by marked lines."""
    if _WROTE.fullmatch(joined):
        return True
    return is_whole and bool(_VERB_AT_END.fullmatch(joined) or (is_followed and _MARKED_BY.search(joined)))


def _next_is_marked(lines: list[str], i: int) -> bool:
    following = next((line for line in lines[i : i + 3] if line.strip()), "")
    return following.lstrip().startswith(">")


def _without_marked(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """The lines less the marked quotation before or after all that is said; one between answers stays."""
    start, end = 0, len(lines)
    trailing = _run_back(lines, end)
    if trailing < end:
        end = _with_attribution_before(lines, trailing)
    leading = _leading_quotation(lines[:end])
    is_answered_inside = any(line.lstrip().startswith(">") for line in lines[leading:end])
    if leading and not is_answered_inside:
        start = leading
    return lines[start:end], lines[:start], lines[end:]


def _run_back(lines: list[str], end: int) -> int:
    """Where the marked lines (and blank ones) that end the text begin."""
    i, first = end, end
    while i and (not lines[i - 1].strip() or lines[i - 1].lstrip().startswith(">")):
        i -= 1
        if lines[i].strip():
            first = i
    return first


def _with_attribution_before(lines: list[str], first: int) -> int:
    for i in range(max(0, first - MAX_ATTRIBUTION - 1), first):
        length = _attribution(lines, i)
        if length and not any(line.strip() for line in lines[i + length : first]):
            return i
    return first


def _leading_quotation(lines: list[str]) -> int:
    """How many lines at the top are a quotation with its attribution; what is said follows them."""
    i = next((n for n, line in enumerate(lines) if line.strip()), 0)
    length = _attribution(lines, i) if i < len(lines) else 0
    start = i + length
    end = start
    for n in range(start, len(lines)):
        if lines[n].lstrip().startswith(">"):
            end = n + 1
        elif lines[n].strip():
            break
    return end if end > start else 0


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    is_said = False
    for i, line in enumerate(lines):
        is_mark = line.rstrip() == "--" and len(lines) - i <= 4 * MAX_SIGNATURE
        if is_said and (is_mark or _ends_here(lines, i)):
            return lines[:i], lines[i:]
        is_said = is_said or _says_something([line])
    return lines, []


def _ends_here(lines: list[str], i: int) -> bool:
    left = len(lines) - i
    words = _short(lines[i])
    if left <= 3 and _SENT_FROM.fullmatch(words):
        return True
    after = lines[i + 1 :] if left <= MAX_SIGNATURE else []
    is_short = left <= MAX_SIGNATURE and all(
        len(line) <= 90 and not line.rstrip().endswith("?") and not line.lstrip().startswith(">") for line in after
    )
    return bool(is_short and _CLOSING.fullmatch(words))
