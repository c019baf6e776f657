"""The source-of-truth policy as intake passes it on: who is believed about each field."""

from collections.abc import Mapping

from gateway.foundation.policy_settings import FieldPolicy

Policies = Mapping[str, FieldPolicy]
