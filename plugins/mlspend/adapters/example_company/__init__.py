"""A machine-learning company that does not exist, and its AWS bill: what the demo, the tests and the benchmarks run on.

`company.sql` says who there is, `catalogue.sql` what there is to buy, the families of charges (`training.sql`,
`services.sql`, `storage.sql`, `network.sql`) who runs how much of it and when, `commitments.sql` and `adjustments.sql`
what comes on top; `charges.sql` turns all that into one billing period of priced lines, `line_items.sql` into CUR 2.0.
"""

from mlspend.adapters.example_company.exports import BUCKET, EXPORT, PREFIX, write_exports

__all__ = ["BUCKET", "EXPORT", "PREFIX", "write_exports"]
