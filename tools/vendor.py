"""Copies what we use of other people's browser packages into templates/static/vendor. For developers; must never run at install.

    npm pack htmx.org@4.0.1 @bitrix24/b24ui-nuxt@2.13.0 @bitrix24/b24jssdk@2.2.0 @bitrix24/b24icons-vue@2.0.8
    (unpack each archive into a folder of its own)
    python tools/vendor.py HTMX_DIR B24UI_DIR B24JSSDK_DIR B24ICONS_DIR

Of the AIR design tokens only the custom properties that our own style sheets reach are kept, light and dark; of the icons only those
named below. MANIFEST.json records name, version, licence and SHA-256 of every file; a test compares it with the folder.
"""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "templates" / "static"
VENDOR = STATIC / "vendor"
TOKENS = "dist/runtime/air-design-tokens"
ICONS = {
    "activity": "outline/Activity", "alert": "outline/Alert", "arrow-right": "outline/ArrowRightM", "ban": "outline/BanM",
    "box": "outline/Box", "check": "outline/CheckM", "chevron-down": "outline/ChevronDownM", "chevron-left": "outline/ChevronLeftM",
    "chevron-right": "outline/ChevronRightM", "clock": "outline/Clock", "comment": "outline/Messages", "company": "outline/Company",
    "contact": "outline/Contact", "cross": "outline/CrossM", "data-loss": "outline/Unlink", "deal": "outline/Handshake",
    "download": "outline/Download", "error": "outline/CircleCross", "external": "outline/GoToM", "field": "outline/Form",
    "file": "outline/File", "filter": "outline/Filter", "flag": "outline/Flag", "globe": "outline/Earth", "group": "outline/Group",
    "history": "outline/ClockBack", "hourglass": "outline/Hourglass", "info": "outline/InfoCircle", "lead": "outline/Lead",
    "link": "outline/Link", "lock": "outline/LockM", "mobile": "outline/Mobile", "money": "outline/Money", "ok": "outline/CircleCheck",
    "pause": "outline/PauseM", "person": "outline/Person", "pipeline": "outline/Stages", "play": "outline/PlayM",
    "product": "outline/Product", "refresh": "outline/Refresh", "repeat": "outline/RepeatCycle", "screen": "outline/Screen",
    "search": "outline/Search", "settings": "outline/SettingsM", "shield": "outline/ShieldChecked", "stop": "outline/StopM",
    "switch": "outline/Switcher", "trash": "outline/Trashcan", "undo": "outline/Undo", "warning": "outline/Alert",
}  # fmt: skip
LINE = 'fill="none" stroke="currentColor" stroke-linejoin="round" stroke-width="1.4"'


def main(folders: list[str]) -> None:
    """Rewrites the vendor folder from four unpacked packages."""
    htmx, ui, sdk, icons = (Path(one) for one in folders)
    shutil.rmtree(VENDOR, ignore_errors=True)
    entries = [
        _copied(htmx, "htmx", {"htmx.min.js": "dist/htmx.min.js"}),
        _copied(sdk, "b24jssdk", {"b24jssdk.min.js": "dist/umd/index.min.js"}),
        _written(ui, "air", {"air.css": _tokens(ui / TOKENS)}),
        _written(icons, "icons", {"icons.svg": _sprite(icons / "dist")}),
    ]
    (VENDOR / "MANIFEST.json").write_text(
        json.dumps({"packages": entries}, indent=2) + "\n", encoding="utf-8"
    )


def _copied(package: Path, folder: str, files: dict[str, str]) -> dict[str, object]:
    texts = {name: (package / source).read_text(encoding="utf-8") for name, source in files.items()}
    return _written(
        package,
        folder,
        {name: re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", text) for name, text in texts.items()},
    )


def _written(package: Path, folder: str, files: dict[str, str]) -> dict[str, object]:
    card = json.loads((package / "package.json").read_text(encoding="utf-8"))
    target = VENDOR / folder
    target.mkdir(parents=True)
    licence = next(package.glob("LICENSE*")).read_text(encoding="utf-8")
    files = {**files, "LICENSE": licence, "VERSION": f"{card['name']} {card['version']}\n"}
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")
    sums = {
        f"{folder}/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())
    }
    return {"name": card["name"], "version": card["version"], "license": card["license"], "files": sums}


def _tokens(folder: Path) -> str:
    light = _properties(folder, "001_b24_global", "007_b24_global", "008_ui_global", "003_b24_context_light")
    dark = {**light, **_properties(folder, "004_b24_context_dark")}
    used = set().union(
        *(
            set(re.findall(r"var\((--ui-[a-z0-9-]+)", css.read_text()))
            for css in (STATIC / "css").glob("*.css")
        )
    )
    wanted = sorted(_closure(used, light) | _closure(used, dark))
    missing = [name for name in wanted if name not in light]
    if missing:
        raise SystemExit(f"not an AIR token: {', '.join(missing)}")
    plain = "".join(f"  {name}: {light[name]};\n" for name in wanted)
    night = "".join(f"    {name}: {dark[name]};\n" for name in wanted if dark[name] != light[name])
    return (
        "/* Bitrix24 AIR design tokens, MIT, (c) 2024 Bitrix24: the subset that app.css reaches. Written by tools/vendor.py. */\n"
        f":root {{\n{plain}}}\n@media (prefers-color-scheme: dark) {{\n  :root {{\n{night}  }}\n}}\n"
    )


def _properties(folder: Path, *names: str) -> dict[str, str]:
    texts = ((folder / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return {
        token: value.strip()
        for text in texts
        for token, value in re.findall(r"(--[a-z0-9-]+):\s*([^;{}]+)", text)
    }


def _closure(names: set[str], table: dict[str, str]) -> set[str]:
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += re.findall(r"var\((--[a-z0-9-]+)", table.get(name, ""))
    return seen


def _sprite(folder: Path) -> str:
    symbols = []
    for name, source in sorted(ICONS.items()):
        group, icon = source.split("/")
        code = (folder / group / "esm" / f"{icon}Icon.js").read_text(encoding="utf-8")
        box = re.search(r'viewBox: "([^"]+)"', code)
        paths = _paths(re.findall(r'_createElementVNode\("path", \{(.*?)\}\)', code, re.S))
        symbols.append(
            f'<symbol id="{name}" viewBox="{box.group(1) if box else "0 0 24 24"}">{"".join(paths)}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _paths(found: list[str]) -> list[str]:
    """The paths of an icon. A masked one is the outline of the shape before it, which is only the mask: drawn as that shape's line."""
    paths: list[str] = []
    for attributes in found:
        pairs = dict(re.findall(r'"?([a-z-]+)"?: "([^"]*)"', attributes))
        if "mask" in pairs:
            paths[-1] = paths[-1].removesuffix("/>") + f" {LINE}/>"
            continue
        paths.append("<path " + " ".join(f'{name}="{value}"' for name, value in pairs.items()) + "/>")
    return paths


if __name__ == "__main__":
    main(sys.argv[1:])
