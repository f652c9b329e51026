"""The company whose events a receiver stores: an inbox of two companies would mix their rows."""

from source_pipedrive.inbox.event import company_of
from source_pipedrive.inbox.store import Inbox


class Company:
    """Knows the id of the company as soon as possible, and refuses events of others.

    The id is given, or that of the registered webhook, or that of the newest event in the inbox, or
    that of the first event. Until it is known, events of any company are accepted.
    """

    def __init__(self, company_id: str = "") -> None:
        self.id = company_id
        self._is_certain = bool(company_id)

    def registered(self, company_id: str) -> None:
        """Learn the company of the registered webhook, unless one was given."""
        if company_id and not self._is_certain:
            self.id = company_id
            self._is_certain = True

    def stored(self, company_id: str) -> None:
        """Learn the company of an event in the inbox, if none is known."""
        self.id = self.id or company_id

    def accepts(self, company_id: str) -> bool:
        """Tell whether an event of a company may be stored; one that names none may."""
        return not (company_id and self.id) or company_id == self.id


def company_of_newest_event(inbox: Inbox) -> str:
    """Return the company of the newest event in an inbox; empty if there is none."""
    last = inbox.last_sequence()
    newest = next(inbox.events(last - 1), None) if last else None
    return company_of(newest.payload.get("meta")) if newest else ""
