"""The deployed stack with the services around it."""

from pathlib import Path

from checks import Caller
from emulator.deployment import Deployment
from emulator.services import ErpSimulator, Issuer


class System:
    """A deployed stack, its ERP, its issuer of tokens, and the data set that is loaded into it."""

    def __init__(
        self, deployment: Deployment, simulator: ErpSimulator, issuer: Issuer, dataset: Path
    ) -> None:
        self.deployment, self.issuer, self.dataset = deployment, issuer, dataset
        self.storefront, self.erp = deployment.api, simulator.url

    def caller(self, user: str | None = None) -> Caller:
        """Calls the storefront API as a user, or without a token."""
        return Caller(self.storefront, self.issuer.token(user) if user else None)
