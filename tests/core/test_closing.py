"""When a month may be closed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mlspend.core.closing import AccountPeriod, check_moved, list_objections
from mlspend.core.deliveries import ControlTotal, Delivery, Receipt
from mlspend.core.errors import ClosingMoved

FINAL = AccountPeriod("aws", "payer", "2026-09", "USD", date(2026, 10, 1), "every charge stands on an invoice", True)


def test_a_month_may_be_closed_from_the_day_on_which_it_is_final() -> None:
    assert list_objections([FINAL], date(2026, 10, 1), is_provisional=False) == []
    (objection,) = list_objections([FINAL], date(2026, 9, 30), is_provisional=False)
    assert "source 'aws', billing period 2026-09, account payer is final from 2026-10-01" in objection


def test_a_provisional_month_may_be_closed_on_purpose_but_never_one_that_does_not_reconcile() -> None:
    open_month = replace(FINAL, final_from=None, final_reason="3 of 4 charges stand on no invoice yet")
    assert list_objections([open_month], date(2026, 11, 1), is_provisional=True) == []
    apart = replace(open_month, is_reconciled=False, difference=Decimal("0.02"))
    (objection,) = list_objections([FINAL, apart], date(2026, 11, 1), is_provisional=True)
    assert "differ by 0.02" in objection


def receipt(source: str, period: str) -> Receipt:
    delivery = Delivery(source, "aws_focus", period, "v1", datetime(2026, 11, 1, tzinfo=UTC), ())
    total = ControlTotal(date.fromisoformat(f"{period}-01"), "payer", "member", "USD", 1, Decimal(1))
    return Receipt(delivery, "focus", (), 1, (total,))


def test_a_closed_month_that_comes_from_another_source_is_refused_before_it_is_charged_twice() -> None:
    closed = [{"source": "aws", "billing_period": "2026-09", "billing_account_id": "payer"}]
    check_moved([receipt("aws", "2026-09"), receipt("aws-focus", "2026-10")], closed)
    with pytest.raises(ClosingMoved, match=r"account payer, billing period 2026-09 was closed .* 'aws'.* --reopen"):
        check_moved([receipt("aws-focus", "2026-09")], closed)
