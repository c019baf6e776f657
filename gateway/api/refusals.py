"""What the API itself refuses, beyond rights and the registry: preconditions, keys of repeated requests."""

from collections.abc import Mapping

from gateway.access.sentences import Sentences
from gateway.foundation.errors import KopuroError


class ApiRefusal(KopuroError):
    """A request that is not carried out for a reason of the protocol; `kind` names it."""

    def __init__(self, kind: str) -> None:
        """Keep the kind; its status and sentences stand in API_REFUSALS."""
        super().__init__(f"refused: {kind}")
        self.kind = kind

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return API_REFUSALS[self.kind][0]


API_REFUSALS: Mapping[str, tuple[int, Sentences]] = {
    "IF_MATCH_REQUIRED": (
        428,
        (
            "If-Match талап кылынат: картаны окуп, анын ETag белгисин жөнөтүңүз",
            "Нужен If-Match: прочитайте карточку и пришлите её ETag",
            "If-Match is required: read the card and send its ETag",
        ),
    ),
    "IF_MATCH_FAILED": (
        412,
        (
            "Сиз окугандан кийин жазуу өзгөргөн: кайра окуп, кайталаңыз",
            "С тех пор как вы прочитали запись, она изменилась: прочитайте снова и повторите",
            "It has changed since you read it: read it again and retry",
        ),
    ),
    "IDEMPOTENCY_KEY_REUSED": (
        422,
        (
            "Бул Idempotency-Key башка сурам үчүн колдонулган",
            "Этот Idempotency-Key уже использован для другого запроса",
            "This Idempotency-Key was used for another request",
        ),
    ),
}
