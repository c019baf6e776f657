"""Why a head's signature is not taken: a code and a sentence in ky, ru and en for each reason."""

from collections.abc import Mapping

from gateway.access.sentences import Sentences
from gateway.foundation.errors import SignatureError

SIGNATURE_REASONS: Mapping[str, Sentences] = {
    "SIGNATURE_REQUIRED": (
        "Жетекчинин электрондук колу талап кылынат",
        "Требуется электронная подпись руководителя",
        "The head's electronic signature is required",
    ),
    "SIGNATURE_INVALID": (
        "Кол тамга бул паспортко же бүгүнкү күнгө туура келбейт",
        "Подпись не подходит к этому паспорту или к сегодняшнему дню",
        "The signature does not fit this passport of today",
    ),
    "CERTIFICATE_UNKNOWN": (
        "Сертификат белгилүү борбордон эмес же кол коюуга арналган эмес",
        "Сертификат не от известного центра или не предназначен для подписи",
        "The certificate is not of a known authority, or not meant for signing",
    ),
    "CERTIFICATE_EXPIRED": (
        "Сертификаттын мөөнөтү азыр жараксыз",
        "Сертификат сейчас не действителен по сроку",
        "The certificate is not valid now",
    ),
    "CERTIFICATE_REVOKED": (
        "Сертификат кайтарылып алынган",
        "Сертификат отозван",
        "The certificate was revoked",
    ),
    "CERTIFICATE_OF_ANOTHER": (
        "Сертификат бул уюмдун жетекчисине таандык эмес",
        "Сертификат не принадлежит руководителю этой организации",
        "The certificate is not that of this organisation's head",
    ),
}
_CODES = {
    "the signer's certificate is not issued by an authority we know": "CERTIFICATE_UNKNOWN",
    "the signer's certificate does not say what it is for": "CERTIFICATE_UNKNOWN",
    "the signer's certificate is not meant for signing": "CERTIFICATE_UNKNOWN",
    "the signer's certificate cannot be read": "CERTIFICATE_UNKNOWN",
    "the signer's certificate is not valid yet": "CERTIFICATE_EXPIRED",
    "the signer's certificate has expired": "CERTIFICATE_EXPIRED",
    "the signer's certificate was revoked": "CERTIFICATE_REVOKED",
    "the certificate is another person's than the head who signs": "CERTIFICATE_OF_ANOTHER",
    "the certificate names another organisation": "CERTIFICATE_OF_ANOTHER",
    "another person is head of the organisation by order": "CERTIFICATE_OF_ANOTHER",
}


def refusal_of(error: SignatureError) -> str:
    """Give the code of a signature's failing."""
    return _CODES.get(str(error), "SIGNATURE_INVALID")
