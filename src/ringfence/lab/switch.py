"""The telephone network behind the provider as a real phone: it takes every call, encrypted if asked to."""

from pathlib import Path
from typing import Final

from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.provider import Provider
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Transport

PORT: Final = 5072


class Neighbour(Baresip):
    """Somebody outside whose host a trunk trusts by its address: registers nowhere and calls over the trunk."""

    def _write_files(self, transport: Transport, frequency: int) -> None:
        super()._write_files(transport, frequency)
        settings = f"regint=0;answermode=auto;audio_codecs={self.codecs};ptime=20"
        (self.home / "accounts").write_text(f"<sip:{self.account.user}@{self.host.address}>;{settings}\n")


class Switch(Baresip):
    """`with Switch(provider, home, Keys.REQUIRED) as switch:` registers there; while it does, calls come to it."""

    def __init__(
        self, provider: Provider, home: Path, keys: Keys = Keys.NONE, frequency: int = 700, codecs: str = "PCMA"
    ) -> None:
        contract = provider.contract
        account = Account("switch", contract.domain, contract.password)
        super().__init__(provider.host, home, account, frequency=frequency, keys=keys, codecs=codecs)

    def _write_files(self, transport: Transport, frequency: int) -> None:
        super()._write_files(transport, frequency)
        config, address = self.home / "config", self.host.address
        config.write_text(config.read_text().replace(f"{address}:5060", f"{address}:{PORT}"))
        keys = f";mediaenc={self.keys}" if self.keys else ""
        secret = f'auth_user=switch;auth_pass={self.account.secret};outbound="sip:{address}:5060";regint=60'
        settings = f"{secret};answermode=auto;audio_codecs={self.codecs};ptime=20{keys}"
        (self.home / "accounts").write_text(f"<sip:switch@{self.account.domain}>;{settings}\n")
