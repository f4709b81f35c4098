"""Write N LiteLLM StandardLoggingPayload lines of about 2 KB: `python tests/bench/make_slp.py 1000000 slp.jsonl`."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

MODELS = (
    ("openai", "gpt-4o", "gpt-4o-2024-08-06", "0.0000025", "0.00001"),
    ("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", "0.00000025", "0.000002"),
    ("openai", "gpt-5", "gpt-5-2025-08-07", "0.00000125", "0.00001"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "0.000003", "0.000015"),
    ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", "0.000001", "0.000005"),
    ("gemini", "gemini-2.5-flash", "gemini-2.5-flash", "0.0000003", "0.0000025"),
)
AGENTS = ("planner", "researcher", "writer", "critic", "router", "summarizer")
FEATURES = ("chat", "search", "digest", "export", "autocomplete")
START = 1767225600  # 2026-01-01


def payload(i: int, rng: random.Random) -> dict[str, object]:
    """One request; ids are unique, times rise by about 2.6 seconds a line (a month per million)."""
    provider, group, model, rate_in, rate_out = MODELS[rng.randrange(len(MODELS))]
    prompt, completion = rng.randrange(50, 12000), rng.randrange(5, 1500)
    cached = prompt // 2 if rng.random() < 0.4 else 0
    started = START + i * 2.6784 + rng.random()
    ended = started + 0.4 + completion / 90
    user, agent, feature = f"user-{rng.randrange(20000)}", rng.choice(AGENTS), rng.choice(FEATURES)
    usage = {
        "completion_tokens": completion,
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": completion // 4,
            "rejected_prediction_tokens": 0,
            "text_tokens": None,
        },
        "prompt_tokens_details": {
            "audio_tokens": 0,
            "cached_tokens": cached,
            "text_tokens": None,
            "image_tokens": None,
        },
    }
    metadata = {
        "user_api_key_hash": f"{i % 40:032x}",
        "user_api_key_alias": f"key-{i % 40}",
        "user_api_key_team_id": f"team-{i % 7}",
        "user_api_key_org_id": None,
        "user_api_key_user_id": f"svc-{i % 11}",
        "user_api_key_team_alias": f"team-{i % 7}",
        "user_api_key_user_email": None,
        "user_api_key_end_user_id": user,
        "user_api_key_request_route": "/v1/chat/completions",
        "spend_logs_metadata": {"agent": agent, "environment": "production"},
        "requester_ip_address": "10.0.0.1",
        "requester_metadata": {},
        "prompt_management_metadata": None,
        "applied_guardrails": [],
        "mcp_tool_call_metadata": None,
        "vector_store_request_metadata": None,
        "usage_object": usage,
    }
    return {
        "id": f"chatcmpl-{i:08x}-{rng.getrandbits(64):016x}",
        "trace_id": f"trace-{i // 3:08x}",
        "session_id": f"session-{i // 12:08x}",
        "litellm_call_id": f"call-{i:08x}",
        "call_type": "acompletion",
        "cache_hit": False,
        "stream": True,
        "status": "success",
        "custom_llm_provider": provider,
        "saved_cache_cost": 0.0,
        "startTime": started,
        "endTime": ended,
        "completionStartTime": started + 0.4,
        "response_time": 0.4,
        "model": model,
        "metadata": metadata,
        "cache_key": None,
        "response_cost": prompt * float(rate_in) + completion * float(rate_out),
        "total_tokens": prompt + completion,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "request_tags": [f"agent:{agent}", f"feature:{feature}", "User-Agent: OpenAI/Python 1.99"],
        "end_user": user,
        "api_base": "https://api.example.com/v1/",
        "model_group": group,
        "model_id": f"{i % 6:016x}",
        "requester_ip_address": "10.0.0.1",
        "messages": [{"role": "user", "content": f"question {i}: " + "what did the quarter look like? " * 2}],
        "response": {"choices": [{"finish_reason": "stop", "message": {"content": "It looked fine."}}]},
        "model_parameters": {"temperature": 0.2, "stream": True, "max_tokens": 4096},
        "hidden_params": {"model_id": f"{i % 6:016x}", "cache_key": None, "litellm_model_name": model},
        "error_str": None,
        "error_information": {
            "error_code": "",
            "error_class": "",
            "llm_provider": "",
            "traceback": "",
            "error_message": "",
        },
    }


def main() -> None:
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    rng = random.Random(7)
    with path.open("w", encoding="utf-8") as out:
        for i in range(count):
            out.write(json.dumps(payload(i, rng)))
            out.write("\n")


if __name__ == "__main__":
    main()
