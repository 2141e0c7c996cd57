"""Keeps the translation catalogs: collects the marked texts, updates, compiles and checks each language. For developers.

    python tools/messages.py update     collect texts, merge them into every catalog, compile the ready ones
    python tools/messages.py compile    only compile
    python tools/messages.py check      say what is missing, fuzzy or broken in the ready ones; exit 1 if anything is
    python tools/messages.py missing    say how many texts each catalog lacks, ready or not

Which languages there are, and which are ready, is said in `connector.i18n.LANGUAGES`.

A text is marked by `_()`, `N_()`, `lazy()`, `ngettext()` or `pgettext()` in Python, and by the first, fourth and fifth in templates.
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from connector.i18n import LANGUAGES, SOURCE

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "connector" / "locale"
TRANSLATED = tuple(code for code in LANGUAGES if code != SOURCE)
READY = tuple(code for code in TRANSLATED if LANGUAGES[code].ready)
KEYWORDS = {
    "_": None,
    "N_": None,
    "lazy": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
SOURCES = (
    ("connector", "**.py", "python"),
    ("webhooks", "**.py", "python"),
    ("templates", "**.html", "jinja2"),
)
# The sandbox has texts of its own and must not know ours.
SKIPPED = ("sandbox/", "locale/")
PLACE = re.compile(r"%\(([a-z_]+)\)[sd]|%%")


def collected() -> Catalog:
    """Every marked text of the sources, without places in files: those change with every line that is added."""
    catalog = Catalog(project="leadswitch", charset="utf-8", creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for folder, pattern, method in SOURCES:
        found = extract_from_dir(
            ROOT / folder,
            [(pattern, method)],
            keywords=KEYWORDS,
            options_map={pattern: {"silent": "false"}},
            comment_tags=("i18n:",),
        )
        for name, _line, message, comments, context in found:
            if not name.startswith(SKIPPED) and message and message != ("", ""):
                catalog.add(message, None, auto_comments=comments, context=context)
    return catalog


def path_of(code: str) -> Path:
    """The source catalog of a language."""
    return LOCALE / code / "LC_MESSAGES" / "messages.po"


def read(code: str) -> Catalog:
    """The catalog of a language as it is on disk; an empty one if there is none yet."""
    path = path_of(code)
    if not path.exists():
        return Catalog(locale=Locale.parse(code), project="leadswitch", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def update() -> None:
    """Merge the collected texts into every catalog; what is no longer used goes."""
    template = collected()
    for code in TRANSLATED:
        catalog = read(code)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        path_of(code).parent.mkdir(parents=True, exist_ok=True)
        with path_of(code).open("wb") as file:
            write_po(file, catalog, no_location=True, omit_header=False, sort_output=True, width=120)


def compiled(code: str) -> bytes:
    """The compiled form of a catalog."""
    out = io.BytesIO()
    write_mo(out, read(code))
    return out.getvalue()


def compile_all() -> None:
    """Write the compiled form of every ready catalog beside it."""
    for code in READY:
        path_of(code).with_suffix(".mo").write_bytes(compiled(code))


def problems(code: str) -> Iterator[str]:
    """What is wrong with a catalog: texts without translation, fuzzy ones, other places than the source, stale compiled form."""
    catalog, wanted = read(code), collected()
    forms = catalog.num_plurals
    for source in wanted:
        if not source.id:
            continue
        message = catalog.get(source.id if isinstance(source.id, str) else source.id[0], source.context)
        if message is None or not _whole(message):
            yield f"{code}: not translated: {source.id!r}"
            continue
        yield from _broken(code, source, message, forms)
    compiled_path = path_of(code).with_suffix(".mo")
    if not compiled_path.exists() or compiled_path.read_bytes() != compiled(code):
        yield f"{code}: the compiled catalog is old; run `python tools/messages.py compile`"


def _whole(message: Message) -> bool:
    return bool(message.string) and (not isinstance(message.string, tuple) or all(message.string))


def _broken(code: str, source: Message, message: Message, forms: int) -> Iterator[str]:
    if message.fuzzy:
        yield f"{code}: fuzzy: {source.id!r}"
    plural = isinstance(source.id, tuple)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    if plural and len(strings) != forms:
        yield f"{code}: {len(strings)} plural forms instead of {forms}: {source.id!r}"
    places = set(PLACE.findall(source.id[1] if plural else source.id)) - {""}
    for string in strings:
        given = set(PLACE.findall(string)) - {""}
        if given - places or (places - given and not (plural and places - given == {"n"})):
            yield f"{code}: places {sorted(places ^ given)} differ: {source.id!r}"


def main(arguments: list[str]) -> int:
    """One of update, compile, check."""
    match arguments:
        case ["update"]:
            update()
            compile_all()
        case ["compile"]:
            compile_all()
        case ["check"]:
            found = [problem for code in READY for problem in problems(code)]
            sys.stdout.write("".join(f"{line}\n" for line in found))
            return 1 if found else 0
        case ["missing"]:
            for code in TRANSLATED:
                texts = [message for message in read(code) if message.id]
                lacking = sum(not _whole(message) for message in texts)
                sys.stdout.write(f"{code}: {lacking} of {len(texts)} missing\n")
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
