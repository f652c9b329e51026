"""The packages of the sandbox: imports go one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "pipedrive_sandbox"
#: Modules and packages from bottom to top: each imports itself and those before it.
LAYERS = [
    "clock",
    "settings",
    "tables",
    "store",
    "account",
    "data",
    "changes",
    "webhooks",
    "endpoints",
    "gateway",
    "sandbox",
    "control",
    "app",
    "server",
    "client",
    "__main__",
]


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def layer_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_layers(path: Path) -> set[str]:
    """Return the layers that a module imports, for type checkers or at run time."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert PACKAGE.name not in names, "import from a module, not from the package itself"
    return {name.split(".")[1] for name in names if name.startswith(f"{PACKAGE.name}.")}


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer_of(path) for path in modules()} == set(LAYERS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_from_its_own_layer_and_below(path: Path) -> None:
    allowed = LAYERS[: LAYERS.index(layer_of(path)) + 1]

    assert imported_layers(path) <= set(allowed)
