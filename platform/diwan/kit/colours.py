"""Colours as the style sheets name them (OKLCH): as sRGB for documents and swatches, and their contrast.

It must not know which colours the product uses.
"""

from __future__ import annotations

import math

Oklch = tuple[float, float, float]
"""Lightness from 0 to 1, chroma, hue in degrees."""


def hex_of(colour: Oklch) -> str:
    """Return a colour as #rrggbb, the nearest that a screen shows."""
    return "#" + "".join(f"{round(255 * _gamma(part)):02x}" for part in _linear(colour))


def contrast(one: Oklch, other: Oklch) -> float:
    """Return the contrast of two colours as WCAG counts it, from 1 to 21."""
    dark, light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (_linear(one), _linear(other)))
    return (light + 0.05) / (dark + 0.05)


def _linear(colour: Oklch) -> tuple[float, float, float]:
    """Return linear sRGB (the matrices are those of the Oklab colour space)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return (_within(red), _within(green), _within(blue))


def _within(part: float) -> float:
    return min(max(part, 0.0), 1.0)


def _gamma(part: float) -> float:
    return float(12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055)
