"""Where the daemon is and how to reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Target:
    """One way to the daemon: a unix socket, or an address with its token."""

    scheme: str = "http"
    host: str = "localhost"
    port: int = 80
    prefix: str = ""
    socket_path: str | None = None
    token: str | None = None
    explain: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    """What to report when no daemon listens at a socket that was found, not given."""

    @classmethod
    def from_url(cls, url: str, token: str | None = None) -> Target:
        """Reads an address such as `http://127.0.0.1:7433`."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"base_url {url!r} is no http or https address, for example http://127.0.0.1:7433")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), token=token)

    @property
    def secure(self) -> bool:
        """TLS is spoken."""
        return self.scheme == "https"

    @property
    def connect_host(self) -> str:
        """Host to connect to: every `*.localhost` is this machine, whatever the resolver says."""
        host = self.host.rstrip(".").lower()
        return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else self.host

    @property
    def authority(self) -> str:
        """Value of the Host header."""
        if self.socket_path is not None:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def absence(self) -> str:
        """The message for a place where no daemon listens: what to type there."""
        if self.explain is not None:
            return self.explain()
        if self.socket_path is not None:
            advice = "Correct the path; without one, the client finds your daemon by itself."
        else:
            advice = "Start it on that machine with `parley up --detach`, or correct the address."
        return f"No daemon answers at {self}. {advice}"

    def __str__(self) -> str:
        return f"unix:{self.socket_path}" if self.socket_path else f"{self.scheme}://{self.authority}{self.prefix}"
