"""The bearer token of the JSON API, compared in constant time."""

from hmac import compare_digest

from gateway.foundation.errors import AccessError

NOT_SET, WRONG = "API_TOKEN_NOT_SET", "API_TOKEN_WRONG"


def check_bearer(authorization: str | None, *, token: str) -> None:
    """Let a request with the right `Authorization: Bearer …` pass; raises AccessError otherwise.

    Without a configured token nobody passes.
    """
    if not token:
        raise AccessError(
            "the API is closed: set server.api_token in config/*.toml or KOPURO_SERVER__API_TOKEN",
            code=NOT_SET,
        )
    scheme, _, given = (authorization or "").partition(" ")
    right = compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not right:
        raise AccessError("a valid bearer token is required", code=WRONG)
