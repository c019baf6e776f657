"""The conformance report: one message held against every rule of the protocol and of our own services."""

from gateway.xroad.conformance.examine import Against, examine
from gateway.xroad.conformance.provider_rules import Provider
from gateway.xroad.conformance.report import Finding, Report, Rule, rules

__all__ = ["Against", "Finding", "Provider", "Report", "Rule", "examine", "rules"]
