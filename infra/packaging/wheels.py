"""Install the locked dependencies for AWS Lambda once, and copy those that a function needs."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from pathlib import Path

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
GLIBC = range(34, 16, -1)  # Amazon Linux 2023 has 2.34
TASK = "/var/task"

NEVER_IMPORTED = frozenset({
    "click", "faker", "httpcore", "httpx", "litestar-htmx", "markdown-it-py", "polyfactory", "pygments", "rich",
    "rich-click",
})  # fmt: skip
"""Requirements of Litestar for its command line, its test client and its examples."""

_TRIMMED = re.compile(
    r"""
    \.(pyi|pyx|pxd|pxi|c|h|cpp|hpp|a|lib|f|f90|js|md|typed)$    # for compilers and editors
    | (^|/)tests?/ | (^|/)conftest\.py$ | _(tests|testcapi)\.cpython
    | ^litestar/(cli|testing)/
    | ^_?yaml/_yaml\.          # the optional parser in C
    """,
    re.VERBOSE,
)
_ONLY_FOR_SCIPY = re.compile(r"^numpy/(_core/(include|lib)|f2py|fft|polynomial|random|testing)/")
"""Numpy imports these lazily; scipy imports all of numpy."""

_METADATA = re.compile(r"^litestar-[^/]+\.dist-info/(METADATA|RECORD)$")  # Litestar reads its own version


def python() -> str:
    """Return an interpreter of the version that the functions run on, since byte code is specific to a version."""
    homes = sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))
    for candidate in [os.environ.get("PYTHON313"), shutil.which("python3.13"), *map(str, homes)]:
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    raise SystemExit("Building for AWS Lambda needs python3.13: install it, or set PYTHON313 to its path.")


def fetch(lock: Path, *, machine: str, cache: Path) -> Path:
    """Return a folder with all packages of `lock` for `machine`, compiled; cached by lock, machine and interpreter."""
    interpreter = python()
    version = subprocess.run([interpreter, "-VV"], capture_output=True, check=True).stdout
    key = hashlib.sha256(b"\n".join([lock.read_bytes(), version, machine.encode()])).hexdigest()[:16]
    folder = cache / f"{lock.stem}-{machine}-{key}"
    if not folder.is_dir():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        _install(lock, machine=machine, target=unfinished, interpreter=interpreter)
        compile_tree(unfinished, interpreter=interpreter)
        try:
            unfinished.rename(folder)
        except OSError:  # another build has finished first
            shutil.rmtree(unfinished)
    return folder


def compile_tree(folder: Path, *, interpreter: str) -> None:
    """Compile a folder to byte code that is used unchecked: SAM's archives give every file the time of 1980.

    Tracebacks name the paths on AWS Lambda.
    """
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", TASK]
    compiled = subprocess.run(
        [interpreter, "-m", "compileall", *options, str(folder)], capture_output=True, text=True, check=False
    )
    if compiled.returncode:
        raise SystemExit(compiled.stdout + compiled.stderr)


def copy_packages(packages: Iterable[str], source: Path, target: Path) -> None:
    """Copy the distributions of `packages` and their requirements, without files that no function imports."""
    for file in _needed_files(_required(packages, source), source):
        destination = target / file
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / file, destination)


def _install(lock: Path, *, machine: str, target: Path, interpreter: str) -> None:
    tags = [f"manylinux_2_{minor}_{MACHINES[machine]}" for minor in GLIBC] + [f"manylinux2014_{MACHINES[machine]}"]
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"]
    command += ["--no-deps", "--require-hashes", "--no-compile", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", "3.13", *(f"--platform={tag}" for tag in tags)]
    subprocess.run([*command, "--target", str(target), "--requirement", str(lock)], check=True)


def _required(packages: Iterable[str], source: Path) -> set[Path]:
    """Return the .dist-info folders of the distributions of `packages` and of all their requirements."""
    distributions = {_canonical(folder.name.partition("-")[0]): folder for folder in source.glob("*.dist-info")}
    imported = set(packages)
    pending = [name for name, folder in distributions.items() if imported & _provided(folder)]
    required: set[Path] = set()
    while pending:
        name = pending.pop()
        if name in distributions and distributions[name] not in required and name not in NEVER_IMPORTED:
            required.add(distributions[name])
            pending += _requirements(distributions[name])
    return required


def _provided(folder: Path) -> set[str]:
    return {file.partition("/")[0].removesuffix(".py") for file in _recorded(folder)}


def _requirements(folder: Path) -> list[str]:
    lines = HeaderParser().parsestr((folder / "METADATA").read_text()).get_all("Requires-Dist", [])
    return [_canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line]


def _needed_files(distributions: set[Path], source: Path) -> Iterator[str]:
    """Yield the files of distributions that a function can need, each followed by its byte code."""
    has_scipy = any(folder.name.startswith("scipy-") for folder in distributions)
    for folder in distributions:
        for file in _recorded(folder):
            if _is_needed(file, has_scipy=has_scipy) and (source / file).is_file():
                yield file
                path = Path(file)
                yield from (
                    str(path.parent / "__pycache__" / code.name)
                    for code in (source / path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")
                    if path.suffix == ".py"
                )


def _is_needed(file: str, *, has_scipy: bool) -> bool:
    if ".dist-info/" in file:
        return _METADATA.match(file) is not None
    if not has_scipy and _ONLY_FOR_SCIPY.match(file):
        return False
    return not file.startswith(("../", "bin/")) and not _TRIMMED.search(file)


def _recorded(folder: Path) -> Iterator[str]:
    return (line.partition(",")[0] for line in (folder / "RECORD").read_text().splitlines())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
