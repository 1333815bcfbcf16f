"""The style sheet, the script and the icon of the dashboard, at addresses that change with their content."""

from hashlib import sha256
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath

from infra.http.auth import OPEN
from infra.http.problems import RequestRefused

PATH = "/dashboard/static"
_FOLDER = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {"cache-control": "public, max-age=31536000, immutable", "cross-origin-resource-policy": "same-origin"}
_CONTENTS = {file.name: file.read_bytes() for file in sorted(_FOLDER.iterdir()) if file.suffix in _TYPES}
_NAMES = {
    name: f"{Path(name).stem}-{sha256(content).hexdigest()[:12]}{Path(name).suffix}" for name, content in _CONTENTS.items()
}
_SERVED = {served: name for name, served in _NAMES.items()}


def address_of(name: str) -> str:
    """Return the path of a file of `static/`."""
    return f"{PATH}/{_NAMES[name]}"


@get(f"{PATH}/{{file_name:str}}", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def asset(file_name: FromPath[str]) -> Response[bytes]:
    if (name := _SERVED.get(file_name)) is None:
        raise RequestRefused("not-found")
    return Response(_CONTENTS[name], media_type=_TYPES[Path(name).suffix], headers=_HEADERS)
