"""What a test sees of an erasure: carried out once a run, whichever test asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmops.plugin.recording import Record
from pytest_llmops.report.documents import Documents
from pytest_llmops.security.erasure import Erasure
from pytest_llmops.security.receipts import Erased
from pytest_llmops.security.refusals import Refusals, refusals

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.control.change import Change
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.security.receipts import Receipt


class Erasing:
    """The value of the fixture ``erasure``.

    Args:
        test: that asks.
        change: of the same test.
    """

    def __init__(self, test: ThisTest, change: Change) -> None:
        self._test = test
        self._run = test.run
        self._change = change

    def receipt(self, store: str) -> Receipt:
        """What came of one store.

        Args:
            store: ``api``, ``vectors``, ``cache``, ``logs``, ``traces``, ``feedback`` or ``backups``.

        Raises:
            Unsupported: the target deletes nobody's data; or nobody can look into the store, or it keeps by contract.
            Vacuous: the person was not found there before.
            CallFailed: the erasure could not be carried out.
        """
        return self.seen().receipt(store).required()

    def seen(self) -> Erased:
        """All that came of it, as the system tells it and as it was seen.

        Raises:
            Unsupported: the target deletes nobody's data.
            CallFailed: the erasure could not be carried out.
        """
        run = self._run
        erasure = Erasure(self._change, run.own.reached, run.say)
        return Erased.of_json(run.own.directory.once("erasure", lambda: erasure.carry_out().as_json()))

    def carried_out(self) -> Erased:
        """What `seen` is; a page of it is written, its time recorded, and how many stores kept something.

        Raises:
            Unsupported: the target deletes nobody's data.
            Vacuous: nothing of the person was seen in any store, so nothing was there to be deleted.
            CallFailed: the erasure could not be carried out.
        """
        erased = self.seen()
        run = self._run
        documents = Documents(run.report_folder, run.declared.name, run.redactor, self._test.check.documents.append)
        documents.write("erasure.md", erased.document(run.declared.name))
        record = Record(self._test)
        record("erasure_time", erased.took_s, "s")
        record("erasure_kept", len(erased.kept), "stores", of="; ".join(one.said for one in erased.kept) or "none")
        return erased.proven()

    def refusals(self) -> Refusals:
        """How the route that deletes answers who may not: ``no_key lesser no_body``, an HTTP status each.

        It is asked to delete a user that nobody is.

        Raises:
            Unsupported: the target deletes nobody's data, or is configured without keys.
            CallFailed: no whole answer came.
        """
        own = self._run.own
        return refusals(own.target, lambda: cast("Api", own.serving("api")))
