"""A client over one keep-alive connection. It is small, because its own time is part of every time that it measures."""

import json
import socket
from types import TracebackType
from typing import Any, Self


class Client:
    """Send one request at a time, and raise RuntimeError for an answer without a 2xx status or a length."""

    def __init__(self, url: str) -> None:
        self._host = url.removeprefix("http://")
        name, _, port = self._host.partition(":")
        self._connection = socket.create_connection((name, int(port)), timeout=60)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> bytes:
        return self._send(f"GET {path} HTTP/1.1\r\nhost: {self._host}\r\n\r\n".encode())

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: {self._host}\r\ncontent-type: application/json\r\n"
        return self._send(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)

    def _send(self, request: bytes) -> bytes:
        self._connection.sendall(request)
        received = self._receive(b"")
        while b"\r\n\r\n" not in received:
            received = self._receive(received)
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode().lower().split("\r\n")
        length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), None)
        if length is None or status.split()[1][0] != "2":
            raise RuntimeError(f"{request.decode()}\n{received.decode()}")
        while len(body) < length:
            body = self._receive(body)
        return body

    def _receive(self, received: bytes) -> bytes:
        chunk = self._connection.recv(65_536)
        if not chunk:
            raise RuntimeError("The server closed the connection.")
        return received + chunk
