"""llmcost score: RouteLLM's scores for the prompts of a log"""

from __future__ import annotations

from typing import Annotated

import typer

from llmcost.cli import options, session


def score(
    paths: Annotated[list[str], typer.Argument(metavar="LOG...", help="Logs that hold the text of the prompts.")],
    router: Annotated[
        str, typer.Option("--router", metavar="NAME", help="mf, sw_ranking, bert, causal_llm or random.")
    ] = "mf",
    output: options.Output = None,
    config: options.ConfigFile = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Asks a router of RouteLLM (pip install routellm) how likely a strong model answers each prompt better.

    \b
    llmcost score logs/ --router bert --output scores.csv

    \b
    The file comes back through llmcost.yaml, and policies may use score:strong_win_rate:
      enrich: [{file: scores.csv, on: request_id, set: [scores]}]

    Of a conversation the last turn is judged. Nothing is stored but request ids and scores. This command uses the
    network: mf and sw_ranking send every prompt to OpenAI's embeddings, and all but random load their router from
    Hugging Face.
    """
    import tempfile
    from pathlib import Path

    from llmcost.errors import UndecidedError
    from llmcost.routing import win_rates
    from llmcost.sources.prompts import texts
    from llmcost.store import open_ledger

    session.one_of(router, tuple(win_rates.ROUTERS), "--router", "router")
    settings = session.config(config)
    ask = win_rates.judge(router)
    with tempfile.TemporaryDirectory(prefix="llmcost-") as folder:
        path = Path(folder) / "ledger.duckdb"
        session.read(paths, path, settings, wait_s=15.0, quiet=quiet)
        with open_ledger(path, read_only=True) as store:
            found = win_rates.score(texts(paths, settings, str(store.fact("prompt_key"))), ask)
            table = win_rates.as_table(store, found, router)
    for note in table.notes:
        session.say(note, quiet=quiet)
    if not table.rows:
        raise UndecidedError("no request could be scored", place="score", hint="logs need the text of the prompts")
    session.show(table, "csv", output)
