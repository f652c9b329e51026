"""Looks after the registered webhook: Pipedrive bans and deletes those that fail."""

import asyncio
import logging
from collections.abc import Callable

from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.registration import Hook, Registrar, RegistrarError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")


class Watch:
    """Checks one webhook now and then, and registers it again when it is gone.

    A webhook whose first attempts failed ten times is banned for 30 minutes, and the events of
    that time are lost; one without a success on three days is deleted. `on_gap` is called whenever
    events may have been lost. A check costs 10 tokens.
    https://pipedrive.readme.io/docs/guide-for-webhooks-v2#webhooks-policy
    """

    def __init__(
        self,
        registrar: Registrar,
        url: str,
        credentials: Credentials,
        on_gap: Callable[[], None] = lambda: None,
    ) -> None:
        self._registrar = registrar
        self._url = url
        self._credentials = credentials
        self._on_gap = on_gap
        self._was_failing = False

    async def run(self, every: float) -> None:
        """Register, then check every so many seconds, for ever.

        What goes wrong is logged and tried again.
        """
        step = self.start
        while True:
            try:
                await asyncio.to_thread(step)
                step = self.check
            except RegistrarError as error:
                _LOGGER.error("The webhook is not looked after: %s", error)  # noqa: TRY400 - a sentence
            await asyncio.sleep(every)

    def start(self) -> None:
        """Register the webhook. Raises `RegistrarError`."""
        hook, is_new = self._registrar.register(self._url, self._credentials)
        state = "registered" if is_new else "registered already"
        _LOGGER.info("Webhook %d to %s is %s.", hook.id, self._url, state)

    def check(self) -> None:
        """Look once. Raises `RegistrarError`."""
        ours = [hook for hook in self._registrar.hooks() if hook.url == self._url]
        active = [hook for hook in ours if hook.is_active]
        if not active:
            self._replace(ours)
        failing = any(hook.failing for hook in active)
        if failing:
            _LOGGER.error(
                "Pipedrive's last delivery was answered with %s. After ten such failures it sends "
                "nothing for 30 minutes: check the proxy and the certificate in front of the "
                "receiver, and the credentials.",
                ", ".join(str(hook.last_http_status) for hook in active),
            )
        if failing or self._was_failing or not active:
            self._on_gap()
        self._was_failing = failing

    def _replace(self, removed: list[Hook]) -> None:
        reasons = ", ".join(hook.remove_reason or "no reason given" for hook in removed)
        hook, _ = self._registrar.register(self._url, self._credentials)
        _LOGGER.error(
            "The webhook was gone (%s). It is registered again, with id %d.",
            reasons or "not listed any more",
            hook.id,
        )
