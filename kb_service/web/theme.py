"""The brand colour made legible (pure): WCAG 2.2 contrast (SC 1.4.3) for any colour that a site is given.

Invariants: text on the brand colour and links in it reach 4.5 : 1, in the light and in the dark scheme.
"""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
INK: Rgb = (16, 21, 28)
LIGHT_SURFACES: tuple[Rgb, ...] = (WHITE, (244, 246, 249))
DARK_SURFACES: tuple[Rgb, ...] = (INK, (30, 39, 51))
MIN_CONTRAST = 4.5
TINT = 0.1
"""How much brand colour stands in the soft tint that links may stand on (see kb.css, --tint)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one scheme as ``#rrggbb``: a filled surface, text on it, and links on the page."""

    brand: str
    on_brand: str
    link: str
    tint: str


def parse(colour: str) -> Rgb:
    """``#rrggbb`` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def to_hex(colour: Rgb) -> str:
    """Three numbers as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Rgb) -> float:
    """Relative luminance (WCAG 2.2, definition), 0 for black to 1 for white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """``share`` of ``one`` in ``other``, rounded."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def text_on(background: Rgb) -> Rgb:
    """White or ink, whichever reads better."""
    return max((WHITE, INK, (0, 0, 0)), key=lambda ink: (contrast(ink, background) >= MIN_CONTRAST, ink != (0, 0, 0)))


def legible(colour: Rgb, surfaces: tuple[Rgb, ...], towards: Rgb) -> Rgb:
    """``colour``, moved towards ``towards`` just until it reads on every surface."""
    for step in range(21):
        candidate = mix(towards, colour, step / 20)
        if all(contrast(candidate, surface) >= MIN_CONTRAST for surface in surfaces):
            return candidate
    return towards


def palette(brand: str, is_dark: bool) -> Palette:
    """The colours of one scheme for a brand colour."""
    colour, surfaces = parse(brand), DARK_SURFACES if is_dark else LIGHT_SURFACES
    tint = mix(colour, surfaces[0], TINT)
    link = legible(colour, (*surfaces, tint), WHITE if is_dark else INK)
    return Palette(brand, to_hex(text_on(colour)), to_hex(link), to_hex(tint))


def stylesheet(brand: str) -> str:
    """The style sheet that carries the brand colour in both schemes."""
    dark = _rules(palette(brand, is_dark=True))
    return f"{_rules(palette(brand, is_dark=False))}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _rules(colours: Palette) -> str:
    return (
        f":root {{ --brand: {colours.brand}; --on-brand: {colours.on_brand};"
        f" --link: {colours.link}; --tint: {colours.tint}; }}"
    )
