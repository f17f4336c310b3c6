"""Notifications to the addresses in `LOGITGATE_NOTIFY`; their failure never changes a result."""

from __future__ import annotations

import logging
import os
import time
import warnings

ADDRESSES = "LOGITGATE_NOTIFY"
"""Environment variable with Apprise URLs (webhook, Slack, mail and others), parted by blanks; a secret."""

_TRIES, _PAUSE_SECONDS = 3, 1.0
_LOG = logging.getLogger(__name__)


def notify(title: str, body: str) -> bool | None:
    """Send a message to every address; try again those that fail, and give up without an error.

    Returns
    -------
    bool or None
        Whether all were sent; None without any address.
    """
    addresses = os.environ.get(ADDRESSES, "").split()
    if not addresses:
        return None
    # Their libraries log addresses, which hold passwords and tokens.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    sent = [_sent(address, title, body) for address in addresses]
    for place, arrived in enumerate(sent, start=1):
        if not arrived:
            _LOG.warning(
                "notification: address=%d of %d could not be reached; see %s", place, len(sent), ADDRESSES
            )
    return all(sent)


def _sent(address: str, title: str, body: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it asks for modules that Python 3.13 drops
        try:
            return _tried(address, title, body)
        except Exception as error:  # noqa: BLE001 - whatever a plugin does wrong, the message is all that is lost
            _LOG.warning("notification failed: error=%s", type(error).__name__)
            return False


def _tried(address: str, title: str, body: str) -> bool:
    from apprise import Apprise

    sender = Apprise()
    if not sender.add(address):
        return False
    for left in reversed(range(_TRIES)):
        if sender.notify(title=title, body=body):
            return True
        time.sleep(_PAUSE_SECONDS if left else 0)
    return False
