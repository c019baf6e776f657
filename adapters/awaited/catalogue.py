"""What is awaited: the sources of the catalogue whose contract nobody published, and what is missing of each."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.intake.ports_awaited import AwaitedSource

_NO_CODE = "member code, subsystem, service code and fields"

SOURCES: Mapping[str, AwaitedSource] = MappingProxyType(
    {
        "disability": AwaitedSource(
            agency="КИССП (Минтруд)",
            service="get-msec-details",
            would_give="disability group, from and to, re-examination (МСЭК act by PIN)",
            missing="the service code on Tunduk: the known name is of the ministry's own layer",
        ),
        "allowances": AwaitedSource(
            agency="Минтруд", would_give="orphan status and allowances: kind, from, to", missing=_NO_CODE
        ),
        "guardianship": AwaitedSource(
            agency="Register of guardianship",
            would_give="guardian's PIN, decision, kind, from, to",
            missing="whether such a service exists",
        ),
        "exam_results": AwaitedSource(
            agency="НЦТ", would_give="ОРТ scores and certificate by PIN and year", missing=_NO_CODE
        ),
        "classifiers": AwaitedSource(
            agency="Нацстатком",
            member_code="70000010",
            service="nsk-classificators",
            would_give="СОАТЕ and ГКЭД",
            missing="service codes and fields: only the subsystem was seen, and as a client",
        ),
        "territories": AwaitedSource(
            agency="Кадастр",
            member_code="70000019",
            service="dkrpni-service/ateChildren",
            would_give="the tree of territories (REST, by parent id)",
            missing="the fields of its answer",
        ),
        "work_permission": AwaitedSource(
            agency="Соцфонд",
            member_code="70000003",
            service="sf-personal-data/InitializeRequestForPermission",
            would_give="the person's permission, by a code sent to the phone, before the Fund answers",
            missing="the confirming service and whether it is demanded of a ministry",
        ),
    }
)
