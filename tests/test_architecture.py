"""The house: a floor may use any floor below, never one above and never its neighbour; some packages have one owner."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "llmcost"

FLOORS = (
    ("__main__",),
    ("cli",),
    ("exports",),
    ("render", "frames"),
    ("overview", "budgets"),
    ("routing",),
    ("caps",),
    ("spend",),
    ("attribution",),
    ("sources",),
    ("pricing",),
    ("store",),
    ("fx", "windows"),
    ("config",),
    ("document",),
    ("conditions",),
    ("errors", "figures", "ledger", "model", "resources"),
)
"""From the roof down. The last row is the ground: it uses nothing of ours, but errors may be raised anywhere."""

OWNERS = {
    "duckdb": {"store"},
    "typer": {"cli"},
    "rich": {"render"},
    "plotly": {"render"},
    "pandas": {"frames"},
    "yaml": {"document", "pricing"},
}
"""Who may import which package."""

FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Dotted names of everything a module imports, also late and for typing only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_down(path: Path) -> None:
    mine = room(path)
    assert mine in FLOOR_OF, f"{mine} has no floor: give it one in this file"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "llmcost" or len(parts) < 2 or parts[1] == "__version__":
            continue
        theirs = parts[1]
        if theirs == mine:
            continue
        assert FLOOR_OF[theirs] > FLOOR_OF[mine] or theirs == "errors", (
            f"{mine} (floor {FLOOR_OF[mine]}) uses {theirs} (floor {FLOOR_OF[theirs]})"
        )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_packages_have_owners(path: Path) -> None:
    for name in imports(path):
        package = name.split(".")[0]
        assert room(path) in OWNERS.get(package, {room(path)}), (
            f"{room(path)} imports {package}, which belongs to {OWNERS[package]}"
        )


def test_every_room_stands_in_the_picture() -> None:
    assert {room(path) for path in modules()} <= set(FLOOR_OF)


def test_modules_begin_with_what_they_are_for() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_sql_files_begin_with_what_one_row_is() -> None:
    for path in ROOT.rglob("*.sql"):
        assert path.read_text(encoding="utf-8").startswith("-- "), path


def test_the_reference_page_is_the_ledgers_own() -> None:
    from llmcost import ledger

    assert (ROOT / "ledger.md").read_text(encoding="utf-8") == ledger.reference_page()
