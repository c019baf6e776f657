"""Keep every source-of-truth policy that was ever in use: a past answer is made again by the policy of its day."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.timeline.tables import FieldPolicyText

Policies = Mapping[str, FieldPolicy]


def digest_of(policies: Policies) -> str:
    """Give what two equal policies have in common and no others: SHA-256, in hex."""
    told = "\n".join(f"{name}={policies[name]!r}" for name in sorted(policies))
    return hashlib.sha256(told.encode()).hexdigest()


async def remember_policies(
    session: AsyncSession, policies: Policies, *, known: str | None, at: datetime
) -> str:
    """Store policies that are used for the first time and give their digest; `known` is stored already."""
    digest = digest_of(policies)
    if digest == known:
        return digest
    stored = await session.execute(select(FieldPolicyText.digest).where(FieldPolicyText.digest == digest))
    if stored.first() is None:
        content = {name: asdict(policy) for name, policy in policies.items()}
        made = upsert(FieldPolicyText).values(digest=digest, content=content, first_used_at=at)
        await session.execute(made.on_conflict_do_nothing())
    return digest


async def policies_of(session: AsyncSession, digest: str | None) -> dict[str, FieldPolicy]:
    """Read policies by their digest; without one (an entry from before they were kept) the oldest known."""
    statement = select(FieldPolicyText.content).order_by(FieldPolicyText.first_used_at).limit(1)
    if digest:
        statement = statement.where(FieldPolicyText.digest == digest)
    content = (await session.execute(statement)).scalar_one_or_none() or {}
    return {name: _policy(values) for name, values in content.items()}


def _policy(values: Mapping[str, Any]) -> FieldPolicy:
    """Make a policy of what was stored: keys of a later version stand at their defaults."""
    known = {each.name for each in fields(FieldPolicy)}
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in known
    }
    return FieldPolicy(**plain)
