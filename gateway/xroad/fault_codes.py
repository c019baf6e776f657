"""The spelling of fault codes: CamelCase before X-Road 7.8, snake_case since, read as one."""

import re

PROXIES = ("server.clientproxy.", "server.serverproxy.", "signer.")
_CLIENT = "client."
_IRREGULAR = {
    "ioerror": "io_error",
    "hashchainunusedinputs": "hashchain_unused_inputs",
    "outdatedglobalconf": "global_conf_outdated",
    "hsmnonoperational": "hsm_non_operational",
    "tokenreadonly": "token_readonly",
    "clientproxy": "clientproxy",
    "serverproxy": "serverproxy",
    "opmonitor": "opmonitor",
}


def normalise(code: str) -> str:
    """Turn any spelling of an X-Road code into the 7.8 form; codes of others only lose their prefix."""
    return ".".join(_snake(part) for part in without_prefix(code).split("."))


def without_prefix(code: str) -> str:
    """Take a code's XML prefix and outer white space off."""
    return code.rsplit(":", 1)[-1].strip()


def is_security_servers(code: str) -> bool:
    """Tell a security server's code from a provider's own by its first parts.

    `Client.…` is a security server's only without a prefix: providers qualify their codes.
    """
    plain = normalise(code)
    return plain.startswith(PROXIES) or (plain.startswith(_CLIENT) and ":" not in code)


def _snake(part: str) -> str:
    known = _IRREGULAR.get(part.lower())
    if known:
        return known
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", part).lower()
