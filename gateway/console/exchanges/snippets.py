"""An exchange as code to copy: curl, zeep, PHP, Java; personal values stay masked, everything is quoted."""

import json
import shlex
from collections.abc import Callable, Mapping

from gateway.exchange.asking.listing import Exchange
from gateway.foundation.settings import Settings

_HEADERS = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion")


def snippets_of(exchange: Exchange, masked: str, settings: Settings) -> dict[str, str]:
    """Write the request of an exchange in each language; of an inbound one, as its asker would send it."""
    url = settings.security_server.url
    return {name: write(exchange, masked, url) for name, write in _LANGUAGES.items()}


def _curl(exchange: Exchange, masked: str, url: str) -> str:
    message = masked or f"<!-- {exchange.service.replace('--', '—')} -->"
    mark = "MESSAGE"
    while mark in message:
        mark += "_"
    return (
        f"curl -sS {shlex.quote(url)} \\\n  -H 'Content-Type: text/xml; charset=utf-8' \\\n"
        f"  --data-binary @- <<'{mark}'\n{message}\n{mark}"
    )


def _zeep(exchange: Exchange, _: str, url: str) -> str:
    client, service = _parts(exchange.client), _parts(exchange.service)
    wsdl = f"{url.rstrip('/')}/wsdl?" + "&".join(f"{name}={value}" for name, value in service.items())
    header = {
        "client": {"objectType": "SUBSYSTEM", **client},
        "service": {"objectType": "SERVICE", **service},
        "userId": "…",
        "id": exchange.message_id,
        "protocolVersion": "4.0",
    }
    return (
        "from zeep import Client\n\n"
        f"client = Client({wsdl!r})\n"
        f"header = {json.dumps(header, ensure_ascii=False, indent=4)}\n"
        f"answer = getattr(client.service, {service.get('serviceCode', '')!r})(_soapheaders=header)\n"
        "print(answer)"
    )


def _php(exchange: Exchange, masked: str, url: str) -> str:
    return (
        "<?php\n"
        f"$message = {_php_text(masked or exchange.service)};\n"
        f"$call = curl_init({_php_text(url)});\n"
        "curl_setopt_array($call, [\n"
        "    CURLOPT_POST => true,\n    CURLOPT_POSTFIELDS => $message,\n    CURLOPT_RETURNTRANSFER => true,\n"
        "    CURLOPT_HTTPHEADER => ['Content-Type: text/xml; charset=utf-8'],\n]);\n"
        "echo curl_exec($call);"
    )


def _java(exchange: Exchange, masked: str, url: str) -> str:
    lines = (masked or exchange.service).split("\n")
    message = "\n        + ".join(_java_text(f"{line}\n") for line in lines)
    return (
        "import java.net.URI;\nimport java.net.http.*;\n\n"
        f"String message = {message};\n"
        f"HttpRequest request = HttpRequest.newBuilder(URI.create({_java_text(url)}))\n"
        '    .header("Content-Type", "text/xml; charset=utf-8")\n'
        "    .POST(HttpRequest.BodyPublishers.ofString(message)).build();\n"
        "System.out.println(HttpClient.newHttpClient()\n"
        "    .send(request, HttpResponse.BodyHandlers.ofString()).body());"
    )


def _parts(address: str) -> dict[str, str]:
    return {name: value for name, value in zip(_HEADERS, address.split("/"), strict=False) if value}


def _php_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _java_text(text: str) -> str:
    """Write a string literal: JSON's escapes are Java's too."""
    return json.dumps(text, ensure_ascii=False)


_LANGUAGES: Mapping[str, Callable[[Exchange, str, str], str]] = {
    "curl": _curl,
    "zeep": _zeep,
    "PHP": _php,
    "Java": _java,
}
