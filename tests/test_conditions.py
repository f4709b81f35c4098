"""The condition language: what it accepts, what it refuses and how, and that SQL and Python answer alike."""

from __future__ import annotations

import time
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.conditions import (
    DIMENSIONS,
    FIELDS,
    And,
    Comparison,
    Condition,
    In,
    IsNull,
    Like,
    Not,
    Or,
    compile_sql,
    fields_of,
    matches,
    parse,
)
from llmcost.errors import UsageError

A, B, C = (Comparison("agent", "=", word) for word in "abc")


def read(text: str) -> Condition:
    return parse(text, fields=FIELDS)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("agent = 'a'", A),
        ('agent = "a"', A),
        ("agent='a'", A),
        ("  agent\n=\t'a' ", A),
        ("((agent = 'a'))", A),
        ("agent == 'a'", A),
        ("agent != 'a'", Comparison("agent", "!=", "a")),
        ("agent <> 'a'", Comparison("agent", "!=", "a")),
        ("day >= '2026-11-01'", Comparison("day", ">=", "2026-11-01")),
        ("agent = 'it''s'", Comparison("agent", "=", "it's")),
        ('agent = "it\'s"', Comparison("agent", "=", "it's")),
        ('agent = "say ""hi"""', Comparison("agent", "=", 'say "hi"')),
        ("agent = ''", Comparison("agent", "=", "")),
        ("agent = 'NULL'", Comparison("agent", "=", "NULL")),
        ("agent = '-- x; drop table'", Comparison("agent", "=", "-- x; drop table")),
        ("agent = true", Comparison("agent", "=", "true")),
        ("tag:beta != FALSE", Comparison("tag:beta", "!=", "false")),
        ("cost > 0.5", Comparison("cost", ">", Decimal("0.5"))),
        ("cost>-.5", Comparison("cost", ">", Decimal("-0.5"))),
        ("cost < +1e3", Comparison("cost", "<", Decimal(1000))),
        ("output_tokens >= 1000.", Comparison("output_tokens", ">=", Decimal(1000))),
        ("input_tokens = 7", Comparison("input_tokens", "=", Decimal(7))),
        ("ts_us >= 1790000000000000", Comparison("ts_us", ">=", Decimal(1790000000000000))),
        ("agent in ('a', \"b\")", In("agent", ("a", "b"))),
        ("agent NOT IN ('a')", Not(In("agent", ("a",)))),
        ("cost in (1, 2.50)", In("cost", (Decimal(1), Decimal("2.5")))),
        ("model like 'gpt-5%'", Like("model", "gpt-5%")),
        ("model Not Like 'own/_'", Not(Like("model", "own/_"))),
        ("plan is null", IsNull("plan")),
        ("plan IS NOT NULL", Not(IsNull("plan"))),
        ("cost is null", IsNull("cost")),
        ("tag:env = 'ci'", Comparison("tag:env", "=", "ci")),
        ("tag:app.kubernetes.io/part-of='x'", Comparison("tag:app.kubernetes.io/part-of", "=", "x")),
        ('tag:"my key" is null', IsNull("tag:my key")),
        ("tag:'it''s' is null", IsNull("tag:it's")),
        ("score:helpful >= 0.8", Comparison("score:helpful", ">=", Decimal("0.8"))),
        ("agent = 'a' and agent = 'b' or agent = 'c'", Or((And((A, B)), C))),
        ("agent = 'a' or agent = 'b' and agent = 'c'", Or((A, And((B, C))))),
        ("(agent = 'a' or agent = 'b') and agent = 'c'", And((Or((A, B)), C))),
        ("not agent = 'a' and agent = 'b'", And((Not(A), B))),
        ("not (agent = 'a' and agent = 'b')", Not(And((A, B)))),
        ("NOT not agent = 'a'", Not(Not(A))),
        ("agent = 'a' AND agent = 'b' aNd agent = 'c'", And((A, B, C))),
    ],
)
def test_a_condition_reads_as_the_tree_it_says(text: str, tree: Condition) -> None:
    assert read(text) == tree


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "expected a field, got the end at column 1 of: ", None),
        ("agent", "expected a comparison after 'agent', got the end at column 6 of: agent", "write agent = VALUE, agent in (VALUE, ...) or agent is null"),
        ("agent =", "expected a value, got the end at column 8 of: agent =", None),
        ("agent = 'a", "the text that starts here has no closing quote at column 9 of: agent = 'a", "text stands in quotes: 'like this'"),
        ("agent ~ 'a'", "unexpected '~' at column 7 of: agent ~ 'a'", "text stands in quotes: 'like this'"),
        ("cost = 5x", "unexpected '5' at column 8 of: cost = 5x", "text stands in quotes: 'like this'"),
        ("agent = 'a' agent = 'b'", "expected 'and', 'or' or the end, got 'agent' at column 13 of: agent = 'a' agent = 'b'", None),
        ("agent = 'a';", "unexpected ';' at column 12 of: agent = 'a';", "text stands in quotes: 'like this'"),
        ("agent = 'a' and", "expected a field, got the end at column 16 of: agent = 'a' and", None),
        ("(agent = 'a'", "expected ')', got the end at column 13 of: (agent = 'a'", None),
        ("agent = 'a')", "expected 'and', 'or' or the end, got ')' at column 12 of: agent = 'a')", None),
        ("agent in 'a'", "expected '(', got ''a'' at column 10 of: agent in 'a'", None),
        ("agent in ()", "expected a value, got ')' at column 11 of: agent in ()", None),
        ("agent in ('a' 'b')", "expected ')', got ''b'' at column 15 of: agent in ('a' 'b')", None),
        ("agent not = 'a'", "expected 'in' or 'like' after 'not', got '=' at column 11 of: agent not = 'a'", None),
        ("agent is 'a'", "expected 'null', got ''a'' at column 10 of: agent is 'a'", None),
        ("'a' = agent", "expected a field, got ''a'' at column 1 of: 'a' = agent", "the field stands on the left: cost > 0.5"),
        ("and = 'a'", "expected a field, got 'and' at column 1 of: and = 'a'", None),
        ("agent = prod", "expected a value, got 'prod' at column 9 of: agent = prod", "quote text: 'prod'"),
        ("agent = null", "nothing equals null at column 9 of: agent = null", "write agent is null, or agent is not null"),
        ("agent in ('a', NULL)", "nothing equals null at column 16 of: agent in ('a', NULL)", "write agent is null, or agent is not null"),
        ("agnet = 'a'", "unknown field 'agnet' at column 1 of: agnet = 'a'", "did you mean 'agent'?"),
        ("Agent = 'a'", "unknown field 'Agent' at column 1 of: Agent = 'a'", "did you mean 'agent'?"),
        ("Tag:env = 'a'", "unexpected ':' at column 4 of: Tag:env = 'a'", "text stands in quotes: 'like this'"),
        ("agent = 5", "'agent' is text, got the number 5 at column 9 of: agent = 5", "quote it: '5'"),
        ("tag:v in (1)", "'tag:v' is text, got the number 1 at column 11 of: tag:v in (1)", "quote it: '1'"),
        ("agent like 5", "'agent' is text, got the number 5 at column 12 of: agent like 5", "quote it: '5'"),
        ("cost > 'a'", "'cost' is a number, got the text 'a' at column 8 of: cost > 'a'", "write cost > 0.5"),
        ("score:x = true", "'score:x' is a number, got the text true at column 11 of: score:x = true", "write score:x > 0.5"),
        ("cost like '1%'", "'like' is for text and 'cost' is a number at column 6 of: cost like '1%'", "use = != < <= > >= or in"),
        ("cost = 1e18", "a number has at most 18 digits before the point and 12 after it, got 1e18 at column 8 of: cost = 1e18", None),
        ("cost = 1e-13", "a number has at most 18 digits before the point and 12 after it, got 1e-13 at column 8 of: cost = 1e-13", None),
        ("agent = '\ud800'", "broken UTF-8 at column 10 of: agent = ' '", None),
        ("agent\n= \x1b", "unexpected '\x1b' at column 9 of: agent =", "text stands in quotes: 'like this'"),
        ("(" * 51, "the condition is nested more than 50 deep at column 51 of: " + "(" * 51, None),
        ("not " * 100_000, "the condition has 400000 characters, more than 10000", None),
    ],
)  # fmt: skip
def test_a_bad_condition_is_refused_in_one_sentence(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, fields=FIELDS, place="--where")
    assert str(caught.value) == f"--where: {message}"
    assert caught.value.hint == hint


def test_an_unknown_field_with_nothing_near_says_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        parse("zzz = 'a'", fields={"plan": "text", "cost": "number"})
    assert caught.value.hint == "fields are plan, tag:KEY, score:KEY and the numeric columns"
    assert caught.value.place is None


def test_a_long_condition_is_shown_around_its_error() -> None:
    with pytest.raises(UsageError, match=r"at column 1501 of: …agent = 'a' and .*$") as caught:
        read("agent = 'a' and " * 93 + "agent = 'a' ~ agent")
    assert len(caught.value.message) < 200


def test_tags_and_scores_can_be_disallowed() -> None:
    with pytest.raises(UsageError, match="unknown field 'tag:env'"):
        parse("tag:env = 'ci'", fields=FIELDS, prefixes={})


def test_fields_of_a_foreign_log_may_have_any_name_and_are_text() -> None:
    text = "properties.$ai_model = 'm' and @type = 'x' and x-team is null and größe = '1'"
    assert fields_of(parse(text, fields={}, unknown="text")) == {"properties.$ai_model", "@type", "x-team", "größe"}
    with pytest.raises(UsageError, match="'size' is text"):
        parse("size > 5", fields={}, unknown="text")


def test_the_fields_of_the_ledger_are_the_dimensions_and_the_numeric_columns() -> None:
    assert {FIELDS[name] for name in DIMENSIONS} == {"text"}
    assert FIELDS["cost"] == FIELDS["source_cost"] == FIELDS["output_tokens"] == FIELDS["latency_ms"] == "number"
    assert {"tags", "ts", "units", "prompt_hash"}.isdisjoint(FIELDS)


def test_fields_of_a_condition_are_collected_from_every_branch() -> None:
    text = "not (agent = 'a' or cost > 1) and plan in ('x') and model like 'm' and tag:k is null"
    assert fields_of(read(text)) == {"agent", "cost", "plan", "model", "tag:k"}


@pytest.mark.parametrize(
    ("text", "row", "answer"),
    [
        ("agent = 'a'", {"agent": "a"}, True),
        ("agent = 'A'", {"agent": "a"}, False),
        ("agent = 'a'", {"agent": None}, None),
        ("agent = 'a'", {}, None),
        ("agent != 'a'", {}, None),
        ("not agent = 'a'", {}, None),
        ("agent is null", {}, True),
        ("agent is not null", {}, False),
        ("agent in ('b', 'a')", {"agent": "a"}, True),
        ("agent not in ('b')", {}, None),
        ("cost = 0.10", {"cost": Decimal("0.1")}, True),
        ("requests > 1", {"requests": 2}, True),
        ("agent = 'a' and plan = 'p'", {"agent": "b"}, False),
        ("agent = 'a' and plan = 'p'", {"agent": "a"}, None),
        ("agent = 'a' or plan = 'p'", {"agent": "a"}, True),
        ("agent = 'a' or plan = 'p'", {"agent": "b"}, None),
        ("model like 'gpt%'", {"model": "gpt-5"}, True),
        ("model like 'GPT%'", {"model": "gpt-5"}, False),
        ("model like 'gpt'", {"model": "gpt-5"}, False),
        ("model like '%5'", {"model": "gpt-5"}, True),
        ("model like 'gpt_5'", {"model": "gpt-5"}, True),
        ("model like 'gpt_5'", {"model": "gpt5"}, False),
        ("model like '%a%'", {"model": "x\na"}, True),
        ("model like '.*'", {"model": "gpt"}, False),
        ("model like ''", {"model": "x"}, False),
        ("model like '%'", {}, None),
    ],
)
def test_a_row_matches_when_the_answer_is_true(text: str, row: dict[str, object], answer: bool | None) -> None:
    assert matches(read(text), row) is answer


def test_like_stays_fast_on_a_pattern_made_to_be_slow() -> None:
    started = time.perf_counter()
    assert matches(Like("model", "%a" * 30 + "b"), {"model": "a" * 5000}) is False
    assert time.perf_counter() - started < 1


def test_literals_are_bound_and_never_written_into_the_sql() -> None:
    params: dict[str, object] = {"since": 1, "c2": "taken"}
    hostile = "' or 1=1 --"
    sql = compile_sql(And((Comparison("agent", "=", hostile), In("cost", (Decimal(1), Decimal(2))))), column='"{}"'.format, params=params)  # fmt: skip
    assert sql == '((("agent") = $c3) AND (("cost") IN ($c4, $c5)))'
    assert params == {"since": 1, "c2": "taken", "c3": hostile, "c4": Decimal(1), "c5": Decimal(2)}


def test_the_longest_condition_still_runs_in_duckdb() -> None:
    text = " or ".join(["cost=1"] * 1000)
    params: dict[str, object] = {}
    sql = compile_sql(read(text), column=lambda _: "2::DECIMAL(18,12)", params=params)
    assert DUCKDB.execute(f"SELECT {sql}", params).fetchone() == (False,)


DUCKDB = duckdb.connect()
TYPES = {
    "agent": "VARCHAR",
    "plan": "VARCHAR",
    "tag:my key": "VARCHAR",
    "output_tokens": "BIGINT",
    "cost": "DECIMAL(18,12)",
    "source_cost": "DECIMAL(38,24)",
    "score:x": "DECIMAL(18,6)",
}
TEXT_FIELDS = [name for name, type_ in TYPES.items() if type_ == "VARCHAR"]
NUMBER_FIELDS = [name for name in TYPES if name not in TEXT_FIELDS]
OPERATORS = ["=", "!=", "<", "<=", ">", ">="]
SPECIAL = [
    "a",
    "A",
    "ab",
    "a%",
    "%",
    "_",
    "\\",
    "a\\%",
    "'",
    '"',
    "''",
    "\n",
    "\x00",
    "é",
    "e\u0301",
    "😀",
    "ß",
    "",
    ".",
]

texts = st.lists(st.sampled_from(SPECIAL), max_size=4).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=6
)
decimals = st.decimals(-5, 5, places=2) | st.sampled_from(
    [
        Decimal(text)
        for text in ("0", "0.000000000001", "1", "-1", "1" + "0" * 14, "9" * 18, "-" + "9" * 18 + "." + "9" * 12)
    ]
)
cells = {
    "VARCHAR": texts,
    "BIGINT": st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63), 10**14]),
    "DECIMAL(18,12)": st.decimals(-5, 5, places=2) | st.just(Decimal("-999999.999999999999")),
    "DECIMAL(38,24)": st.decimals(-5, 5, places=2) | st.just(Decimal("99999999999999." + "0" * 23 + "1")),
    "DECIMAL(18,6)": st.decimals(-5, 5, places=2) | st.just(Decimal("999999999999.999999")),
}
rows = st.fixed_dictionaries({name: st.none() | cells[type_] for name, type_ in TYPES.items()})
leaves = st.one_of(
    st.builds(Comparison, st.sampled_from(TEXT_FIELDS), st.sampled_from(OPERATORS), texts),
    st.builds(Comparison, st.sampled_from(NUMBER_FIELDS), st.sampled_from(OPERATORS), decimals),
    st.builds(In, st.sampled_from(TEXT_FIELDS), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(In, st.sampled_from(NUMBER_FIELDS), st.lists(decimals, min_size=1, max_size=3).map(tuple)),
    st.builds(Like, st.sampled_from(TEXT_FIELDS), texts),
    st.builds(IsNull, st.sampled_from([*TYPES])),
)


def grow(children: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(children, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, children) | st.builds(And, several) | st.builds(Or, several)


trees = st.recursive(leaves, grow, max_leaves=8)


@settings(deadline=None, max_examples=200)
@given(trees, rows)
def test_duckdb_and_python_give_the_same_answer(tree: Condition, row: dict[str, object]) -> None:
    params: dict[str, object] = {f"cell{at}": cell for at, cell in enumerate(row.values())}
    columns = ", ".join(f'$cell{at}::{TYPES[name]} AS "{name}"' for at, name in enumerate(row))
    sql = compile_sql(tree, column='"{}"'.format, params=params)
    assert DUCKDB.execute(f"SELECT {sql} FROM (SELECT {columns})", params).fetchone() == (matches(tree, row),)


def written(c: Condition) -> str:
    """A condition as text, every part in parentheses."""

    def literal(value: object) -> str:
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else f"{value:f}"

    def name(field: str) -> str:
        return 'tag:"my key"' if field == "tag:my key" else field

    match c:
        case Comparison(field, op, value):
            return f"{name(field)} {op} {literal(value)}"
        case In(field, values):
            return f"{name(field)} IN ({', '.join(map(literal, values))})"
        case Like(field, pattern):
            return f"{name(field)} LIKE {literal(pattern)}"
        case IsNull(field):
            return f"{name(field)} IS NULL"
        case And(parts):
            return " AND ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)
        case Not(part):
            return f"NOT ({written(part)})"


@settings(deadline=None)
@given(trees)
def test_a_tree_written_as_text_reads_back_as_itself(tree: Condition) -> None:
    assert read(written(tree)) == tree


PIECES = [*"abcost()='\"<>,:.-+ 15e%", "and ", "or ", "not ", "in ", "is null", "like ", "tag:"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, fields={"cost": "number"}, unknown="text")
    except UsageError as error:
        assert " at column " in error.message  # noqa: PT017
