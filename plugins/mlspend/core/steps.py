"""The steps between which a machine may die: whatever is lost there, one normal run afterwards ends in the right state.

In the order in which a run takes them. Tests kill the process at each.
"""

from enum import StrEnum


class Step(StrEnum):
    """What is done when the step is reached.

    >>> Step.FILE_REPLACED.kind
    'publishing'
    """

    DELIVERIES_SEEN = "landing: the deliveries that were found are in the ledger as seen"
    FILES_FETCHED = "landing: the raw files of a delivery are at hand"
    TOTALS_MADE = "landing: its control totals are made and checked"
    LINES_WRITTEN = "landing: its lines are written, privately"
    RECEIPT_WRITTEN = "landing: its receipt lies beside them, still privately"
    DELIVERY_IN_PLACE = "landing: lines and receipt stand where builds read them, unknown to the ledger"
    LANDING_RECORDED = "landing: the ledger knows"

    MESSAGES_SETTLED = "announcing: the ledger knows what became of a queue's messages, which still stand in the queue"
    MESSAGES_DELETED = "announcing: those messages are deleted"

    BUILD_FOLDER_MADE = "building: the build has its folder, with a copy of what is published"
    PLAN_WRITTEN = "building: dbt's plan is written and the lake's folders are made"
    DBT_BEGINS = "building: dbt is about to start"
    DBT_ENDED = "building: dbt is done"
    BUILD_COMPLETE = "building: the build is tidied up and on disk"
    BUILD_RECORDED = "building: the ledger knows which deliveries it holds, unproved"
    PROOF_BEGINS = "building: the expectations are about to be asked"
    PROOF_RECORDED = "building: their answers are in the build"
    HOLD_RECORDED = "holding back: the ledger knows what the gates hold back, nothing is built without it yet"
    BUILD_MARKED = "building: the build is marked as proved"

    PREVIOUS_KEPT = "publishing: the file that readers open can be found in the history too"
    OPS_WRITTEN = "publishing: schema ops is written into the build, not yet committed"
    BUILD_READY = "publishing: the build's file is whole and about to be moved"
    FILE_REPLACED = "publishing: readers open the new file, unknown to the ledger"
    PUBLICATION_RECORDED = "publishing: the ledger knows"
    OLD_BUILDS_REMOVED = "publishing: old publications and builds are removed"
    OLD_LINES_REMOVED = "publishing: landed lines that nobody needs are removed, the mark of the proof still stands"

    MESSAGE_CLAIMED = "sending: a message is claimed"
    MESSAGE_POSTED = "sending: it is out, unknown to the ledger"
    MESSAGE_RECORDED = "sending: the ledger knows"

    REPLY_CLAIMED = "replying: the message is out and recorded, a part of its thread is claimed"
    REPLY_POSTED = "replying: the part is out, unknown to the ledger"

    @property
    def kind(self) -> str:
        """Landing, announcing (of a queue), building, holding back (a red gate), publishing, sending or replying."""
        return self.value.partition(":")[0]
