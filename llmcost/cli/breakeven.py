"""llmcost breakeven: from which volume another way of buying pays, against the logged volume"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from llmcost.cli import options, session

if TYPE_CHECKING:
    from llmcost.routing.breakeven.answer import Answer
    from llmcost.routing.breakeven.flow import Flow

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def _amount(text: str, flag: str, *, above_zero: bool = False) -> Decimal:
    """A figure of a flag, exactly; 30% is 0.3."""
    from llmcost.errors import UsageError

    try:
        value = Decimal(text.removesuffix("%")) * (Decimal("0.01") if text.endswith("%") else 1)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0 or (above_zero and not value):
        what = "is no figure above 0" if above_zero else "is no figure"
        raise UsageError(f"'{text}' {what}", place=flag, hint="write 2.50, 1200000 or 30%")
    return value


def _share(text: str, flag: str, *, above_zero: bool = False) -> Decimal:
    from llmcost.errors import UsageError

    value = _amount(text, flag, above_zero=above_zero)
    if value > 1:
        raise UsageError(f"'{text}' is more than everything", place=flag, hint="write 0.3 or 30%")
    return value


def _shown(
    compare: Callable[[Flow], Answer],
    where: str | None,
    since: str | None,
    until: str | None,
    last: str | None,
    tz: str | None,
    currency: str | None,
    format: str,
    output: str | None,
    log: list[str] | None,
    db: str | None,
    config: str | None,
    wait: float,
    quiet: bool,
) -> None:
    from llmcost.pricing import levels
    from llmcost.routing.breakeven import answer
    from llmcost.routing.breakeven.flow import flow

    settings = session.config(config)
    zone = session.zone(tz, settings)
    condition, window = session.condition(where), session.window(since, until, last, zone)
    with (
        session.ledger(db, log, settings, wait_s=wait, quiet=quiet) as store,
        session.money_in(currency, settings, store, window),
        levels.contracted(store, settings) as contracted,
    ):
        found = compare(flow(store, settings, condition, window, zone))
        tables = [answer.as_document(found)] if format in ("json", "ndjson", "csv") else answer.for_people(found)
        session.show(levels.noted(tables, contracted=contracted), format, output)


@app.command("finetune", short_help="A fine-tuned model against today's")
def finetune(
    train_tokens: Annotated[str, typer.Option("--train-tokens", help="Tokens of the training set.")],
    train_price: Annotated[str, typer.Option("--train-price", help="USD per million trained tokens.")],
    input_price: Annotated[str, typer.Option("--input-price", help="USD per million input tokens, fine-tuned.")],
    output_price: Annotated[str, typer.Option("--output-price", help="USD per million output tokens, fine-tuned.")],
    prompt_tokens: Annotated[
        str, typer.Option("--prompt-tokens", help="Input tokens of a request then: the prompt is often shorter.")
    ],
    output_tokens: Annotated[str, typer.Option("--output-tokens", help="Output tokens of a request then.")],
    epochs: Annotated[str, typer.Option("--epochs", help="Passes over the training set.")] = "3",
    hosting_hour: Annotated[str, typer.Option("--hosting-hour", help="USD per hour of the deployment.")] = "0",
    payback: Annotated[str, typer.Option("--payback", help="Months in which the training is to come back.")] = "12",
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """From which volume a fine-tuned model pays: training, hosting and its prices against what a request costs today.

    \b
    llmcost breakeven finetune --train-tokens 5000000 --train-price 25 --hosting-hour 1.70 \\
        --input-price 0.30 --output-price 1.20 --prompt-tokens 400 --output-tokens 300 --payback 6

    Says when providers close their fine-tuning, and what the other two reasons to fine-tune would need.
    """
    import os

    from llmcost import windows
    from llmcost.routing.breakeven import kinds

    terms = kinds.FineTune(
        _amount(train_tokens, "--train-tokens"),
        _amount(epochs, "--epochs"),
        _amount(train_price, "--train-price"),
        _amount(hosting_hour, "--hosting-hour"),
        _amount(input_price, "--input-price"),
        _amount(output_price, "--output-price"),
        _amount(prompt_tokens, "--prompt-tokens"),
        _amount(output_tokens, "--output-tokens"),
        _amount(payback, "--payback", above_zero=True),
    )
    today = windows.now(os.environ).date()
    _shown(
        lambda flow: kinds.finetune(flow, terms, today),
        *(where, since, until, last, tz, currency, format, output, log, db, config, wait, quiet),
    )


@app.command("selfhost", short_help="Own GPUs against the API")
def selfhost(
    gpu_hour: Annotated[str, typer.Option("--gpu-hour", help="USD per GPU-hour.")],
    tokens_per_second: Annotated[
        str, typer.Option("--tokens-per-second", help="Output tokens per second of all GPUs together, saturated.")
    ],
    gpus: Annotated[int, typer.Option("--gpus", min=1, help="How many.")] = 1,
    utilisation: Annotated[
        Optional[str],
        typer.Option(
            "--utilisation",
            help="How busy they may be at most.  [default: what the log makes them]",
            show_default=False,
        ),
    ] = None,
    escalation: Annotated[
        str, typer.Option("--escalation", help="Share of requests that go to the API after all.")
    ] = "0",
    overhead: Annotated[str, typer.Option("--overhead", help="The whole bill over the price of the GPUs.")] = "1",
    slots: Annotated[int, typer.Option("--slots", min=1, help="Requests that one GPU works on at once.")] = 8,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """From which volume own GPUs pay, how busy they would be, and how long the busiest minute would wait.

    \b
    llmcost breakeven selfhost --gpu-hour 2.50 --tokens-per-second 2500
    llmcost breakeven selfhost --gpu-hour 2.95 --gpus 2 --tokens-per-second 4700 --overhead 1.3 --escalation 4%
    """
    from llmcost.errors import UsageError
    from llmcost.routing.breakeven import kinds

    gone = _share(escalation, "--escalation")
    if gone == 1:
        raise UsageError("nothing is left for the GPUs", place="--escalation", hint="write a share below 1")
    terms = kinds.SelfHost(
        _amount(gpu_hour, "--gpu-hour"),
        gpus,
        _amount(tokens_per_second, "--tokens-per-second", above_zero=True),
        None if utilisation is None else _share(utilisation, "--utilisation", above_zero=True),
        gone,
        _amount(overhead, "--overhead", above_zero=True),
        slots,
    )
    _shown(
        lambda flow: kinds.selfhost(flow, terms),
        *(where, since, until, last, tz, currency, format, output, log, db, config, wait, quiet),
    )


@app.command("provisioned", short_help="Provisioned throughput against pay-as-you-go")
def provisioned(
    unit_hour: Annotated[str, typer.Option("--unit-hour", help="USD per unit-hour.")],
    tpm_per_unit: Annotated[int, typer.Option("--tpm-per-unit", min=1, help="Weighted tokens a minute of one unit.")],
    output_weight: Annotated[
        str, typer.Option("--output-weight", help="How much an output token weighs against one of input.")
    ] = "1",
    min_units: Annotated[int, typer.Option("--min-units", min=1, help="The least that can be bought.")] = 1,
    increment: Annotated[int, typer.Option("--increment", min=1, help="Steps from there.")] = 1,
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """How many units are worth buying when what they cannot serve spills over to pay-as-you-go.

    \b
    llmcost breakeven provisioned --unit-hour 0.30 --tpm-per-unit 3000 --output-weight 4 --min-units 15 --increment 5
    """
    from llmcost.routing.breakeven import kinds

    terms = kinds.Provisioned(
        _amount(unit_hour, "--unit-hour", above_zero=True),
        tpm_per_unit,
        _amount(output_weight, "--output-weight"),
        min_units,
        increment,
    )
    _shown(
        lambda flow: kinds.provisioned(flow, terms),
        *(where, since, until, last, tz, currency, format, output, log, db, config, wait, quiet),
    )


@app.command("batch", short_help="Batch against answers at once")
def batch(
    discount: Annotated[str, typer.Option("--discount", help="What batch takes off.")] = "50%",
    where: options.Where = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    tz: options.Tz = None,
    currency: options.Currency = None,
    format: options.Format = "table",
    output: options.Output = None,
    log: options.Log = None,
    db: options.Db = None,
    config: options.ConfigFile = None,
    wait: options.Wait = 15.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """What would be saved if the traffic that can wait went by batch.

    \b
    llmcost breakeven batch --where "agent = 'nightly-summariser'"
    """
    from llmcost.routing.breakeven import kinds

    off = _share(discount, "--discount")
    session.condition(where)  # its own errors, before it is part of a longer one
    waiting = kinds.NOT_BATCHED if where is None else f"({where}) and ({kinds.NOT_BATCHED})"
    _shown(
        lambda flow: kinds.batch(flow, off, everything=where is None),
        *(waiting, since, until, last, tz, currency, format, output, log, db, config, wait, quiet),
    )
