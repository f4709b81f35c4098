"""What a run has to do in a folder of days: which are new or changed and why, their drafts, and what goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmcost.config import Config
from llmcost.errors import UsageError
from llmcost.exports import corrections, drafts
from llmcost.exports.asked import Asked, day_us
from llmcost.exports.datasets import Dataset, DayFound, runs
from llmcost.exports.drafts import Draft
from llmcost.exports.manifest import Entry, Manifest
from llmcost.exports.states import money, state_of, why
from llmcost.figures import instant_text
from llmcost.store import Store
from llmcost.windows import DAY_US, Window

UNDATED = "undated"


@dataclass
class Run:
    """One export into one folder. `found` are the days of the ledger in the window, `digest` that of the settings.

    `plan` fills `drafts` (with the entries of their files), `gone` (paths) and `restated` (what changed, and why).
    """

    store: Store
    config: Config
    dataset: Dataset
    form: str
    asked: Asked
    window: Window
    book: Manifest
    found: Mapping[str | None, DayFound]
    digest: str
    at: datetime
    drafts: list[tuple[Draft, Entry]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    restated: list[Mapping[str, Any]] = field(default_factory=list)
    parts: Mapping[str | None, Entry] = field(default_factory=dict)
    """The file of each day, as the manifest has it."""

    def plan(self) -> None:
        """Drafts of all that changed; nothing that lies in the folder is touched. UsageError when a place is taken."""
        self.parts = self.book.parts()
        reasons = {day: self._reason(day) for day in self.found}
        changed = [day for day, reason in reasons.items() if reason]
        gone = [day for day in self.parts if day not in self.found and self._covers(day)]
        late = [day for day in self.book.corrected if day not in self.parts and day not in self.found]
        self._refuse_strangers([day for day in changed if not self.book.is_closed(day)])
        for day in gone:
            if not self.book.is_closed(day):
                self._remove(day)
        self._write([day for day in changed if not self.book.is_closed(day)], reasons)
        closed = [day for day in changed if day is not None and self.book.is_closed(day)]
        lost = [day for day in (*gone, *late) if day and self.book.is_closed(day) and self._covers(day)]
        if closed or lost:
            self._correct(closed, [day for day in lost if self.book.state(day).get("rows")])

    def _refuse_strangers(self, days: Sequence[str | None]) -> None:
        for path in map(self.name, days):
            if (self.book.base / path).exists() and path not in self.book.entries:
                what = "is a file that llmcost did not write"
                place = str(self.book.base / path)
                raise UsageError(what, place=place, hint="move it away, or choose another --to")

    def _write(self, days: Sequence[str | None], reasons: Mapping[str | None, str | None]) -> None:
        for day, draft, entry in self._drafted(days):
            self.drafts.append((draft, entry))  # from here on it is removed whatever happens
            was = self.parts.get(day)
            if was is None:
                continue
            is_other = was["sha256"] != entry["sha256"]
            entry["revision"] = was["revision"] + is_other
            if is_other:
                self._restate(day, was["sum_cost"], entry["sum_cost"], reasons[day], entry["revision"])

    def _remove(self, day: str | None) -> None:
        was = self.parts[day]
        self.gone.append(was["path"])
        self._restate(day, was["sum_cost"], None, "dedupe", was["revision"] + 1)

    def _restate(self, day: str | None, old: str | None, new: str | None, reason: str | None, revision: int) -> None:
        self.restated.append({"dt": day, "old_sum": old, "new_sum": new, "reason": reason, "revision": revision})

    def _correct(self, changed: Sequence[str], lost: Sequence[str]) -> None:
        """Closed days are drafted like others, for what differs from their files; then the drafts go."""
        now: dict[str, Draft | None] = dict.fromkeys(lost)
        try:
            for day, draft, _ in self._drafted(changed):
                now[str(day)] = draft
            corrections.book(self, now)
        finally:
            for made in now.values():
                if made:
                    made.path.unlink(missing_ok=True)

    def _drafted(self, days: Sequence[str | None]) -> list[tuple[str | None, Draft, Entry]]:
        made: list[tuple[str | None, Draft, Entry]] = []
        try:
            for run in runs(days, whole=self.dataset.whole):
                rows = self.dataset.gather(self.store, self.config, self.asked, run)
                sums = drafts.sums(self.store, self.dataset, rows)
                for day in run:
                    final = self.book.base / self.name(day)
                    draft = drafts.draft(self.store, self.dataset, self.form, self.asked, rows, day, final)
                    made.append((day, draft, self._entry(day, draft, *sums.get(day, (0, None)))))
        except BaseException:
            for _, draft, _ in made:
                draft.path.unlink(missing_ok=True)
            raise
        return made

    def _entry(self, day: str | None, draft: Draft, rows: object, cost: object) -> Entry:
        state = self.found[day]
        return {
            "path": self.name(day),
            "dt": day,
            "rows": rows,
            "bytes": draft.bytes,
            "sha256": draft.sha256,
            "sum_cost": money(cost),
            "min_ts": instant_text(state.min_us),
            "max_ts": instant_text(state.max_us),
            "status": "open",
            "revision": 1,
            "ledger": state_of(state),
            "settings": self.digest,
        }

    def _reason(self, day: str | None) -> str | None:
        """Why a day must be written (again); None when its file is what it would be."""
        was, now = self.parts.get(day), state_of(self.found[day])
        if self.book.is_closed(day):
            then = self.book.state(day)
            return None if then == now else why(then, now)
        if was is None:
            return "new"
        if was["settings"] != self.digest:
            return "reopened" if was["settings"] == "reopened" else "settings"
        if was["ledger"] != now:
            return why(was["ledger"], now)
        path = self.book.base / was["path"]
        return None if path.is_file() and path.stat().st_size == was["bytes"] else "file"

    def name(self, day: str | None) -> str:
        """The path of a day's file in the folder."""
        month = f"billing_period={day[:7]}/" if self.dataset.by_month and day else ""
        return f"{month}dt={day or UNDATED}/part-00000.{self.form}"

    def _covers(self, day: str | None) -> bool:
        """Whether the window of whole days holds this day; rows without time are in no window but the open one."""
        if day is None:
            return self.window == Window()
        at_us, since_us, until_us = day_us(day), self.window.since_us, self.window.until_us
        return (since_us is None or since_us <= at_us) and (until_us is None or at_us + DAY_US <= until_us)
