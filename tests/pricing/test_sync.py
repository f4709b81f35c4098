"""`prices sync`: what two libraries say becomes dated entries behind what stands there, and a guess never does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from llmcost.errors import UsageError
from llmcost.pricing import catalogue, difference, locks, offers, sync
from llmcost.pricing.catalogue import load_folder

TODAY, LATER = date(2026, 11, 24), date(2026, 12, 1)
OWN = """schema: 1
provider: own
models:
  # a comment that stays
  - {id: plain, match: {exact: [plain]}, prices: [{per_mtok: {input: "1", output: "2"}, source: {via: hand}}]}  # and this one
  - id: block
    match: {exact: [block, block-latest]}
    prices:
      - from: 2026-01-01
        to: null
        per_mtok: {input: "1", output: "2"}
        source: {via: hand}
"""


def litellm(tmp_path, **models) -> offers.Library:
    path = tmp_path / "model_prices.json"
    path.write_text(json.dumps({k: {"litellm_provider": "own", "mode": "chat", **v} for k, v in models.items()}))
    return offers.libraries(str(path))[0]


def genai(tmp_path, *models, provider: str = "own") -> offers.Library:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"id": provider, "name": "Own", "models": list(models)}]))
    return offers.libraries(str(path))[0]


def entry(library: offers.Library) -> offers.Entry:
    return library.offers[0].entries[-1]


@pytest.fixture
def folder(tmp_path):
    where = tmp_path / "pricing"
    where.mkdir()
    (where / "own.yaml").write_text(OWN)
    return where


def synced(folder, *read, today=TODAY) -> sync.Plan:
    prices = load_folder(folder)
    found = sync.plan(prices, read, locks.read_lock(folder), today)
    sync.write(found, folder, prices, today)
    return found


# Reading the libraries


def test_litellm_prices_per_token_become_prices_per_million(tmp_path) -> None:
    found = entry(litellm(tmp_path, m={"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05}))
    assert found == {"per_mtok": {"input": Decimal(3), "output": Decimal(15)}}


def test_the_noise_of_a_float_is_no_price(tmp_path) -> None:
    found = entry(litellm(tmp_path, m={"input_cost_per_token": 1.8800000000000002e-06}))
    assert found["per_mtok"]["input"] == Decimal("1.88")


def test_a_tier_takes_its_rates_and_keeps_the_others(tmp_path) -> None:
    facts = {
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "input_cost_per_token_above_200k_tokens": 3e-06,
    }
    tier = entry(litellm(tmp_path, m=facts))["tiers"]
    assert tier == [{"over": 200_000, "per_mtok": {"input": Decimal(3), "output": Decimal(2)}}]


def test_a_batch_price_is_taken_where_it_is_published_and_never_guessed(tmp_path) -> None:
    both = {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}
    published = {"input_cost_per_token_batches": 5e-07, "output_cost_per_token_batches": 1e-06}
    assert entry(litellm(tmp_path, m=both | published))["service"] == {"batch": {"multiply": Decimal("0.5")}}
    assert "service" not in entry(litellm(tmp_path, m=both))


def test_the_day_on_which_somebody_verified_a_batch_price_is_not_its_first_day(tmp_path) -> None:
    batch = {
        "when": {"processing": "batch"},
        "prices": {"input_mtok": 0.5, "output_mtok": 1},
        "constraint": {"start_date": "2026-10-14"},
    }
    model = {
        "id": "m",
        "match": {"equals": "m"},
        "prices": {"input_mtok": 1, "output_mtok": 2},
        "price_variants": [batch],
    }
    found = entry(genai(tmp_path, model))
    assert found == {
        "per_mtok": {"input": Decimal(1), "output": Decimal(2)},
        "service": {"batch": {"multiply": Decimal("0.5")}},
    }


def test_a_prefix_of_genai_prices_is_one_name_and_its_snapshots(tmp_path, folder) -> None:
    model = {"id": "fast", "match": {"starts_with": "fast"}, "prices": {"input_mtok": 1, "output_mtok": 2}}
    synced(folder, genai(tmp_path, model))
    book = sync.names.index(load_folder(folder))
    priced = {name for name in ("fast", "fast-20260101", "fast-cyber", "faster") if book.match("own", name).model}
    assert priced == {"fast", "fast-20260101"}


@pytest.mark.parametrize(
    "facts",
    [
        {"input_cost_per_token": 0, "output_cost_per_token": 0},
        {"input_cost_per_token": 0.0025},
        {"max_tokens": 4},
        {"input_cost_per_token": 0, "output_cost_per_token": 1e-06},
    ],
)
def test_a_zero_an_absurd_price_and_none_are_left_out_and_counted(tmp_path, facts) -> None:
    found = litellm(tmp_path, m=facts)
    assert (found.offers, sum(found.left_out.values())) == ((), 1)


@pytest.mark.parametrize("text", ["no json", "[1]", '{"m": 3}', "{}x"])
def test_a_file_that_is_neither_library_is_an_error_with_its_name(tmp_path, text) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(UsageError) as error:
        offers.libraries(str(tmp_path / "odd.json"))
    assert "odd.json" in str(error.value.place)


# Writing


def test_a_new_model_is_appended_and_nothing_that_stood_there_moves(tmp_path, folder) -> None:
    found = synced(folder, litellm(tmp_path, fresh={"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}))
    text = (folder / "own.yaml").read_text()
    assert text.startswith(OWN)
    assert [line.model for line in found.lines if line.state == "new"] == ["fresh", "fresh"]
    assert len(load_folder(folder).models) == 3


def test_without_a_lock_a_difference_is_kept_and_with_one_a_change_is_appended(tmp_path, folder) -> None:
    dearer = {"input_cost_per_token": 5e-06, "output_cost_per_token": 2e-06}
    first = synced(folder, litellm(tmp_path, plain=dearer, block=dearer))
    assert {(line.state, line.old, line.new) for line in first.lines} == {("kept", Decimal(1), Decimal(5))}
    assert (folder / "own.yaml").read_text() == OWN
    assert not synced(folder, litellm(tmp_path, plain=dearer, block=dearer), today=LATER).changed
    dearest = {**dearer, "input_cost_per_token": 6e-06}
    second = synced(folder, litellm(tmp_path, plain=dearest, block=dearest), today=LATER)
    assert {(line.state, line.factor, line.is_large) for line in second.lines} == {("changed", Decimal(6), True)}
    text = (folder / "own.yaml").read_text()
    assert "# a comment that stays" in text
    assert "# and this one" in text
    prices = {m.id: [(p.since, p.sheet.rates["input"]) for p in m.prices] for m in load_folder(folder).models}
    assert prices == {
        "plain": [("always", Decimal(1)), ("2026-12-01", Decimal(6))],
        "block": [("2026-01-01", Decimal(1)), ("2026-12-01", Decimal(6))],
    }
    assert not synced(folder, litellm(tmp_path, plain=dearest, block=dearest), today=LATER).lines


def test_sources_that_disagree_are_told_and_the_entry_says_who_was_believed(tmp_path, folder) -> None:
    theirs = litellm(tmp_path, n={"input_cost_per_token": 3e-06, "output_cost_per_token": 2e-06})
    ours = genai(tmp_path, {"id": "n", "match": {"equals": "n"}, "prices": {"input_mtok": 1, "output_mtok": 2}})
    found = synced(folder, theirs, ours)
    disputed = [(line.old, line.new, line.is_large) for line in found.lines if line.state == "disputed"]
    assert disputed == [(Decimal(3), Decimal(1), True)]
    source = next(m for m in load_folder(folder).models if m.id == "n").prices[0].source
    assert (source["confidence"], source["via"].split()[0]) == ("disputed", "genai-prices")
    assert not synced(folder, theirs, ours).changed


def test_two_syncs_with_new_models_share_the_note_on_their_source(tmp_path, folder) -> None:
    rates = {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}
    synced(folder, litellm(tmp_path, a=rates))
    synced(folder, litellm(tmp_path, a=rates, b=rates))
    text = (folder / "own.yaml").read_text()
    assert (text.count("source: &"), text.count("source: *")) == (1, 1)


def test_a_broken_lock_is_an_error_and_no_lock_is_none(folder) -> None:
    assert locks.read_lock(folder) is None
    (folder / locks.LOCK).write_text("{")
    with pytest.raises(UsageError):
        locks.read_lock(folder)


def test_an_older_library_than_the_one_read_last_is_refused(tmp_path, folder) -> None:
    """1.110.2 is after 1.109.1 and after 1.99.0, though not in the alphabet."""
    read = replace(
        litellm(tmp_path, plain={"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}), version="1.110.2"
    )
    synced(folder, read)
    for version in ("1.109.1", "1.99.0"):
        with pytest.raises(UsageError, match=f"litellm {version} is older than 1.110.2, which was read on"):
            synced(folder, replace(read, version=version))
    for version in ("1.110.2", "1.111.0", "2.0rc1", "file"):
        assert not synced(folder, replace(read, version=version)).changed


# Comparing catalogues, and the parsed form


def test_a_diff_has_a_line_for_every_figure_that_changed_and_none_for_sources(tmp_path, folder) -> None:
    other = tmp_path / "other"
    other.mkdir()
    text = OWN.replace('input: "1", output: "2"}, source: {via: hand}', 'input: "3", output: "2"}, source: {via: page}')
    (other / "own.yaml").write_text(text)
    found = difference.compare(load_folder(folder), load_folder(other))
    assert found == [("own", "plain", "always", "input", Decimal(1), Decimal(3))]
    assert difference.compare(load_folder(folder), load_folder(folder)) == []


def test_the_parsed_form_is_kept_and_a_damaged_or_forbidden_one_does_no_harm(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = catalogue.load()
    (kept,) = (tmp_path / "llmcost").glob("*.pickle")
    assert catalogue.load() == first
    kept.write_bytes(b"damaged")
    assert catalogue.load() == first
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert catalogue.load().digest == first.digest
