"""Who a request belongs to, worked by hand: places, rules, facts from elsewhere, users and their plans, scope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmcost.attribution import MatchRate, focus
from llmcost.errors import UsageError
from llmcost.store import open_ledger
from llmcost.windows import Window
from tests.spend.ledgers import Row, asked, call, costs, ledger, settings


def seen(folder: Path, yaml: str, rows: list[Row], by: str, *, where: str | None = None) -> dict[Any, int]:
    """The requests of each group, as the config has it. Every row costs a thousandth of a dollar: none may appear twice."""
    with open_ledger(ledger(folder, rows), read_only=True) as store:
        found = asked(store, by, settings(folder, yaml), where=where)
    total = found.pop("total")
    assert sum(row["requests"] for row in found.values()) == total["requests"]
    assert total["cost"] is None or total["cost"] * 1000 == total["requests"]
    if where is None:
        assert total["requests"] == len(rows)
    return {group: row["requests"] for group, row in found.items()}


# Places


def test_without_a_config_a_dimension_is_the_column(tmp_path: Path) -> None:
    rows = [call("a", agent="x", tags={"agent": "y"}), call("b", tags={"other": "z"})]

    assert seen(tmp_path, "", rows, "agent") == {"x": 1, None: 1}


def test_the_first_place_that_says_something_wins(tmp_path: Path) -> None:
    yaml = "attribution: {agent: [tag:component, gen_ai.agent.name, session]}"
    rows = [
        call("a", tags={"component": "one", "gen_ai.agent.name": "two"}, session="three"),
        call("b", tags={"gen_ai.agent.name": "two"}, session="three"),
        call("c", session="three"),
        call("d"),
    ]

    assert seen(tmp_path, yaml, rows, "agent") == {"one": 1, "two": 1, "three": 1, None: 1}


def test_an_empty_text_is_no_place(tmp_path: Path) -> None:
    rows = [call("a", tags={"component": ""}, session="s")]

    assert seen(tmp_path, "attribution: {agent: [tag:component, session]}", rows, "agent") == {"s": 1}


def test_the_column_itself_is_the_last_place(tmp_path: Path) -> None:
    rows = [call("a", agent="own", tags={"component": "told"}), call("b", agent="own")]

    assert seen(tmp_path, "attribution: {agent: tag:component}", rows, "agent") == {"told": 1, "own": 1}


def test_a_place_with_a_quote_in_its_name_is_a_name(tmp_path: Path) -> None:
    rows = [call("a", tags={'it\'s "x"; drop': "found"})]

    assert seen(tmp_path, """attribution: {agent: ["tag:it's \\"x\\"; drop"]}""", rows, "agent") == {"found": 1}


def test_places_change_the_rows_that_a_condition_sees(tmp_path: Path) -> None:
    rows = [call("a", tags={"component": "crawler"}), call("b", agent="crawler"), call("c")]

    assert seen(tmp_path, "attribution: {agent: [tag:component]}", rows, "model", where="agent = 'crawler'") == {
        "small": 2
    }


# Rules


def test_the_first_rule_that_matches_wins_even_if_it_sets_something_else(tmp_path: Path) -> None:
    yaml = """
attribution:
  rules:
    - {when: "agent = 'a'", team: red}
    - {when: "agent in ('a', 'b')", feature: digest}
    - {when: "feature is null", feature: rest}
"""
    rows = [call("1", agent="a"), call("2", agent="b"), call("3", agent="c"), call("4", agent="c", feature="own")]

    assert seen(tmp_path, yaml, rows, "feature") == {None: 1, "digest": 1, "rest": 1, "own": 1}
    assert seen(tmp_path, yaml, rows, "team") == {"red": 1, None: 3}


def test_a_rule_without_a_condition_meets_every_request(tmp_path: Path) -> None:
    assert seen(tmp_path, "attribution: {rules: [{team: all}]}", [call("a", team="x"), call("b")], "team") == {"all": 2}


def test_a_condition_that_cannot_tell_is_no_match(tmp_path: Path) -> None:
    rows = [call("a"), call("b", agent="y")]

    assert seen(tmp_path, """attribution: {rules: [{when: "not agent = 'x'", team: t}]}""", rows, "team") == {
        "t": 1,
        None: 1,
    }


def test_rules_see_what_places_and_facts_say(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature\nt1,chat\n")
    yaml = """
attribution: {agent: [tag:component], rules: [{when: "agent = 'x' and feature = 'chat'", team: both}]}
enrich: [{file: facts.csv, on: trace, set: [feature]}]
"""
    rows = [call("a", trace="t1", tags={"component": "x"}), call("b", trace="t1"), call("c", tags={"component": "x"})]

    assert seen(tmp_path, yaml, rows, "team") == {"both": 1, None: 2}


def test_a_hostile_value_of_a_rule_is_a_value(tmp_path: Path) -> None:
    yaml = """attribution: {rules: [{when: "agent = ''''", team: "'; DROP TABLE requests; --"}]}"""

    assert seen(tmp_path, yaml, [call("a", agent="'")], "team") == {"'; DROP TABLE requests; --": 1}


# Facts from elsewhere


ENRICH = "enrich: [{file: facts.csv, on: trace, set: [feature, user, turn]}]"


def test_a_fact_fills_what_the_log_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn,ignored\nt1,chat,ann,x,1\nt2,,ben,,2\n")
    rows = [
        call("a", trace="t1"),
        call("b", trace="t1", feature="own"),
        call("c", trace="t2"),
        call("d", trace="t3"),
        call("e"),
    ]

    assert seen(tmp_path, ENRICH, rows, "feature") == {"chat": 1, "own": 1, None: 3}
    assert seen(tmp_path, ENRICH, rows, "user") == {"ann": 2, "ben": 1, None: 2}


def test_a_key_that_stands_twice_keeps_its_first_row_and_multiplies_nothing(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn\n" + "".join(f"t1,f{n},u{n},\n" for n in range(5000)))

    assert seen(tmp_path, ENRICH, [call("a", trace="t1"), call("b", trace="t1")], "feature,user") == {("f0", "u0"): 2}


def test_facts_may_be_joined_on_a_tag_named_with_or_without_its_prefix(tmp_path: Path) -> None:
    yaml = "enrich: [{file: facts.csv, on: 'tag:order', set: [feature]}]"
    rows = [call("a", tags={"order": "7"}), call("b", tags={"order": "8"}), call("c")]
    for header in ("order", "tag:order"):
        (tmp_path / "facts.csv").write_text(f"{header},feature\n7,checkout\n")

        assert seen(tmp_path, yaml, rows, "feature") == {"checkout": 1, None: 2}


def test_the_turn_of_a_fact_is_the_turn_that_is_counted(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn\nt1,,,x\nt2,,,x\n")
    rows = [call("a", trace="t1"), call("b", trace="t2")]
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        assert asked(store, "model")["total"]["turns"] == 2
        assert asked(store, "model", settings(tmp_path, ENRICH))["total"]["turns"] == 1


def test_tags_and_scores_of_a_file_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(
        'trace,tags,scores\nt1,"{""tier"": ""gold""}","{""quality"": 0.9}"\nt2,broken,{}\n'
    )
    yaml = "enrich: [{file: facts.csv, on: trace, set: [tags, scores]}]"
    rows = [call("a", trace="t1"), call("b", trace="t1", tags={"tier": "own"}), call("c", trace="t2"), call("d")]

    assert seen(tmp_path, yaml, rows, "tag:tier") == {"gold": 1, "own": 1, None: 2}
    assert seen(tmp_path, yaml, rows, "model", where="score:quality > 0.5") == {"small": 2}


def test_a_fact_may_be_an_api_key(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("session,key\ns,k1\n")

    assert seen(tmp_path, "enrich: [{file: facts.csv, on: session, set: key}]", [call("a", session="s")], "key") == {
        "k1": 1
    }


@pytest.mark.parametrize("header", ["trace,feature,user,turn", "trace;feature;user;turn", "trace\tfeature\tuser\tturn"])
def test_commas_semicolons_and_tabs_part_columns_and_odd_file_names_are_names(tmp_path: Path, header: str) -> None:
    mark = header[5]
    name = "app [v2] *é 'q'.csv"
    (tmp_path / name).write_text(f'\ufeff{header}\nt1{mark}"x\n""y"""{mark}{mark}\n', encoding="utf-8")
    yaml = f"""enrich: [{{file: "{name}", on: trace, set: [feature]}}]"""

    assert seen(tmp_path, yaml, [call("a", trace="t1")], "feature") == {'x\n"y"': 1}


def test_match_rates_say_how_well_the_files_fit(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn\nt1,,,\nt1,,,\nt9,,,\n")
    (tmp_path / "users.csv").write_text("user,plan\nann,free\nzoe,free\n")
    rows = [call("a", trace="t1", user="ann"), call("b", trace="t2", tags={"who": "ben"}), call("c", user="ann")]
    yaml = ENRICH + "\nusers: users.csv\nattribution: {user: [tag:who]}"
    with open_ledger(ledger(tmp_path, rows), read_only=True) as store:
        found = focus(store, settings(tmp_path, yaml), "UTC").match_rates()

    assert found == [MatchRate("facts.csv", "trace", 2, 1), MatchRate("users.csv", "user", 2, 1)]


# Users and plans


def plans(folder: Path, users: str, rows: list[Row], by: str = "plan", yaml: str = "") -> dict[Any, int]:
    (folder / "users.csv").write_text(users)
    return seen(folder, f"users: users.csv\n{yaml}", rows, by)


def test_the_plan_of_a_user_is_known_from_the_file_unless_the_log_says_it(tmp_path: Path) -> None:
    rows = [call("a", user="ann"), call("b", user="ann", plan="team"), call("c", user="zoe"), call("d")]

    assert plans(tmp_path, "user,plan\nann,free\nben,\n", rows) == {"free": 1, "team": 1, None: 2}


def test_a_stretch_of_a_plan_holds_its_first_day_and_not_its_last(tmp_path: Path) -> None:
    users = "user,plan,valid_from,valid_to\nann,plus,2026-10-16,2027-01-01\nann,free,2026-06-01,2026-10-16\n"
    expected = {
        "2026-05-31T23:59:59.999999Z": None,
        "2026-06-01T00:00:00Z": "free",
        "2026-10-15T23:59:59.999999Z": "free",
        "2026-10-16T00:00:00Z": "plus",
        "2026-10-16T01:00:00+02:00": "free",
        "2026-12-31T23:59:59Z": "plus",
        "2027-01-01T00:00:00Z": None,
    }
    rows = [call(ts, user="ann", ts=ts, session=ts) for ts in expected]

    assert plans(tmp_path, users, rows, "session,plan") == dict.fromkeys(expected.items(), 1)


def test_a_row_without_time_has_a_plan_only_if_there_is_no_choice(tmp_path: Path) -> None:
    users = "user,plan,valid_from,valid_to\nann,free,,2026-10-16\nann,plus,2026-10-16,\nben,team,2026-10-16,\n"
    rows = [call("a", user="ann", ts=None), call("b", user="ben", ts=None)]

    assert plans(tmp_path, users, rows) == {None: 1, "team": 1}


def test_an_alias_is_its_user_with_the_plan_of_the_user(tmp_path: Path) -> None:
    rows = [call("a", user="ann"), call("b", user="ann@example.com"), call("c", user="ben"), call("d", user="zoe")]
    users = "user,plan,alias\nann,free,ann@example.com\nben,plus,ben\n"

    assert plans(tmp_path, users, rows, "user,plan") == {("ann", "free"): 2, ("ben", "plus"): 1, ("zoe", None): 1}


def test_the_plan_follows_a_user_that_only_a_file_or_a_tag_names(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn\nt1,,ann,\n")
    rows = [call("a", trace="t1"), call("b", tags={"who": "ben"}), call("c")]
    yaml = ENRICH + "\nattribution: {user: [tag:who]}"

    assert plans(tmp_path, "user,plan\nann,free\nben,plus\n", rows, "user,plan", yaml) == {
        ("ann", "free"): 1,
        ("ben", "plus"): 1,
        (None, None): 1,
    }


@pytest.mark.parametrize("kind", ["internal", "test", "evaluation"])
def test_calls_of_our_own_people_are_not_production(tmp_path: Path, kind: str) -> None:
    rows = [call("a", user="dev"), call("b", user="ann"), call("c", environment="ci"), call("d")]

    assert plans(tmp_path, f"user,kind\ndev,{kind}\nann,customer\n", rows, "scope") == {"other": 2, "production": 2}


def test_scope_is_unknown_where_the_condition_cannot_tell(tmp_path: Path) -> None:
    rows = [call("a", environment="live"), call("b", environment="ci"), call("c")]

    assert seen(tmp_path, """scope: {production: "environment = 'live'"}""", rows, "scope") == {
        "production": 1,
        "other": 1,
        "unknown": 1,
    }


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("user,plan\nann,free\nann,plus\n", "users.csv:3: 'ann' has two rows for the same time"),
        (
            "user,plan,valid_from,valid_to\nann,plus,2026-10-15,\nann,free,,2026-10-16\n",
            "users.csv:3: 'ann' has two rows for the same time",
        ),
        ("user,plan,alias\nann,free,x\nben,free,x\n", "users.csv:3: 'x' has two rows for the same time"),
        ("user,plan,alias\nann,free,ben\n\nben,free,\n", "users.csv:4: 'ben' has two rows for the same time"),
        ('user,plan\n"a\nb",free\n,free\n', "users.csv:4: a row without a user"),
        ("user,valid_from\nann,2026-13-01\n", "users.csv:2: valid_from is no date: 2026-13-01"),
        ("user,valid_to\nann,31.12.2026\n", "users.csv:2: valid_to is no date: 31.12.2026"),
        ("user,valid_from,valid_to\nann,2026-10-16,2026-10-16\n", "users.csv:2: valid_to is not after valid_from"),
        ("user,ltv\nann,lots\n", "users.csv:2: ltv is no amount: lots"),
        ("user,revenue_per_month\nann,$5\n", "users.csv:2: revenue_per_month is no amount: $5"),
        ("user,pln\nann,free\n", "users.csv:1: unknown column 'pln'"),
        ("name,plan\nann,free\n", "users.csv:1: unknown column 'name'"),
        ("plan\nfree\n", "users.csv:1: the column 'user' is missing"),
        ("user,user\nann,ben\n", "users.csv:1: two columns are called 'user'"),
        ("", "users.csv:1: the header is missing"),
        ("user,plan\nann,free,x\n", "users.csv:2: the row does not fit the header"),
        ('user,plan\nann,"free\nben,plus\n', "users.csv: a quote is not closed"),
    ],
)
def test_a_file_of_users_that_cannot_be_meant_is_refused(tmp_path: Path, users: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        plans(tmp_path, users, [call("a", user="ann")])

    assert str(error.value) == f"{tmp_path}/{message}"


@pytest.mark.parametrize(
    ("yaml", "message", "hint"),
    [
        (
            "enrich: [{file: no.csv, on: trace, set: [feature]}]",
            "no such file: {0}/no.csv",
            "paths in llmcost.yaml are relative to it",
        ),
        (
            "\n\nenrich:\n- {file: facts.csv, on: session, set: [feature]}",
            "facts.csv has no column 'session'",
            "it has trace, feature, user, turn",
        ),
        (
            "enrich: [{file: facts.csv, on: trace, set: [feature, turn, team]}]",
            "facts.csv has no column 'team'",
            "it has trace, feature, user, turn",
        ),
        ("users: no.csv", "no such file: {0}/no.csv", "paths in llmcost.yaml are relative to it"),
    ],
)
def test_a_missing_file_or_column_is_an_error_at_its_line(tmp_path: Path, yaml: str, message: str, hint: str) -> None:
    (tmp_path / "facts.csv").write_text("trace,feature,user,turn\n")
    with pytest.raises(UsageError) as error:
        seen(tmp_path, yaml, [call("a")], "feature,plan")
    line = 4 if yaml.startswith("\n") else 1

    assert str(error.value) == f"{tmp_path}/llmcost.yaml:{line}: {message.format(tmp_path)}"
    assert error.value.hint == hint


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"user,plan\nJ\xf6rg,free\n")
    with pytest.raises(UsageError, match=r"cannot be read: it is not UTF-8 text"):
        seen(tmp_path, "users: users.csv", [call("a")], "plan")


def test_an_unknown_dimension_names_the_nearest(tmp_path: Path) -> None:
    with open_ledger(ledger(tmp_path, [call("a")]), read_only=True) as store:
        with pytest.raises(UsageError, match="unknown dimension 'agnt'") as error:
            focus(store, settings(tmp_path, ""), "UTC").select({"dim_1": "agnt"}, None, Window())
        assert error.value.hint == "did you mean 'agent'?"


def test_a_changed_config_changes_the_report_and_not_the_ledger(tmp_path: Path) -> None:
    path = ledger(tmp_path, [call("a", tags={"component": "x"}), call("b", agent="y")])
    before = path.read_bytes()
    with open_ledger(path, read_only=True) as store:
        assert costs(asked(store, "agent")) == {"y": "0.001", None: "0.001", "total": "0.002"}
        yaml = settings(tmp_path, "attribution: {agent: [tag:component]}")
        assert costs(asked(store, "agent", yaml)) == {"y": "0.001", "x": "0.001", "total": "0.002"}

    assert path.read_bytes() == before
