"""What an address speaks when it does not speak what we thought: TLS, or plain HTTP; and why its TLS ends."""

import asyncio
import ssl

_SECONDS = 3.0


async def speaks_tls(host: str, port: int) -> bool:
    """Tell whether a TLS handshake begins there: any answer of TLS counts, whosever certificate it shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def speaks_http(host: str, port: int) -> bool:
    """Tell whether a plain HTTP answer comes from there."""
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            beginning = await reader.read(5)
            writer.transport.abort()
    except (OSError, TimeoutError):
        return False
    return beginning.startswith(b"HTTP/")


async def farewell(host: str, port: int, context: ssl.SSLContext) -> str:
    """Give OpenSSL's name of the alert by which a server ends a connection that sends it nothing; else "".

    TLS 1.3 lets a server refuse our certificate after the handshake. Had we sent a request by then, its unread
    bytes make the server's system reset the connection, and the reset may overtake the alert (RFC 9112, 9.6).
    """
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                await reader.read(1)
            finally:
                writer.transport.abort()
    except ssl.SSLError as error:
        return error.reason or ""
    except (OSError, TimeoutError):
        return ""
    return ""
