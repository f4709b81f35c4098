"""FOCUS: every SKU a row of its own, every cost exact, a day's sum that of the ledger, and no complaint of the validators."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from llmcost import config
from llmcost.config import Config
from llmcost.exports.asked import Asked
from llmcost.exports.focus_columns import COLUMNS, VERSIONS
from llmcost.pricing import catalogue, reprice
from llmcost.sources.ingest import ingest
from llmcost.store import Store, open_ledger
from tests.conftest import SAMPLE_LOGS
from tests.exports.test_exports import streamed
from tests.spend.ledgers import PRICES, Row, call, ledger, settings

REFERENCE = os.environ.get("LLMCOST_REFERENCE_DATA")
EXTRA_CHECKS = str(Path(REFERENCE, "focus", "extra_checks.py")) if REFERENCE else ""
COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")


def charges(
    folder: Path, rows: Sequence[Row], yaml: Config | None = None, *, version: str = "1.2", db: Path | None = None
) -> list[Row]:
    with open_ledger(db or ledger(folder, rows), read_only=True) as store:
        return found(store, folder, yaml or Config(), version)


def found(store: Store, folder: Path, yaml: Config, version: str = "1.2") -> list[Row]:
    text = streamed(store, "focus", "csv", yaml, folder / "focus.csv", asked=Asked(focus_version=version))
    return list(csv.DictReader(io.StringIO(text)))


def shown(rows: Sequence[Mapping[str, str]], *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_every_sku_is_a_row_with_its_quantity_price_and_costs(tmp_path: Path) -> None:
    """1,000 in at $1, 500 read from the cache at $0.1, 200 out at $10 a million, two searches at a cent."""
    rows = [call("a", input_tokens=1500, cache_read_tokens=500, output_tokens=200, units={"web_search": "2"})]
    bill = charges(tmp_path, rows)

    assert shown(bill, "SkuMeter", "PricingQuantity", "PricingUnit", "ContractedUnitPrice", *COSTS) == [
        ("Cache Read Tokens", "0.0005", "1000000 Tokens", "0.1", *["0.00005"] * 4),
        ("Input Tokens", "0.001", "1000000 Tokens", "1.0", *["0.001"] * 4),
        ("Output Tokens", "0.0002", "1000000 Tokens", "10.0", *["0.002"] * 4),
        ("Web Searches", "2.0", "Web Searches", "0.01", *["0.02"] * 4),
    ]
    assert shown(bill, "ConsumedQuantity", "ConsumedUnit") == [
        *(("500.0", "Tokens"), ("1000.0", "Tokens"), ("200.0", "Tokens"), ("2.0", "Web Searches")),
    ]
    assert {row["ChargePeriodStart"] + row["ChargePeriodEnd"] for row in bill} == {
        "2026-10-15T00:00:00Z2026-10-16T00:00:00Z"
    }


def test_rows_of_one_day_and_grouping_are_one_charge_and_others_are_not(tmp_path: Path) -> None:
    rows = [call("a", agent="x"), call("b", agent="x"), call("c", agent="y"), call("d", agent="x", model="big")]
    rows += [call("e", agent="x", ts="2026-10-16T00:00:00Z")]

    assert shown(charges(tmp_path, rows), "ChargePeriodStart", "SkuId", "Tags", "BilledCost", "x_RequestCount") == [
        ("2026-10-15T00:00:00Z", "acme/big/fresh_input_tokens", '{"agent":"x"}', "0.1", "1"),
        ("2026-10-15T00:00:00Z", "acme/small/fresh_input_tokens", '{"agent":"x"}', "0.002", "2"),
        ("2026-10-15T00:00:00Z", "acme/small/fresh_input_tokens", '{"agent":"y"}', "0.001", "1"),
        ("2026-10-16T00:00:00Z", "acme/small/fresh_input_tokens", '{"agent":"x"}', "0.001", "1"),
    ]


def test_what_has_no_price_or_no_time_is_no_charge(tmp_path: Path) -> None:
    rows = [call("a", model="own"), call("b", input_tokens=None), call("c", ts=None), call("d", kind="cache_hit")]

    assert charges(tmp_path, rows) == []


FINE = """
schema: 1
provider: acme
currency: USD
models:
  - id: small
    mode: chat
    match: {exact: [small]}
    prices:
      - {from: 2020-01-01, unusual: true, per_mtok: {input: "0.0000015", cache_read: "0.1", output: "9"}, per_unit: {web_search: "0.01"},
         source: {url: "https://acme.example/contract", checked: 2026-10-01}}
"""


def fine(folder: Path, rows: Sequence[Row]) -> Path:
    """A ledger priced by a contract whose rates are finer than a pico-dollar: half a token's worth is rounded."""
    import json

    (folder / "fine.yaml").write_text(FINE)
    (folder / "fine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    book = catalogue.load((folder / "fine.yaml",))
    ingest([str(folder / "fine.jsonl")], folder / "fine.duckdb", config=Config(), catalogue=book)
    return folder / "fine.duckdb"


def test_what_rounding_made_of_each_request_is_a_row_of_its_own(tmp_path: Path) -> None:
    """3 tokens at 1.5 pico-dollars are 4.5: 4 in the ledger, half-even. Twice: 9 charged, 8 in the ledger."""
    bill = charges(tmp_path, [], db=fine(tmp_path, [call("a", input_tokens=3), call("b", input_tokens=3)]))

    assert shown(bill, "ChargeCategory", "BilledCost") == [
        ("Adjustment", "-0.000000000001"),
        ("Usage", "0.000000000009"),
    ]


OUTPUTS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.sampled_from([None, "1", "2.5", "0.000001"])),
    min_size=10,
    max_size=40,
)


@given(calls=OUTPUTS)
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_costs_are_quantity_times_price_and_a_day_is_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, calls: Sequence[tuple[int, int, int, str | None]]
) -> None:
    folder = tmp_path_factory.mktemp("focus")
    rows = [
        call(f"r{n}", input_tokens=i + c, cache_read_tokens=c, output_tokens=o, units={"web_search": u} if u else None)
        for n, (i, c, o, u) in enumerate(calls)
    ]
    db = fine(folder, rows)
    with open_ledger(db, read_only=True) as store:
        bill = found(store, folder, Config())
        (total,) = store.row("SELECT sum(cost) FROM ledger")
    usage = [row for row in bill if row["ChargeCategory"] == "Usage"]
    rounded = [Decimal(row["BilledCost"]) for row in bill if row["ChargeCategory"] == "Adjustment"]

    for row in usage:
        quantity = Decimal(row["PricingQuantity"])
        assert quantity * Decimal(row["ContractedUnitPrice"]) == Decimal(row["ContractedCost"])
        assert quantity * Decimal(row["ListUnitPrice"]) == Decimal(row["ListCost"])
    exact = sum(
        i * Decimal("1.5e-12") + c * Decimal("1e-7") + o * Decimal("9e-6") + Decimal(u or 0) * Decimal("0.01")
        for i, c, o, u in calls
    )
    assert sum(Decimal(row["BilledCost"]) for row in usage) == exact
    assert sum(Decimal(row["EffectiveCost"]) for row in bill) == (total or 0)  # no usage at all: no cost is known
    assert all(abs(one) <= len(calls) * Decimal("5e-13") for one in rounded)


def test_list_costs_are_the_catalogues_and_contracted_ones_the_users(tmp_path: Path) -> None:
    """gpt-4o at $2.50 in and $10 out; the contract says $2 and $9."""
    contract = FINE.replace("acme\n", "openai\n").replace("small", "gpt-4o").replace('"0.0000015"', '"2"')
    (tmp_path / "local.yaml").write_text(contract)
    log = [call("a", provider="openai", model="gpt-4o", output_tokens=100), call("b")]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in log))
    yaml = settings(tmp_path, "prices: {overrides: [local.yaml, acme.yaml]}")
    (tmp_path / "acme.yaml").write_text(PRICES)
    paths = (tmp_path / "local.yaml", tmp_path / "acme.yaml")
    ingest([str(tmp_path / "log.jsonl")], tmp_path / "x.duckdb", config=yaml, catalogue=catalogue.load(paths))
    bill = charges(tmp_path, [], yaml, db=tmp_path / "x.duckdb")

    assert shown(bill, "SkuMeter", "ListUnitPrice", "ListCost", "ContractedUnitPrice", "BilledCost") == [
        ("Input Tokens", "2.5", "0.0025", "2.0", "0.002"),
        ("Output Tokens", "10.0", "0.001", "9.0", "0.0009"),
        ("Input Tokens", "1.0", "0.001", "1.0", "0.001"),  # a model that only the user prices is listed at that price
    ]


def test_a_mark_up_is_billed_and_neither_listed_nor_contracted_and_a_pin_holds_for_all(tmp_path: Path) -> None:
    """`small` at $1 is listed by the user alone; gpt-4o at $2.50, 20% off is $2, 10% on top is $2.20."""
    (tmp_path / "acme.yaml").write_text(
        PRICES + "discounts: [{provider: openai, percent: 20%}]\nmarkup: [{percent: 10%}]\n"
    )
    yaml = settings(tmp_path, "prices: {overrides: [acme.yaml]}")
    log = [call("a", provider="openai", model="gpt-4o"), call("b")]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in log))
    prices = catalogue.load([tmp_path / "acme.yaml"])
    ingest([str(tmp_path / "log.jsonl")], tmp_path / "x.duckdb", config=yaml, catalogue=prices)
    costs = [("0.0022", "0.0022", "0.002", "0.0025"), ("0.0011", "0.0011", "0.001", "0.001")]
    assert shown(charges(tmp_path, [], yaml, db=tmp_path / "x.duckdb"), *COSTS) == costs

    # on the day of the pin gpt-4o had another list price
    with open_ledger(tmp_path / "x.duckdb") as store:
        reprice.pin(store, "2024-06-01")
        reprice.reprice(store, reprice.pinned(store, prices))
    pinned = charges(tmp_path, [], yaml, db=tmp_path / "x.duckdb")
    assert shown(pinned, *COSTS)[0] == ("0.0044", "0.0044", "0.004", "0.005")


def test_a_fixed_cost_is_spread_over_the_days_and_adds_up_to_the_month(tmp_path: Path) -> None:
    """$100 over the 31 days of October: the cents of a thirty-first are not lost."""
    yaml = settings(
        tmp_path, "prices: {costs: [{name: gpu, amount: 100, per: month}, {name: box, amount: 2, per: hour}]}"
    )
    rows = [call("a", ts="2026-10-01T08:00:00Z"), call("b", ts="2026-10-31T08:00:00Z")]
    bill = charges(tmp_path, rows, yaml)
    fixed: dict[str, list[Decimal]] = defaultdict(list)
    for row in bill:
        fixed[row["ChargeDescription"]].append(Decimal(row["EffectiveCost"]))

    assert (len(fixed["gpu"]), sum(fixed["gpu"])) == (31, Decimal(100))
    assert max(fixed["gpu"]) - min(fixed["gpu"]) <= Decimal("1e-12")
    assert fixed["box"] == [Decimal(48)] * 31


def test_prepaid_money_pays_until_it_is_used_up(tmp_path: Path) -> None:
    """Three days of $0.10; $0.25 were paid in advance."""
    yaml = settings(tmp_path, "prices: {commitments: [{provider: acme, amount: 0.25, until: 2027-01-31}]}")
    rows = [call(f"r{day}", ts=f"2026-10-0{day}T08:00:00Z", model="big") for day in (1, 2, 3)]
    bill = charges(tmp_path, rows, yaml)
    credit = [row for row in bill if row["ChargeCategory"] == "Credit"]

    assert shown(credit, "ChargePeriodStart", "BilledCost", "EffectiveCost") == [
        ("2026-10-01T00:00:00Z", "-0.1", "0.0"),
        ("2026-10-02T00:00:00Z", "-0.1", "0.0"),
        ("2026-10-03T00:00:00Z", "-0.05", "0.0"),
    ]
    assert sum(Decimal(row["EffectiveCost"]) for row in bill) == Decimal("0.3")
    assert sum(Decimal(row["BilledCost"]) for row in bill) == Decimal("0.05")


def test_the_names_of_a_version_come_from_one_table(tmp_path: Path) -> None:
    bills = {version: charges(tmp_path, [call("a")], version=version)[0] for version in VERSIONS}

    assert set(bills["1.2"]) - set(bills["1.4"]) == {"ProviderName", "PublisherName"}
    assert set(bills["1.4"]) - set(bills["1.2"]) == {"HostProviderName", "ServiceProviderName"}
    for version, row in bills.items():
        names = list(row)
        assert names == sorted(names, key=lambda name: (name.startswith("x_"), names.index(name)))
        assert set(names) == {one.names[version] for one in COLUMNS if version in one.names}


@pytest.mark.skipif(not REFERENCE, reason="LLMCOST_REFERENCE_DATA holds no extra_checks.py")
@pytest.mark.parametrize("version", VERSIONS)
def test_the_strict_checks_find_nothing(sample_ledger: Path, tmp_path: Path, version: str) -> None:
    yaml = config.load(SAMPLE_LOGS / "llmcost.yaml")
    bill = charges(tmp_path, [], yaml, version=version, db=sample_ledger)
    with open_ledger(sample_ledger, read_only=True) as store:
        total = store.value("SELECT sum(cost) FROM ledger WHERE ts IS NOT NULL")
    command = [sys.executable, EXTRA_CHECKS, str(tmp_path / "focus.csv"), "--spec", version, "--total", str(total)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert len(bill) > 1000


VALIDATOR = os.environ.get("LLMCOST_FOCUS_VALIDATOR")
"""The focus-validator command of an environment of its own (it needs Python 3.12 and old packages)."""


@pytest.mark.skipif(not (VALIDATOR and REFERENCE), reason="LLMCOST_FOCUS_VALIDATOR names no focus-validator")
def test_the_official_validator_finds_what_it_finds_in_any_file(sample_ledger: Path, tmp_path: Path) -> None:
    """InvoiceId-C-004 and -005 contradict each other: one fails whatever a file says. Its exit code says nothing."""
    charges(tmp_path, [], config.load(SAMPLE_LOGS / "llmcost.yaml"), db=sample_ledger)
    tool = Path(VALIDATOR or "")
    (inside,) = tool.parent.parent.glob("lib/python*/site-packages")
    criteria = Path(REFERENCE or "", "focus", "APPLICABILITY.txt").read_text().strip()
    command = [str(tool), "--data-file", str(tmp_path / "focus.csv"), "--validate-version", "1.2", "--block-download"]
    done = subprocess.run(
        [*command, "--applicability-criteria", criteria], cwd=inside, capture_output=True, text=True, check=False
    )
    failed = sorted({line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("❌")})

    assert failed == ["InvoiceId-C-005-C"], done.stdout[-2000:] + done.stderr[-2000:]
    assert "Total: 578" in done.stdout
