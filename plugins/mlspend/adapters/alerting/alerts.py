"""What `send_alerts` and `mlspend alerts send` do: look at everything there is to tell, write it down, send it."""

from collections.abc import Callable
from datetime import datetime

from mlspend.adapters import freshness
from mlspend.adapters.alerting import data_stopped, delivery, gate_alerts, spend_alerts
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.alerting.delivery import Sent
from mlspend.adapters.alerting.looking import look
from mlspend.adapters.config import Config
from mlspend.adapters.gates import red_gates
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages.sending import utc_now


def send(
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    access: Access,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> list[Sent]:
    """Look at sources, gates and what is published, send what is due and return what went out now.

    Nothing about spend is opened, told or resolved where the source's gate is red: the gate's own alert speaks instead.
    Raises MessageRefused or MessageUndelivered where something could not be sent; the rest is out.
    """
    red = red_gates.read_red(home, config, ledger, now)
    found = (
        data_stopped.find(freshness.read(config, ledger, now), config, ledger),
        gate_alerts.find(red, config, now, ledger.open_alerts()),
        spend_alerts.find(home, config, ledger),
    )
    look(config, ledger, found, now, red_sources=gate_alerts.red_sources(red, config))
    return delivery.send_due(home, config, ledger, now, access, clock=clock)
