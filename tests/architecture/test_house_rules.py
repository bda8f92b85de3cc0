"""House rules that a machine can hold. Each says why."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb_service import errors, problems
from kb_service.errors import KbError
from kb_service.settings import Settings
from kb_service.telemetry import Event

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kb_service", "indexers", "eval")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
HEAVY = ("torch", "onnxruntime", "sqlalchemy", "fastapi", "numpy", "tantivy", "faiss")


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sources(*packages):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def subclasses(cls: type[KbError]) -> Iterator[type[KbError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def test_imports_point_one_way() -> None:
    """The contracts stand in pyproject.toml, one for each wall of the house."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_only_settings_read_the_environment() -> None:
    """Else a setting exists that no documentation and no validator knows."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("kb_service", "indexers")
        if name != "kb_service/settings.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert found == []


def test_files_stay_small_enough_to_read_at_one_sitting() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in sources(*PACKAGES, "tests")}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_functions_stay_small() -> None:
    long = {
        f"{name}:{node.name}": node.end_lineno - node.lineno + 1
        for name, tree in trees(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_every_setting_is_documented() -> None:
    documents = [path for path in (ROOT / "docs" / "operations.md", ROOT / "README.md") if path.exists()]
    text = "".join(path.read_text("utf-8") for path in documents)
    names = [f"KB_{name.upper()}" for name in Settings.model_fields]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_every_documented_setting_exists() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    known = {f"KB_{name.upper()}" for name in Settings.model_fields} | {"KB_REQUIRE_SERVICES"}
    assert set(re.findall(r"`(KB_[A-Z_]+)", text)) - known == set()


def test_events_are_logged_by_their_name_in_the_catalogue() -> None:
    """A free text in a log call is an event that nobody can look for."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("kb_service")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log"
        if not (node.args and ast.unparse(node.args[0]).startswith("Event."))
    ]
    assert found == []
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", event.value) for event in Event)


def test_only_telemetry_configures_logging() -> None:
    found = [
        name for name, tree in trees("kb_service") if name != "kb_service/telemetry.py" if _imports(tree, "structlog")
    ]
    assert found == []


def _imports(tree: ast.Module, module: str) -> bool:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return any(name == module or name.startswith(module + ".") for name in names)


@pytest.mark.parametrize("cls", [KbError, *dict.fromkeys(subclasses(KbError))], ids=lambda cls: cls.__name__)
def test_every_error_is_a_problem(cls: type[KbError]) -> None:
    is_entry = cls is errors.UnknownCatalogEntry
    error = errors.UnknownCatalogEntry("product", "x", ["y"], "/product") if is_entry else cls("words")
    answer = problems.ProblemResponse(error, "id")
    assert answer.status_code == cls.status
    assert answer.media_type == "application/problem+json"
    assert cls.status in problems.PROBLEMS, "the OpenAPI must name this status"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cls.code)


def test_no_test_patches_by_a_dotted_string() -> None:
    """A patched name says where code stands today; a fake that subclasses its port says what it does."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _is_patch(node.func) and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str) and "." in node.args[0].value
    ]
    assert found == []


def _is_patch(function: ast.expr) -> bool:
    name = ast.unparse(function)
    return name == "patch" or name.endswith((".patch", "monkeypatch.setattr"))


def test_services_do_not_commit() -> None:
    """One request is one transaction; the edge that opened the session ends it."""
    allowed = {
        "kb_service/db/session.py",
        "kb_service/web/admin_keys.py",  # the same cache
        "kb_service/auth/endpoints.py",  # clears a cache, which only counts once the change is committed
        "kb_service/articles/requests.py",  # waits for the index, which sees committed changes only
    }
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("kb_service")
        if name not in allowed
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("session.commit")
    ]
    assert found == []


def test_help_imports_nothing_heavy() -> None:
    """`kb --help` answers at once."""
    program = (
        "import sys; from kb_service.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]"), done.stdout
    assert "serve" in done.stdout
