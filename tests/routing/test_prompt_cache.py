"""Prompt caching replayed: hand-worked traffic, and any traffic against the definition spelt out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.routing.prompt_cache import lifetime_answer
from tests.routing.cached import SECOND, Outcome, Prompt, longest_common_prefix, replayed, slowly

FEW = settings(max_examples=25, deadline=None)


def at(second: int, *blocks: int, tokens: int = 0, **more: object) -> Prompt:
    return Prompt(second * SECOND, blocks, tokens or 512 * len(blocks), **more)  # type: ignore[arg-type]


def blocks_hit(prompts: list[Prompt], ttl_s: int | None, **how: bool) -> list[int]:
    return [one.hit_blocks for one in replayed(prompts, ttl_s, **how)[0]]


def test_a_hit_is_the_longest_alive_prefix_and_lives_exactly_its_lifetime() -> None:
    prompts = [at(0, 1, 2, 3), at(300, 1, 2, 9), at(600, 1, 2, 3), at(901, 1)]
    # 300 s later is alive, 301 s later is not; block 3 was last touched 600 s before
    assert blocks_hit(prompts, 300) == [0, 2, 2, 0]


def test_a_miss_refreshes_what_lies_behind_it_too() -> None:
    assert blocks_hit([at(0, 7, 8), at(400, 7, 8), at(700, 7, 8)], 300) == [0, 0, 2]


def test_scopes_and_models_share_nothing() -> None:
    prompts = [
        at(0, 1),
        at(1, 1, scope="other"),
        at(2, 1, model="n"),
        at(3, 1),
        at(4, 1, scope=None),
        at(5, 1, scope=None),
    ]
    assert blocks_hit(prompts, 300) == [0, 0, 0, 1, 0, 1]


def test_rows_of_one_instant_see_the_earlier_ones_unless_strict() -> None:
    prompts = [at(0, 1), at(0, 1), at(1, 1)]
    assert blocks_hit(prompts, 300) == [0, 1, 1]
    assert blocks_hit(prompts, 300, strict=True) == [0, 0, 1]


def test_a_block_twice_in_one_prompt_does_not_hit_itself() -> None:
    assert blocks_hit([at(0, 5, 5), at(1, 5, 5)], 300) == [0, 2]


def test_the_last_block_is_as_long_as_the_prompt() -> None:
    found, _ = replayed([at(0, 1, 2, tokens=600), at(1, 1, 2, tokens=600)], 300)
    assert [one.hit_tokens for one in found] == [0, 600]  # not 2 x 512


def test_openai_reads_from_1024_in_steps_of_128_and_writes_for_nothing() -> None:
    prompts = [at(0, 1, 2, 3, tokens=1300), at(1, 1, 2, 3, tokens=1300), at(2, 1, tokens=512), at(3, 1, 2, tokens=1023)]
    found, hits = replayed(prompts, 300, min_tokens=1024, step_tokens=128)
    assert [one.read for one in found] == [0, 1280, 0, 0]  # 1300 = 10 x 128 + 20
    assert [one.fresh for one in found] == [1300, 20, 512, 1023]
    assert hits.written_tokens == 0
    assert (hits.requests_hit, hits.read_requests) == (3, 1)


def test_anthropic_bills_what_it_reads_and_writes_the_rest_into_the_column_of_its_lifetime() -> None:
    prompts = [at(0, 1, 2, tokens=1024), at(1, 1, 2, 3, tokens=1500), at(2, 1, tokens=512)]
    found, _ = replayed(prompts, 300, min_tokens=1024, write_column="cache_write_5m_tokens")
    assert found == [
        Outcome("blocks", 0, 0, fresh=0, read=0, written_5m=1024, written_1h=0, written_other=0),
        Outcome("blocks", 2, 1024, fresh=0, read=1024, written_5m=476, written_1h=0, written_other=0),
        Outcome("blocks", 1, 512, fresh=512, read=0, written_5m=0, written_1h=0, written_other=0),
    ]
    hour, _ = replayed(prompts, 3600, min_tokens=1024, write_column="cache_write_1h_tokens")
    assert [one.written_1h for one in hour] == [1024, 476, 0]


def test_without_blocks_the_turn_before_is_the_prefix_and_the_table_says_upper_bound() -> None:
    def turn(second: int | None, tokens: int, session: str | None = "s") -> Prompt:
        ts_us = None if second is None else second * SECOND
        return Prompt(ts_us, None, tokens, output_tokens=100, session=session)

    prompts = [turn(0, 1000), turn(10, 1500), turn(20, 900), turn(321, 2000), turn(330, 50, None), turn(None, 70)]
    found, hits = replayed(prompts, 300)
    # 1000 + 100; then no more than the prompt has; then 301 s of silence
    assert [one.hit_tokens for one in found] == [0, 1100, 900, 0, 0, 0]
    assert [one.basis for one in found] == ["turns"] * 4 + ["none"] * 2
    assert hits.notes() == [
        "4 requests have no prefix blocks: the turn before counts as their prefix, an upper bound",
        "2 requests meet no cache: no prefix blocks, conversation or time",
    ]


def test_a_request_that_cannot_be_simulated_keeps_its_tokens_fresh() -> None:
    found, _ = replayed([Prompt(0, None, 5000)], 300, min_tokens=1024, write_column="cache_write_5m_tokens")
    assert found == [Outcome("none", 0, 0, fresh=5000, read=0, written_5m=0, written_1h=0, written_other=0)]


def test_nothing_to_replay() -> None:
    found, hits = replayed([], 300)
    assert (found, hits.requests, hits.read_tokens) == ([], 0, 0)


prompts_of_any_kind = st.lists(
    st.builds(
        lambda second, blocks, scope, model: at(second, *blocks, scope=scope, model=model),
        st.integers(0, 40),
        st.lists(st.integers(0, 4), max_size=4),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["m", "n"]),
    ),
    max_size=25,
)


@FEW
@given(prompts_of_any_kind, st.sampled_from([None, 0, 1, 5, 20]), st.booleans())
def test_any_traffic_is_replayed_as_the_definition_says(prompts: list[Prompt], ttl_s: int | None, strict: bool) -> None:
    assert blocks_hit(prompts, ttl_s, strict=strict) == slowly(prompts, ttl_s, strict=strict)


def as_prefixes(prompts: list[Prompt]) -> list[Prompt]:
    """Ids that stand for the whole prefix, as logs carry them, in order of time."""
    ids: dict[tuple[int, ...], int] = {}
    chained = []
    for p in sorted(prompts, key=lambda p: p.ts_us or 0):
        prefixes = [(p.blocks or ())[: n + 1] for n in range(len(p.blocks or ()))]
        chained.append(
            at((p.ts_us or 0) // SECOND, *(ids.setdefault(x, len(ids)) for x in prefixes), scope=p.scope, model=p.model)
        )
    return chained


@FEW
@given(prompts_of_any_kind, st.sampled_from([0, 1, 5, 20]))
def test_ids_of_prefixes_hit_the_longest_common_prefix(prompts: list[Prompt], ttl_s: int) -> None:
    chained = as_prefixes(prompts)
    assert blocks_hit(chained, ttl_s) == longest_common_prefix(chained, ttl_s)


@FEW
@given(prompts_of_any_kind, st.integers(0, 20), st.integers(0, 20))
def test_a_longer_lifetime_never_lowers_a_hit_and_tokens_add_up(prompts: list[Prompt], ttl_s: int, more_s: int) -> None:
    shorter, _ = replayed(prompts, ttl_s, min_tokens=1024, step_tokens=128, write_column="cache_write_5m_tokens")
    longer, _ = replayed(
        prompts, ttl_s + more_s, min_tokens=1024, step_tokens=128, write_column="cache_write_5m_tokens"
    )
    for prompt, short, long in zip(prompts, shorter, longer, strict=True):
        assert short.hit_blocks <= long.hit_blocks
        assert short.read <= long.read
        assert short.fresh + short.read + short.written_5m == prompt.input_tokens
        assert min(short.fresh, short.read, short.written_5m) >= 0


def test_another_lifetime_in_one_sentence() -> None:
    assert lifetime_answer("1-hour", Decimal(100), Decimal(129)) == (
        "1-hour TTL would cost 29 % more on this traffic ($129.00 against $100.00)"
    )
    assert lifetime_answer("1-hour", Decimal(100), Decimal(80)) == (
        "1-hour TTL would cost 20 % less on this traffic ($80.00 against $100.00)"
    )
    assert lifetime_answer("1-hour", Decimal(100), Decimal(100)) == "1-hour TTL would cost the same on this traffic"
    assert lifetime_answer("1-hour", Decimal(100), Decimal("100.1")) == (
        "1-hour TTL would cost less than 1 % more on this traffic ($100.10 against $100.00)"
    )
    assert lifetime_answer("1-hour", Decimal(0), Decimal(1)) is None
    assert lifetime_answer("1-hour", None, Decimal(1)) is None
