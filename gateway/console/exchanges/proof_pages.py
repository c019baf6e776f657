"""The evidence of an exchange: verified at this moment, and handed over as a bundle."""

from cryptography import x509
from starlette.responses import Response

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.one import open_exchange
from gateway.crypto.certificates import read_certificate
from gateway.exchange.entry import from_microseconds
from gateway.exchange.proof import proof_bundle, prove_exchange
from gateway.pages import Visit


class ProofPages:
    """The answers of these pages."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database, the journal's keys and our certificate."""
        self._deps = deps

    def _certificates(self) -> list[x509.Certificate]:
        settings = self._deps.settings
        return [read_certificate(settings.path(settings.signing.certificate_file))]

    async def show(self, visit: Visit) -> Response:
        """Verify now, and say of each row what was found."""
        opened = await open_exchange(self._deps, visit)
        proofs = await prove_exchange(
            self._deps.database,
            self._deps.keys,
            opened.exchange.exchange_id,
            certificates=self._certificates(),
        )
        sealed = {
            proof.seq: from_microseconds(proof.sealed_at) for proof in proofs if proof.sealed_at is not None
        }
        return visit.render(
            "console/exchanges/evidence.html",
            **opened.furniture(visit, "evidence"),
            proofs=proofs,
            sealed=sealed,
            whole=all(proof.whole for proof in proofs),
            waiting=any(proof.sealed is None for proof in proofs),
        )

    async def download(self, visit: Visit) -> Response:
        """Give the bundle."""
        opened = await open_exchange(self._deps, visit)
        content = await proof_bundle(
            self._deps.database, opened.exchange.exchange_id, certificates=self._certificates()
        )
        name = f"proof-{opened.exchange.exchange_id}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, media_type="application/zip", headers=headers)
