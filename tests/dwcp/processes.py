"""`dwcp send` and `dwcp receive` as processes, as a user starts them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds that a test waits for something before it calls it a hang: far more than anything here takes."""

HERE = "eu-west-1.test.dwcp.novacron.io"
THERE = "us-east-1.test.dwcp.novacron.io"


def run(scenario: Any) -> Any:
    """Run a scenario to its end, and never for ever."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(scenario, 4 * PATIENCE))


async def until(holds: Callable[[], Any], what: str) -> Any:
    """What `holds` gives once that is true; AssertionError after PATIENCE seconds."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not (found := holds()):
        assert asyncio.get_running_loop().time() < end, f"waited for this in vain: {what}"
        await asyncio.sleep(0.005)
    return found


async def start(*arguments: str, program: str = "dwcp_runtime.cli.dwcp", **options: Any) -> Process:
    """A `dwcp` process with its output piped. `program`: the module that is run."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        program,
        *arguments,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        limit=1 << 22,
        **options,
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a sender ended: exit code, the JSON object of `--json` (empty if it was killed), what it said."""

    code: int
    report: dict[str, Any]
    said: str


class Sending:
    """A running `dwcp send --json`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._output = asyncio.ensure_future(process.communicate())

    @classmethod
    async def start(
        cls, source: Path, port: int, name: str, *options: str, tls: Path | None = None, **more: Any
    ) -> Sending:
        """Send `source` to `name` at `port`; without `tls` in plain. `more` is for `start`."""
        safety = ("--insecure",) if tls is None else ("--tls", str(tls), "--peer", THERE)
        target = f"127.0.0.1:{port}/{name}"
        return cls(await start("send", str(source), target, "--json", *safety, *options, **more))

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.returncode is None

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            self.process.send_signal(number)

    async def outcome(self) -> Outcome:
        """When it has ended."""
        try:
            output, errors = await asyncio.wait_for(asyncio.shield(self._output), 2 * PATIENCE)
        finally:
            self.signal(signal.SIGKILL)
        assert self.process.returncode is not None
        text = output.decode().strip()
        report = json.loads(text) if text else {}
        return Outcome(code=self.process.returncode, report=report, said=errors.decode())

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self._output


async def send(source: Path, port: int, name: str, *options: str, tls: Path | None = None) -> Outcome:
    """Run `dwcp send` to its end."""
    return await (await Sending.start(source, port, name, *options, tls=tls)).outcome()


class Receiving:
    """A running `dwcp receive --json`. `said` are the lines of its errors, `ended` its transfers' reports."""

    def __init__(self, process: Process, folder: Path, port: int) -> None:
        self.process = process
        self.folder = folder
        self.port = port
        self.said: list[str] = []
        self.ended: list[dict[str, Any]] = []
        self._readers = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._read_errors())]

    @classmethod
    async def start(
        cls, folder: Path, *, tls: Path | None = None, allow: str = HERE, port: int = 0, **options: Any
    ) -> Receiving:
        """Store below `folder`; without `tls` in plain. `port` 0 takes a free one."""
        safety = ("--insecure",) if tls is None else ("--tls", str(tls), "--allow", allow)
        process = await start(
            "receive", str(folder), "--json", "--listen", f"127.0.0.1:{port}", *safety, **options
        )
        assert process.stdout is not None
        first = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        if not first.startswith("listening on "):
            _, errors = await process.communicate()
            raise AssertionError(f"the receiver did not start: {first}{errors.decode()}")
        return cls(process, folder, int(first.rsplit(":", 1)[1]))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.ended.append(json.loads(line))

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.said.append(line.decode().rstrip())

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return await self.wait()

    async def wait(self) -> int:
        """The exit code, when it has ended and everything it said was read."""
        try:
            code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        finally:
            self.signal(signal.SIGKILL)
        await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.process.wait()
        await asyncio.gather(*self._readers)

    def visible(self) -> dict[str, int]:
        """Sizes of the files that others see, by name."""
        found = {}
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if name.parts[0] != ".dwcp" and path.is_file():
                found[name.as_posix()] = path.stat().st_size
        return found

    def staged(self) -> list[Path]:
        """Files of stages."""
        return sorted((self.folder / ".dwcp" / "incoming").glob("*"))


@asynccontextmanager
async def receiving(folder: Path, **options: Any) -> AsyncIterator[Receiving]:
    """A receiver for as long as the context lasts; it must end in order."""
    receiver = await Receiving.start(folder, **options)
    try:
        yield receiver
    except BaseException:
        await receiver.kill()
        raise
    assert await receiver.stop() == 0
