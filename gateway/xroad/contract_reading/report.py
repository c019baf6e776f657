"""A contract's report for a person: plain text, one block per operation, fields as an indented tree."""

from collections.abc import Iterator

from gateway.xroad.contract_reading.agencies import section
from gateway.xroad.contract_reading.failures import failures
from gateway.xroad.contract_reading.frame import attachments, echo, qualification
from gateway.xroad.contract_reading.model import LANGUAGES, Body, Caution, Contract, Failure, Operation
from gateway.xroad.contract_reading.words import caution_sentence, say
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import Choice, Content, Field

STEP = "  "


def write_report(contract: Contract, language: str) -> str:
    """Write what the contract says, ending with the section for config/agencies.toml."""
    lines = [*_Report(language).contract(contract)]
    return "\n".join(_printable(line) for line in lines) + "\n"


def _printable(line: str) -> str:
    """Keep what a foreign file says from steering the terminal."""
    return "".join(char if char.isprintable() else " " for char in line).rstrip()


class _Report:
    def __init__(self, language: str) -> None:
        self._language = language

    def say(self, key: str, **parts: str) -> str:
        return say(key, self._language, **parts)

    def contract(self, contract: Contract) -> Iterator[str]:
        yield self.say("contract", file=contract.file, name=contract.name)
        yield STEP + (
            self.say("namespace", about=contract.namespace)
            if contract.namespace
            else self.say("no_namespace")
        )
        for key, told in (("services", contract.services), ("addresses", contract.addresses)):
            if told:
                yield STEP + self.say(key, about=", ".join(told))
        yield STEP + self.say("operations", about=str(len(contract.operations)))
        yield from self._cautions(contract.cautions)
        for number, operation in enumerate(contract.operations, start=1):
            yield ""
            yield from self._operation(number, operation)
        if contract.operations:
            yield from ("", self.say("agencies"), "", *section(contract, self._language).split("\n"))

    def _operation(self, number: int, operation: Operation) -> Iterator[str]:
        version = operation.service_version
        stated = self.say("version", about=version) if version else self.say("no_version")
        yield f"{number}. {operation.service_code} – {stated}"
        yield from (STEP + line for line in self._about(operation))
        yield from (STEP + line for line in self._body("request", operation.request))
        yield from (STEP + line for line in self._body("answer", operation.answer))
        yield from (STEP + line for line in self._frame(operation))
        yield STEP + self.say("failures") + ":"
        for failure in failures(operation):
            yield from (STEP * 2 + line for line in self._failure(failure))
        yield from self._cautions(operation.cautions)

    def _about(self, operation: Operation) -> Iterator[str]:
        for key, told in (("title", operation.titles), ("notes", operation.notes)):
            for language in (*LANGUAGES, *sorted(told.keys() - set(LANGUAGES))):
                if language in told:
                    yield f"{self.say(key)} ({language or '–'}): {told[language]}"
        if not operation.titles:
            yield self.say("untitled")
        wrapping = self.say("wrapped" if operation.wrapped else "bare")
        binding = self.say("style", style=operation.style, soap=", ".join(operation.soap) or "–")
        yield f"{binding}; {wrapping}"

    def _body(self, side: str, body: Body | None) -> Iterator[str]:
        if body is None:
            yield f"{self.say(side)}: {self.say('no_answer')}"
            return
        about = f"{body.shape.name or '–'} {{{body.shape.namespace}}}"
        element = self.say("body_element", about=about)
        yield f"{self.say(side)}: {element} ({self.say('naming.' + body.naming)})"
        if body.shape.content or body.shape.kind == Kind.GROUP:
            yield from (STEP + line for line in self._tree(body.shape))
        else:
            yield STEP + self._line(body.shape)

    def _tree(self, field: Field) -> Iterator[str]:
        for attribute in field.attributes:
            yield "@" + self._line(attribute)
        yield from self._content(field.content)

    def _content(self, content: Content) -> Iterator[str]:
        for part in content:
            if isinstance(part, Choice):
                yield from self._choice(part)
            else:
                yield self._line(part)
                yield from (STEP + line for line in self._tree(part))

    def _choice(self, choice: Choice) -> Iterator[str]:
        key = "choice_many" if choice.many else "choice" if choice.required else "choice_optional"
        yield self.say(key)
        for number, branch in enumerate(choice.branches, start=1):
            yield STEP + self.say("branch", about=str(number))
            yield from (STEP * 2 + line for line in self._content(branch))

    def _line(self, field: Field) -> str:
        told = [
            self.say(f"kind.{field.kind}"),
            self.say("required" if field.required else "optional"),
            self.say("many" if field.many else "one"),
        ]
        if field.nillable:
            told.append(self.say("nillable"))
        if field.again:
            told.append(self.say("again", about=field.again.rpartition("}")[2]))
        if field.allowed:
            told.append(self.say("allowed", about=_allowed(field)))
        if field.limits:
            told.append(self.say("limits", about=", ".join(f"{name} {text}" for name, text in field.limits)))
        titles = dict(field.titles)
        title = titles.get(self._language) or next(iter(titles.values()), "")
        return f"{field.name}: {', '.join(told)}" + (f" – {title}" if title else "")

    def _frame(self, operation: Operation) -> Iterator[str]:
        repeated, none = echo(operation), self.say("none")
        yield self.say("echo", about=repeated.name) if repeated else self.say("no_echo")
        yield self.say(
            "headers",
            request=", ".join(operation.request_headers) or none,
            answer=", ".join(operation.answer_headers) or none,
        )
        yield self.say(f"qualification.{qualification(operation)}")
        files = [f"{path} ({self.say('way.' + way)})" for _, path, way in attachments(operation)]
        yield self.say("attachments", about=", ".join(files) or none)

    def _failure(self, failure: Failure) -> Iterator[str]:
        where = f" [{failure.where}]" if failure.where else ""
        yield f"- {self.say('style.' + failure.style)}{where}"
        yield f"  {self.say('reads')}: {self.say('reads.' + failure.style)}"
        for value, outcome in failure.values:
            yield f"    {value} → {outcome or self.say('unclear')}"
        question = self.say(f"ask.{failure.style}")
        if question:
            yield f"  {self.say('ask')}: {question}"

    def _cautions(self, cautions: tuple[Caution, ...]) -> Iterator[str]:
        if cautions:
            yield STEP + self.say("cautions") + ":"
        for caution in cautions:
            yield f"{STEP * 2}! {caution_sentence(caution, self._language)}"


def _allowed(field: Field) -> str:
    return ", ".join(
        f"{each.value} ({each.meaning})" if each.meaning else each.value for each in field.allowed
    )
