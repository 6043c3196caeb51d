"""HTTP over TCP, TLS or a unix socket, on httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .http_message import HttpRequest, HttpResponse
from .target import Target
from .transport_failure import TransportFailure, timed_out, unreachable

if TYPE_CHECKING:
    import httpx


class AsyncHttp:
    """Keeps one httpx client for the place where the daemon is now."""

    def __init__(self) -> None:
        self._target: Target | None = None
        self._client: httpx.AsyncClient | None = None

    async def exchange(self, target: Target, request: HttpRequest, timeout: float) -> HttpResponse:
        """Sends a request and reads the whole answer; raises `TransportFailure`."""
        response = await self.start(target, request, timeout, timeout)
        import httpx

        try:
            body = await response.aread()
        except httpx.HTTPError as error:
            raise failure_of(target, error, timeout) from error
        finally:
            await response.aclose()
        return HttpResponse(response.status_code, _headers(response), body)

    async def start(self, target: Target, request: HttpRequest, timeout: float, idle: float) -> httpx.Response:
        """Sends a request and reads the answer's head; the caller closes the response.

        Args:
            idle: Longest silence while the body is read.
        """
        import httpx

        client = await self._client_of(target)
        scheme, host = ("http", "localhost") if target.socket_path else (target.scheme, target.connect_host)
        port = None if target.socket_path else target.port
        limits = httpx.Timeout(timeout, read=idle)
        extensions = {"sni_hostname": target.host} if target.secure else {}
        host = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{host}{'' if port is None else f':{port}'}{request.path}"
        built = client.build_request(
            request.method, url, headers=request.headers, content=request.body, timeout=limits, extensions=extensions
        )
        try:
            return await client.send(built, stream=True)
        except httpx.HTTPError as error:
            raise failure_of(target, error, timeout) from error

    async def close(self) -> None:
        """Closes the connections."""
        client, self._client, self._target = self._client, None, None
        if client is not None:
            await client.aclose()

    async def _client_of(self, target: Target) -> httpx.AsyncClient:
        import httpx

        if self._client is not None and target != self._target:
            await self.close()
        if self._client is None:
            transport = httpx.AsyncHTTPTransport(
                uds=target.socket_path,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=4),
            )
            self._client = httpx.AsyncClient(
                transport=transport, trust_env=False, follow_redirects=False, headers={"Accept-Encoding": "identity"}
            )
            self._target = target
        return self._client


def failure_of(target: Target, error: Exception, timeout: float) -> TransportFailure:
    """What a failed try means."""
    import httpx

    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return unreachable(target, error, sent=False)
    if isinstance(error, httpx.TimeoutException):
        return timed_out(target, timeout)
    return unreachable(target, error, sent=True)


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
