"""Writes Claude Code transcripts as real ones lie around: many files, snapshots, side chains, long tool results; the same bytes each time.

python tests/bench/make_transcripts.py FOLDER [FILES] [MEGABYTES]      (500 files, 200 MB)
"""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDS = [
    "def",
    "return",
    "value",
    "error",
    "test",
    "file",
    "line",
    "build",
    "const",
    "import",
    "await",
    "result",
    "None",
    "true",
    "path",
    "user",
    "index",
    "cache",
]
MODELS = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def text(chance: random.Random, size: int) -> str:
    block = " ".join(chance.choices(WORDS, k=200)) + ' "quoted" \\ \n\t'
    return (block * (size // len(block) + 1))[:size]


def line(record: dict[str, object]) -> str:
    """Compact, as Claude Code writes it; ccusage reads no other."""
    return json.dumps(record, separators=(",", ":"))


def session(chance: random.Random, number: int, size: int) -> list[str]:
    """The lines of one transcript of about `size` bytes."""
    name, project = f"{number:08x}-0000-4000-8000-{chance.getrandbits(48):012x}", f"project-{number % 23}"
    is_side = number % 5 == 0
    now = BEGIN + timedelta(hours=number % 700, seconds=chance.randrange(3600))
    lines = [line({"type": "summary", "summary": "A session", "leafUuid": name})]
    written, call = 0, 0
    while written < size:
        call += 1
        now += timedelta(seconds=chance.randrange(2, 90))
        common = {
            **{
                "parentUuid": f"{name}-{call - 1}",
                "isSidechain": is_side,
                "userType": "external",
                "cwd": f"/home/dev/{project}",
            },
            **{"sessionId": name, "version": "2.1.0", "gitBranch": "main"},
            **({"agentId": f"a{number:06x}"} if is_side else {}),
        }
        result = {
            "role": "user",
            "content": [{"type": "tool_result", "content": text(chance, int(chance.paretovariate(1.1) * 900) % 60000)}],
        }
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{chance.randrange(1000):03}Z"
        lines.append(
            line({**common, "type": "user", "message": result, "uuid": f"{name}-{call}-u", "timestamp": stamp})
        )
        output, writes = chance.randrange(20, 3000), chance.randrange(0, 4000)
        whole = {
            **{"input_tokens": chance.randrange(1, 20), "cache_creation_input_tokens": writes},
            **{"cache_read_input_tokens": chance.randrange(10000, 150000), "output_tokens": output},
            "cache_creation": {"ephemeral_5m_input_tokens": writes, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        }
        blocks = chance.choice((1, 1, 2, 3))
        for block in range(blocks):
            # the same call once for each of its blocks; only the last one knows the whole output
            usage = whole | {"output_tokens": output if block == blocks - 1 else 1 + block}
            content = [
                {"type": ("thinking", "text", "tool_use")[block], "text": text(chance, chance.randrange(100, 4000))}
            ]
            message = {
                "id": f"msg_{number:05}_{call:05}",
                "type": "message",
                "role": "assistant",
                "model": MODELS[number % 3],
            }
            message |= {"content": content, "stop_reason": None, "usage": usage}
            ids = {"requestId": f"req_{number:05}_{call:05}", "uuid": f"{name}-{call}-{block}", "timestamp": stamp}
            lines.append(line({**common, "type": "assistant", "message": message, **ids}))
        written += sum(len(each) for each in lines[-blocks - 1 :])
    return lines


def main() -> None:
    folder = Path(sys.argv[1])
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    megabytes = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    chance = random.Random(20260105)
    sizes = [chance.lognormvariate(0, 1.2) for _ in range(files)]
    whole = lines = 0
    for number, share in enumerate(sizes):
        size = int(megabytes * 1e6 * share / sum(sizes))
        found = session(random.Random(number), number, size)
        name = (
            f"{number:08x}-session.jsonl" if number % 5 else f"{number:08x}-session/subagents/agent-a{number:06x}.jsonl"
        )
        path = folder / "projects" / f"-home-dev-project-{number % 23}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(found) + "\n", encoding="utf-8")
        whole += path.stat().st_size
        lines += len(found)
    print(f"{files} files, {lines:,} lines, {whole / 1e6:.0f} MB in {folder}")


if __name__ == "__main__":
    main()
