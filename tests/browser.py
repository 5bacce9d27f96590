"""A headless Chromium over its debugging pipe: what a page says, loads and looks like."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser")


def axe() -> str | None:
    """The script of axe, which finds faults of accessibility; None where it is not installed.

    It is looked for where ``COLLSEC_AXE`` points, and in ``node_modules`` of the repository
    (``npm install axe-core``).
    """
    local = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
    path = Path(os.environ.get("COLLSEC_AXE", local))
    return path.read_text(encoding="utf-8") if path.is_file() else None


class Browser:
    """One browser with one page.

    Parameters
    ----------
    profile : Path
        An empty folder for the browser's own files.
    width : int
        Width of the screen in CSS pixels.
    scheme : str
        ``light`` or ``dark``: what pages are told that the reader prefers.
    """

    def __init__(self, profile: Path, width: int, scheme: str = "light") -> None:
        self._to_browser, self._events = os.pipe(), []  # type: ignore[var-annotated]
        self._from_browser = os.pipe()
        self._buffer, self._last = b"", 0
        read, write = self._to_browser[0], self._from_browser[1]
        assert EXECUTABLE is not None
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        # The browser reads commands from descriptor 3 and answers on descriptor 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{read} 4>&{write}', EXECUTABLE, *arguments],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=preferred)

    _session: str | None = None

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._to_browser[1])
        os.close(self._from_browser[0])

    @property
    def events(self) -> list[dict[str, Any]]:
        """What has happened since the page was opened."""
        self.value("0")  # what is on its way has then arrived
        return list(self._events)

    def open(self, page: Path, anchor: str = "") -> list[dict[str, Any]]:
        """Load a page and return the events until all of it is there."""
        self._events = []
        self._call("Page.navigate", url=page.resolve().as_uri() + (f"#{anchor}" if anchor else ""))
        deadline = time.monotonic() + 30
        while not any(e["method"] == "Page.loadEventFired" for e in self._events):
            assert time.monotonic() < deadline, "the page did not load"
            self._read()
        return list(self._events)

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page; a promise is waited for."""
        found = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def key(self, name: str) -> None:
        """Press a key."""
        codes = {
            "Tab": 9,
            "Enter": 13,
            "Home": 36,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }
        for kind in ("rawKeyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=name,
                windowsVirtualKeyCode=codes[name],
            )

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to_browser[1], json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            more = os.read(self._from_browser[0], 1 << 16)
            assert more, "the browser ended"
            self._buffer += more
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._events.append(message)
        return message
