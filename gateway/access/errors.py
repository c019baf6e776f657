"""What access refuses beyond a plain AccessError."""

from gateway.foundation.errors import AccessError

NOT_FOUND = "NOT_FOUND_OR_NOT_ALLOWED"


class TooManyAttempts(AccessError):
    """Too many wrong attempts; `seconds` until the next one is looked at."""

    permanent = False

    def __init__(self, seconds: float) -> None:
        """Keep how long to wait."""
        super().__init__("too many attempts: wait before the next one", code="TOO_MANY_ATTEMPTS")
        self.seconds = seconds


def refused(code: str) -> AccessError:
    """Make the refusal of a code; its sentence is the reader's language's affair."""
    return AccessError(f"refused: {code}", code=code)


def not_found() -> AccessError:
    """Make the one answer to what is not there and to what is not the asker's."""
    return refused(NOT_FOUND)
