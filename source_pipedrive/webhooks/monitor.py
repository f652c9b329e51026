"""Monitors the registered webhook: Pipedrive bans and removes webhooks that fail."""

import asyncio
import logging
from collections.abc import Callable

from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.registration import Registrar, RegistrarError, Webhook

_LOGGER = logging.getLogger("source_pipedrive.webhooks")


class WebhookMonitor:
    """Checks one webhook periodically, and registers it again if it was removed.

    Pipedrive bans a webhook for 30 minutes after ten failed first attempts, and the events of
    that time are lost. It removes a webhook after three days without a success. `on_gap` is
    called whenever events may have been lost, and `on_company` with the id of the webhook's
    company. A check costs 10 tokens.
    https://pipedrive.readme.io/docs/guide-for-webhooks-v2#webhooks-policy
    """

    def __init__(
        self,
        registrar: Registrar,
        url: str,
        credentials: Credentials,
        on_gap: Callable[[], None] = lambda: None,
        on_company: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._registrar = registrar
        self._url = url
        self._credentials = credentials
        self._on_gap = on_gap
        self._on_company = on_company
        self._was_failing = False

    async def run(self, every: float) -> None:
        """Register, then check every `every` seconds until cancelled.

        Failures are logged and retried.
        """
        step = self.start
        while True:
            try:
                await asyncio.to_thread(step)
                step = self.check
            except RegistrarError as error:
                _LOGGER.error(  # noqa: TRY400 - the message says it all
                    "The webhook could not be checked. The next try is in %g s. %s", every, error
                )
            except Exception:
                # an unexpected answer must not end the checks
                _LOGGER.exception("The check failed. The next try is in %g s.", every)
            await asyncio.sleep(every)

    def start(self) -> None:
        """Register the webhook. Raises `RegistrarError`."""
        webhook, is_new = self._registrar.register(self._url, self._credentials)
        self._on_company(webhook.company_id)
        state = "now registered" if is_new else "already registered"
        _LOGGER.info("Webhook %d for %s is %s.", webhook.id, self._url, state)

    def check(self) -> None:
        """Check once. Raises `RegistrarError`."""
        webhooks = [one for one in self._registrar.list_webhooks() if one.url == self._url]
        active = [one for one in webhooks if one.is_active]
        if not active:
            self._register_again(webhooks)
        is_failing = any(one.is_failing for one in active)
        if is_failing:
            _LOGGER.error(
                "Pipedrive's last delivery was answered with %s. After ten such failures it sends "
                "nothing for 30 minutes. Check the proxy and the certificate in front of the "
                "receiver, and the credentials.",
                ", ".join(str(one.last_http_status) for one in active),
            )
        if is_failing or self._was_failing or not active:
            self._on_gap()
        self._was_failing = is_failing

    def _register_again(self, removed: list[Webhook]) -> None:
        reasons = ", ".join(one.remove_reason or "no reason given" for one in removed)
        webhook, _ = self._registrar.register(self._url, self._credentials)
        _LOGGER.error(
            "The webhook was removed (%s), so events may have been lost. It is registered again as "
            "webhook %d.",
            reasons or "it is not listed anymore",
            webhook.id,
        )
