"""Two birds that must never sing: a file nobody may read, and a port nobody may call."""

import os
import socket
from pathlib import Path

_SONG = "the-canary-sang"


class FileCanary:
    """A file whose time of last access tells whether it was read."""

    def __init__(self, folder: Path) -> None:
        """Write the file; where the file system keeps no access times, only its text can give it away."""
        self.path = folder / "canary.txt"
        self.path.write_text(_SONG)
        twin = folder / "twin.txt"
        twin.write_text(_SONG)
        _age(twin)
        before = twin.stat().st_atime_ns
        twin.read_text()
        self.keeps_times = twin.stat().st_atime_ns != before
        _age(self.path)
        self._before = self.path.stat().st_atime_ns

    @property
    def url(self) -> str:
        """Its address."""
        return self.path.as_uri()

    def was_read(self) -> bool:
        """Tell whether somebody read it."""
        return self.keeps_times and self.path.stat().st_atime_ns != self._before


def _age(path: Path) -> None:
    """Put the access before the last change, so that the next read is noted even under relatime."""
    changed = path.stat().st_mtime_ns
    os.utime(path, ns=(changed - 10**9, changed))


class SocketCanary:
    """A listening port that counts who calls."""

    def __init__(self) -> None:
        """Listen."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/canary"

    def callers(self) -> int:
        """Count the connections since the last count."""
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


SONG = _SONG.encode()
