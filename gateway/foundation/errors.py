"""The tree of everything that can go wrong.

KopuroError
├── SettingsError            refuse to start
├── ContractError            a message breaks the protocol or its schema (Fault Client)
├── SignatureError           a signature is missing, wrong or proves something else
├── AccessError              the asker may not do this
├── AgencyError              an agency did not give an answer
│   ├── AgencyUnavailable    it may answer later (permanent is False)
│   └── AgencyRefused        it will not answer this request
└── RegistryError            the registry refuses the change
    ├── InputRefused         what was typed cannot be taken: which fields, and why
    └── ConcurrentChange     somebody else was first: read again and retry

`permanent` is the only thing a retry looks at. No message carries personal data.
"""


class KopuroError(Exception):
    """Something went wrong in a way the product knows; `permanent` says whether trying again can help."""

    permanent = True


class SettingsError(KopuroError):
    """The configuration does not allow a start; the message names the key and the cure."""


class ContractError(KopuroError):
    """A message breaks the protocol or its published schema.

    `code` is X-Road's fault code in its 7.8 spelling, `where` the part of the message, `hint` the cure.
    """

    def __init__(self, message: str, *, code: str, where: str = "", hint: str = "") -> None:
        """Keep the sentence and the three things a caller needs to mend the message."""
        super().__init__(message)
        self.code = code
        self.where = where
        self.hint = hint


class SignatureError(KopuroError):
    """A signature is missing, wrong, or proves something other than what was asked; the message is the reason."""


class AccessError(KopuroError):
    """The asker has no right to this; `code` is the fault code the asker sees."""

    def __init__(self, message: str, *, code: str) -> None:
        """Keep the sentence and the public fault code."""
        super().__init__(message)
        self.code = code


class AgencyError(KopuroError):
    """An agency did not give an answer; `code` is its fault code as it was spelled on the wire."""

    def __init__(self, message: str, *, code: str = "") -> None:
        """Keep the sentence and the raw fault code."""
        super().__init__(message)
        self.code = code


class AgencyUnavailable(AgencyError):
    """The agency, its security server or the way there is down: the same bytes may be sent again."""

    permanent = False


class AgencyRefused(AgencyError):
    """The agency or its security server will not answer this request, however often it is sent."""


class RegistryError(KopuroError):
    """The registry refuses the change; the message names the rule."""


class InputRefused(RegistryError):
    """What was typed cannot be taken; `problems` are pairs of field and reason code, never the values."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        """Keep the problems; the message lists them."""
        super().__init__(", ".join(f"{field}: {reason}" for field, reason in problems))
        self.problems = problems


class ConcurrentChange(RegistryError):
    """Somebody else changed the same entry first: read it again and retry."""

    permanent = False
