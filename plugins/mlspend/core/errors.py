"""Every error mlspend raises on purpose: two families by what a scheduler should do, then one class by who must act.

A message says what happened, to which source, billing period and file, and what to do next. It never holds a secret.
"""


class MlspendError(Exception):
    """Base of all errors raised on purpose; the CLI prints its message and exits 1."""


class Terminal(MlspendError):
    """A retry cannot help: somebody must change the data, the configuration or a permission."""


class Transient(MlspendError):
    """A retry may help: the other side was slow, busy or not ready yet."""


class ConfigInvalid(Terminal):
    """mlspend.yml must be corrected by its owner."""


class RatesUnreadable(Terminal):
    """The file of exchange rates is not there, or a line of it is wrong; its owner must correct it."""


class InvoicesUnreadable(Terminal):
    """Invoices cannot be read: a file or a line of it is wrong, or nothing of their source is landed."""


class ApiAccessDenied(Terminal):
    """Credentials or permissions for one of the provider's APIs must be corrected."""


class CostExplorerAsked(Terminal):
    """Cost Explorer was asked today already; each request costs money."""


class ApiUnavailable(Transient):
    """One of the provider's APIs did not answer properly; worth another try."""


class RateMissing(Terminal):
    """No exchange rate is known for a billing period's currency; somebody must state it."""


class ExportUnrecognised(Terminal):
    """Nothing at the location looks like a billing export mlspend knows."""


class SeveralExports(ExportUnrecognised):
    """A location holds more than one export; taken as one, their cost would be counted twice."""


class ExportsOverlap(Terminal):
    """Two exports hold the same billing account and period, and the configuration does not say which counts."""


class ExportNotDelivered(Transient):
    """The export, or a file its manifest names, is not there (yet)."""


class ExportReplaced(Transient):
    """The provider wrote a file anew while it was being read; the next run finds the new version."""


class ExportsRejected(Terminal):
    """Deliveries were rejected; each reason is quoted. The other deliveries of the source were landed."""


class ExportsNotLanded(Transient):
    """Deliveries could not be landed this time; each reason is quoted. The other ones of the source were landed."""


class ExportUnreadable(Terminal):
    """A delivered file is truncated, not what its name says, or its manifest is not valid."""


class ExportContractBroken(Terminal):
    """A required column is missing, or a value does not have the type its export kind promises."""


class CurrencyChanged(Terminal):
    """A billing account is billed in another currency than the one recorded for it."""


class SourceOverdue(Terminal):
    """A source has delivered nothing for hours past its rhythm; somebody must ask the provider, or look at landing."""


class StoreAccessDenied(Terminal):
    """Credentials or permissions of the export's bucket or folder must be corrected."""


class StoreUnavailable(Transient):
    """The export's bucket did not answer properly; worth another try."""


class MessageUnreadable(Terminal):
    """A message of a source's queue is no notification of S3; it is kept as a dead letter."""


class QueueAccessDenied(Terminal):
    """Credentials or permissions of the source's queue must be corrected."""


class QueueUnavailable(Transient):
    """The source's queue did not answer properly; worth another try."""


class BuildFailed(Terminal):
    """A dbt model or test failed; the warehouse was not replaced."""


class ChecksFailed(Terminal):
    """A data-quality check said no, or could not be evaluated; nothing was published, nothing sent."""


class EverythingHeld(ChecksFailed):
    """Nothing was ever published, and the gates hold back all that is landed."""


class GateNotRed(Terminal):
    """What somebody wants to take as right is not held back."""


class NothingProved(Terminal):
    """No build that passed its checks waits to be published."""


class BuildOvertaken(Terminal):
    """Something else was published since this build was begun; it must be made again."""


class PublishedFileInUse(Transient):
    """Somebody has the published warehouse, or the build, open for writing."""


class NothingPublished(Terminal):
    """There is no published warehouse to read yet."""


class PublicationNotKept(Terminal):
    """The published state asked for is not, or no longer, among those that can be opened."""


class ClosingRefused(Terminal):
    """A billing period cannot be closed or reopened, or its statement made, as things stand."""


class ClosingMoved(Terminal):
    """A closed billing period of an account comes from another source now: its statement would be charged twice."""


class RulesUnknown(Terminal):
    """No version of the rules, and no configuration file, is meant by what was written."""


class LineUnknown(Terminal):
    """No published charge has the id that was asked for."""


class AnomalyUnknown(Terminal):
    """No published anomaly has the id that was asked for."""


class MessageRefused(Terminal):
    """Slack refused the message for a reason that a retry cannot mend."""


class ThreadGone(MessageRefused):
    """The message that a reply belongs below was deleted in Slack: what is left of its thread has no place."""


class ClickUnreadable(Terminal):
    """What Slack says of a click is not whole, or not about a button of mlspend."""


class MessageUndelivered(Transient):
    """Slack did not take the message this time."""


class MessageUncertain(MessageUndelivered):
    """Slack may have taken the message: the next try looks it up before anything is posted again."""


class WeekNotCovered(Terminal):
    """The published data does not reach to the end of the week asked for."""


class DigestNotKept(Terminal):
    """Nothing is kept of the digest asked for, or nothing that this version of mlspend can read."""


class AirflowNotReady(Terminal):
    """The small Airflow of the demo and the tests did not come up, or ended by itself."""


class TaskFailed(Terminal):
    """A task of the small Airflow failed; its own error is quoted."""


class DiskFull(Transient):
    """The disk of MLSPEND_HOME, or of the folder named, has no space left; nothing half-written counts."""


class HomeNotWritable(Terminal):
    """MLSPEND_HOME, or the folder named, is mounted read-only or belongs to another user."""


class StateUnavailable(Transient):
    """The state store did not answer, or another process held it too long."""


class StateLost(Terminal):
    """The state store's file is damaged, or was taken away while it was open; it must be restored."""


class StateUnknown(Terminal):
    """The state store's tables are of another version of mlspend."""


class QueryRefused(Terminal):
    """DuckDB refused a query on the published warehouse; whoever wrote it must correct it."""


class PlanUnreadable(Terminal):
    """What was given as a Terraform plan is not one, or of a format that mlspend does not read."""


class TagPolicyUnfit(Terminal):
    """A key or a name of the tag policy cannot be written in a cloud; the configuration's owner must name another."""


class AlertUnknown(Terminal):
    """No alert has this id; whoever asked must look it up."""
