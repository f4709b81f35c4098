"""Streams: the events of one answer, folded into the body that the provider would have sent whole. Memory holds one answer."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]

FOLDED = "events of a stream, folded into its request"
"""Why a line is no request of its own: an answer of n events is one request and n - 1 of these. ([DONE] is no event.)"""

DONE: Record = {"[DONE]": True}
"""Stands in place of an event where the stream says that it is over."""

METRICS = "amazon-bedrock-invocationMetrics"

Item = tuple[int, Record | None, Any]
"""(line, decoded record or None for a broken one, the record as it stood there)."""

Fold = tuple[int, Record | None, Any, int]
"""(line of the first event, record, the record as it stood there or None when it was folded, how many events it is)."""


@dataclass
class Answer:
    """What the events so far say of one answer."""

    protocol: Protocol
    line: int
    is_sse: bool
    earlier: deque[str]
    """Ids of the answers before."""
    body: dict[str, Any] = field(default_factory=dict)
    outer: dict[str, Any] = field(default_factory=dict)
    """What a wrapper would say of it: who served it, how long it took."""
    events: int = 0
    is_over: bool = False
    last_id: str = ""
    had_role: bool = False
    telling: tuple[Record, Any] | None = None
    """The event that tells most, and as it stood: what is left of a stream whose beginning is missing."""


@dataclass(frozen=True)
class Protocol:
    """How one API streams. A body without the key `proof` lacks its beginning and is no answer."""

    fits: Callable[[Record], bool]
    """Whether a record is such an event, wherever it stands."""
    fits_sse: Callable[[Record], bool]
    """The same where it is known to be some event."""
    begins: Callable[[Record, Answer], bool]
    """Whether an event belongs to another answer than the one before it."""
    add: Callable[[Record, Answer], None]
    proof: str


def fold(items: Iterable[Item], *, is_sse: bool = False, is_one: bool = False) -> Iterator[Fold]:
    """One record for the events of each answer; what is no event goes through as it is.

    `is_sse`: the items are the events of a connection, one answer after the other; `is_one`: of one answer only.
    """
    answer: Answer | None = None
    earlier: deque[str] = deque(maxlen=1000)
    for line, found, raw in items:
        record = _unwrapped(found) if found else found
        protocol = _protocol(record, answer, is_sse) if record else None
        if answer and not is_one and (record is DONE or (protocol and record and _is_next(record, protocol, answer))):
            yield _folded(answer)
            earlier.append(answer.last_id)
            answer = None
        if record is None or (protocol is None and record is not DONE):
            yield line, record, raw, 1
        elif protocol is not None:
            answer = answer or Answer(protocol, line, is_sse, earlier)
            answer.events += 1
            if answer.telling is None or record.get("usage") or record.get("message"):
                answer.telling = record, raw
            answer.protocol.add(record, answer)
            _add_metrics(record, answer)
    if answer:
        yield _folded(answer)


def _is_next(record: Record, protocol: Protocol, answer: Answer) -> bool:
    return protocol is not answer.protocol or protocol.begins(record, answer)


def _folded(answer: Answer) -> Fold:
    if answer.protocol.proof not in answer.body and answer.telling:
        return answer.line, *answer.telling, answer.events
    body = {**answer.outer, "response": answer.body} if answer.outer else answer.body
    return answer.line, body, None, answer.events


def is_event(record: Record) -> bool:
    """Whether a record is one event of a stream and no whole answer."""
    return _protocol(_unwrapped(record), None, False) is not None


def name(record: Record) -> str:
    """What an event calls itself."""
    kind = record.get("type") or record.get("event_type") or record.get("object")
    return str(kind or next((key for key in record if MARKS.search(f'"{key}"'.encode())), "unknown"))[:60]


def _unwrapped(record: Record) -> Record:
    """The chunk inside what OpenAI's stream helper hands out for it."""
    return _object(record, "chunk") or record if record.get("type") == "chunk" else record


ECHOES = ("text", "thinking", "citation", "input_json", "signature")
ECHO_PREFIXES = ("content.", "refusal.", "tool_calls.", "logprobs.")


def _is_echo(record: Record) -> bool:
    """What the stream helpers of the SDKs add to the events: the text so far, again."""
    kind = str(record.get("type"))
    return (kind in ECHOES and ("snapshot" in record or kind == "signature")) or kind.startswith(ECHO_PREFIXES)


def _protocol(record: Record, answer: Answer | None, is_sse: bool) -> Protocol | None:
    found = next((p for p in PROTOCOLS if p.fits(record)), None)
    if found is None and answer:
        # the last chunk of Gemini looks like a whole answer, but for its id
        is_last = bool(answer.last_id) and record.get("responseId") == answer.last_id
        if is_last or _is_echo(record) or (not answer.is_over and _failure(record, is_sse)):
            return answer.protocol
    if found is None and is_sse:
        found = next((p for p in PROTOCOLS if p.fits_sse(record)), None)
    return found


def _failure(record: Record, is_sse: bool) -> Record | None:
    """The error that ends a stream which began well; its status was 200. A bare {"error": ...} may be a request of its own."""
    error = record.get("error")
    if record.get("type") == "error" or record.get("event_type") == "error" or (is_sse and isinstance(error, Mapping)):
        said: Record = error if isinstance(error, Mapping) else record
        return {"type": said.get("type"), "code": said.get("code"), "message": said.get("message")}
    return None


# --- Anthropic: message_start, content, message_delta, message_stop


ANTHROPIC_EVENTS = (
    *("message_start", "message_delta", "message_stop"),
    *("content_block_start", "content_block_delta", "content_block_stop", "ping"),
)


def _begins_message(record: Record, answer: Answer) -> bool:
    if record.get("type") == "message_start":
        # the same message may be announced twice
        return bool(answer.body) and _object(record, "message").get("id") != answer.body.get("id")
    return answer.is_over and record.get("type") not in ("message_stop", "ping")


def _add_message(record: Record, answer: Answer) -> None:
    body, kind = answer.body, record.get("type")
    if kind == "message_start":
        message = _object(record, "message")
        # its output is a placeholder of a few tokens: where the end is missing, the output is unknown
        usage = {k: v for k, v in _object(message, "usage").items() if k != "output_tokens"}
        body.update({k: v for k, v in message.items() if k not in ("content", "usage")} | {"type": "message"})
        body["usage"] = _larger(body.get("usage"), usage)
        answer.last_id = str(message.get("id") or "")
    elif kind == "message_delta":
        body.update(_object(record, "delta"))
        # cumulative, and the input may rise too
        body["usage"] = _larger(body.get("usage"), _object(record, "usage"))
    elif kind == "message_stop":
        answer.is_over = True
    elif error := _failure(record, answer.is_sse):
        body["error"] = error
        answer.is_over = True


def _larger(old: Any, new: Any) -> Any:
    """The larger of two counts, in objects field by field; of anything else the later one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: _larger(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, int) and isinstance(new, int):
        return max(old, new)
    return old if new is None else new


# --- OpenAI Responses: response.created, ..., response.completed, incomplete or failed; each of these holds the whole object


def _begins_response(record: Record, answer: Answer) -> bool:
    named = _object(record, "response").get("id")
    if named is not None and "id" in answer.body:
        return bool(named != answer.body["id"])
    return answer.is_over and record.get("type") not in RESPONSE_ENDS


RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


def _add_response(record: Record, answer: Answer) -> None:
    body, response = answer.body, _object(record, "response")
    body.update({key: value for key, value in response.items() if value is not None})
    if isinstance(output := body.get("output"), list):
        # what was done is counted, what was said is left out
        body["output"] = [{k: i.get(k) for k in ("type", "id", "status")} for i in output if isinstance(i, Mapping)]
    answer.last_id = str(body.get("id") or "")
    if record.get("type") in RESPONSE_ENDS:
        answer.is_over = True
    elif not response and (error := _failure(record, answer.is_sse)):
        body.update(status="failed", error=error)
        answer.is_over = True


# --- OpenAI chat and whoever speaks like it: chunks; usage on the last one, or in x_groq, or (Moonshot) in the choice


def _is_preface(record: Record) -> bool:
    """Azure's verdict on the prompt, or on the text so far: a chunk without object and id."""
    return bool({"prompt_filter_results", "content_filter_results"} & set(record)) and not record.get("object")


def _is_chunk(record: Record) -> bool:
    first = _first(record, "choices")
    return (
        record.get("object") == "chat.completion.chunk"
        or _is_preface(record)
        or ("delta" in first and "message" not in first)
    )


def _begins_chunk(record: Record, answer: Answer) -> bool:
    """Chunks of one answer share an id, but not everywhere: some gateways give each chunk another.

    A foreign id is another answer when this one has finished, when an answer before had it (chunks of several answers
    mixed in one log: the rows of one id are put together later), or when the chunk is an opening one: it names the
    role, which in the events of one connection says nothing if the chunk before did so too. Splitting too often makes
    a row without usage, which is seen; splitting too seldom would hide one answer's usage behind another's.
    """
    if _is_preface(record):
        return "prompt_filter_results" in record and answer.last_id != ""
    named = str(record.get("id") or "")
    if not named or not answer.last_id or named in (answer.last_id, answer.body.get("id")):
        return False
    if not answer.is_sse and named in answer.earlier:
        return True
    if answer.is_over:
        # its usage may still come, alone
        return "usage" in answer.body or bool(record.get("choices"))
    has_role = "role" in _object(_first(record, "choices"), "delta")
    return has_role and not (answer.is_sse and answer.had_role)


def _add_chunk(record: Record, answer: Answer) -> None:
    body = answer.body
    if not _is_preface(record):
        is_text = record.get("object") == "text_completion"
        body.setdefault("object", "text_completion" if is_text else "chat.completion")
    for key in ("id", "created", "model", "service_tier", "provider"):
        if record.get(key) and (key not in body or key in ("model", "service_tier")):
            body[key] = record[key]
    choice = _first(record, "choices")
    for holder in (record, _object(record, "x_groq"), choice):
        if isinstance(holder.get("usage"), Mapping):
            body["usage"] = holder["usage"]
            break
    if choice.get("finish_reason"):
        body["choices"] = [{"index": 0, "finish_reason": choice["finish_reason"]}]
        answer.is_over = True
    if error := _failure(record, answer.is_sse):
        body["error"] = error
        answer.is_over = True
    answer.last_id = str(record.get("id") or answer.last_id)
    answer.had_role = "role" in _object(choice, "delta")


# --- Gemini: the same object again and again, its usage cumulative; and the messages of a Live session


LIVE = {
    "setup",
    "setupComplete",
    "serverContent",
    "toolCall",
    "toolCallCancellation",
    "sessionResumptionUpdate",
    "goAway",
}


def _ends_gemini(record: Record) -> bool:
    return bool(
        _first(record, "candidates").get("finishReason") or _object(record, "promptFeedback").get("blockReason")
    )


def _is_gemini_event(record: Record) -> bool:
    # a whole answer says why it ended; so does a last chunk, but it has the id of the one before
    return bool(LIVE & set(record)) or (
        bool(record.get("responseId")) and "candidates" in record and not _ends_gemini(record)
    )


def _begins_gemini(record: Record, answer: Answer) -> bool:
    named = str(record.get("responseId") or "")
    if named and answer.last_id:
        return named != answer.last_id
    return (
        "setup" in record
        or ("setupComplete" in record and "usageMetadata" in answer.body)
        or (answer.is_over and "candidates" in record)
    )


def _add_gemini(record: Record, answer: Answer) -> None:
    body = answer.body
    body.setdefault("candidates", [])
    for key in ("usageMetadata", "modelVersion", "responseId", "createTime", "promptFeedback"):
        if record.get(key):
            body[key] = record[key]
    if model := _object(record, "setup").get("model"):
        body["modelVersion"] = str(model).removeprefix("models/")
    candidate = _first(record, "candidates")
    if kept := {k: candidate[k] for k in ("finishReason", "groundingMetadata") if candidate.get(k)}:
        body["candidates"] = [{**_first(body, "candidates"), **kept}]
    if error := _failure(record, answer.is_sse):
        body["error"] = record["error"] if isinstance(record.get("error"), Mapping) else error
    answer.last_id = str(record.get("responseId") or answer.last_id)
    answer.is_over = answer.is_over or _ends_gemini(record)


# --- Gemini Interactions: interaction.created, steps, interaction.completed


def _is_interaction(record: Record) -> bool:
    return str(record.get("event_type", "")).startswith(("interaction.", "step.", "content."))


def _begins_interaction(record: Record, answer: Answer) -> bool:
    named = _object(record, "interaction")
    return bool(named) and (answer.is_over or named.get("id") != answer.body.get("id", named.get("id")))


def _add_interaction(record: Record, answer: Answer) -> None:
    interaction = _object(record, "interaction")
    answer.body.update({k: v for k, v in interaction.items() if v is not None and k not in ("steps", "outputs")})
    if interaction and interaction.get("status") != "in_progress":
        answer.is_over = True
    elif error := _failure(record, answer.is_sse):
        answer.body.update(status="failed", error=error)
        answer.is_over = True


# --- Bedrock ConverseStream: objects of one key; `metadata` holds the usage, before or after messageStop


CONVERSE_PARTS = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop")


def _is_converse(record: Record) -> bool:
    if len(record) == 1 and (key := next(iter(record))).endswith("Exception"):
        return isinstance(record[key], Mapping)
    return any(isinstance(record.get(key), Mapping) for key in CONVERSE_PARTS) or (
        "usage" in _object(record, "metadata") and set(record) <= {"metadata", METRICS}
    )


def _begins_converse(record: Record, answer: Answer) -> bool:
    if "metadata" in record or "messageStop" in record:
        return ("usage" if "metadata" in record else "stopReason") in answer.body
    return "messageStart" in record or "stopReason" in answer.body


def _add_converse(record: Record, answer: Answer) -> None:
    body, metadata = answer.body, _object(record, "metadata")
    body.setdefault("output", {"message": {"role": "assistant"}})
    body.update({key: metadata[key] for key in ("usage", "metrics", "serviceTier") if metadata.get(key)})
    if reason := _object(record, "messageStop").get("stopReason"):
        body["stopReason"] = reason
    for key, value in record.items():
        if key.endswith("Exception") and isinstance(value, Mapping):
            body["error"] = {"type": key, "message": value.get("message")}


# --- Bedrock InvokeModelWithResponseStream: the model's own chunks; the last one has Amazon's count, in whatever protocol


def _is_invocation(record: Record) -> bool:
    return METRICS in record or {"outputText", "totalOutputTextTokenCount"} <= set(record)


COUNTED = {
    "inputTokens": "inputTokenCount",
    "outputTokens": "outputTokenCount",
    "cacheReadInputTokens": "cacheReadInputTokenCount",
    "cacheWriteInputTokens": "cacheWriteInputTokenCount",
}


def _add_invocation(record: Record, answer: Answer) -> None:
    answer.body.setdefault("output", {"message": {"role": "assistant"}})
    reason = next((record[k] for k in ("completionReason", "stop_reason", "finish_reason") if record.get(k)), None)
    if reason := reason or _first(record, "outputs").get("stop_reason"):
        answer.body["stopReason"] = reason


def _add_metrics(record: Record, answer: Answer) -> None:
    """Amazon's count of an invocation: the only one of most models; a protocol that counts itself needs only to know who served it."""
    if counts := _object(record, METRICS):
        answer.is_over = True
        answer.outer["provider"] = "bedrock"
        if counts.get("invocationLatency") is not None:
            answer.outer["latency_ms"] = counts["invocationLatency"]
        if not answer.body.get("usage") and answer.protocol.proof == "output":
            answer.body["usage"] = {name: counts[key] for name, key in COUNTED.items() if counts.get(key) is not None}


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        lambda r: r.get("type") in ANTHROPIC_EVENTS,
        lambda _: False,
        _begins_message,
        _add_message,
        "type",
    ),
    Protocol(
        lambda r: str(r.get("type", "")).startswith("response."),
        lambda _: False,
        _begins_response,
        _add_response,
        "object",
    ),
    Protocol(_is_chunk, lambda r: r.get("object") == "text_completion", _begins_chunk, _add_chunk, "object"),
    Protocol(
        _is_gemini_event,
        lambda r: bool({"candidates", "usageMetadata"} & set(r)),
        _begins_gemini,
        _add_gemini,
        "candidates",
    ),
    Protocol(_is_interaction, lambda _: False, _begins_interaction, _add_interaction, "object"),
    Protocol(_is_converse, lambda _: False, _begins_converse, _add_converse, "output"),
    Protocol(
        _is_invocation,
        lambda r: bool({"generation", "outputText", "outputs", "is_finished"} & set(r)),
        lambda _, answer: answer.is_over,
        _add_invocation,
        "output",
    ),
)
"""The first that fits. The proof of Anthropic is `type`, of Responses and Interactions `object`; the others need none."""


def _object(record: Record, key: str) -> Record:
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _first(record: Record, key: str) -> Record:
    """The first object of a list."""
    value = record.get(key)
    return value[0] if isinstance(value, list) and value and isinstance(value[0], Mapping) else {}


# --- how events are written down: as an event stream (SSE), as JSON lines, or both in turn


SSE_START = re.compile(r"\ufeff?\s*(?:(?:id|retry)?:[^\n]*\n\s*)*(?:data|event):")
NEWLINE = re.compile("\r\n|\r|\n")
FIELD = re.compile(r"(data|event|id|retry)?:")
MAX_EVENT_CHARS = 64 << 20


def is_sse(text: str) -> bool:
    """Whether a text begins as an event stream does."""
    return SSE_START.match(text) is not None


def events(lines: Iterable[tuple[int, bytes]]) -> Iterator[Item]:
    """What stands on numbered lines: the events of a stream, or one record a line. What is broken has no record."""
    begin, data = 0, ""
    for number, line in lines:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip("\r\n")
        field_ = FIELD.match(text)
        # an event ends with a blank line; logs lose these, so it also ends where its JSON is complete
        if data and (not field_ or len(data) > MAX_EVENT_CHARS or (field_[1] == "data" and _event(begin, data)[1])):
            yield _event(begin, data)
            data = ""
        if field_ and field_[1] == "data":
            begin = begin if data else number
            data += ("\n" if data else "") + text[5:].removeprefix(" ")
        elif not field_ and text.strip():
            yield _event(number, text)
    if data:
        yield _event(begin, data)


def _event(line: int, text: str) -> Item:
    if text.strip() == "[DONE]":
        return line, DONE, ""
    try:
        record = json.loads(text.strip().rstrip(","), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        record = None
    return line, record if isinstance(record, Mapping) else None, text.replace("\n", " ")


def body_of(value: object) -> Record | None:
    """The finished answer of a recorded exchange whose text is an event stream, or a list of events; None for anything else."""
    if isinstance(value, str) and is_sse(value):
        found = events(enumerate((line.encode("utf-8", "replace") for line in NEWLINE.split(value)), 1))
    elif isinstance(value, list) and any(isinstance(item, Mapping) and is_event(item) for item in value[:SOME]):
        found = ((1, item if isinstance(item, Mapping) else None, item) for item in value)
    else:
        return None
    folded = [(record, raw) for _, record, raw, _ in fold(found, is_sse=True, is_one=True) if record is not None]
    return next((record for record, raw in folded if raw is None), folded[-1][0] if folded else None)


FIELDS = ("sse", "response", "response_body", "body", "chunks", "events")
"""Fields of a wrapper that hold a whole stream where others hold the finished answer."""


def finished(record: Record) -> Record:
    """A wrapper with the finished answer in place of the stream that it holds, also in {"response": {"body": ...}}."""
    for key in FIELDS:
        held = record.get(key)
        inner = held.get("body") if isinstance(held, Mapping) else held
        if isinstance(inner, str | list) and (body := body_of(inner)) is not None:
            rest = {name: value for name, value in record.items() if name != key}
            answer = (
                body["response"] if set(body) <= {"provider", "latency_ms", "response"} and "response" in body else body
            )
            outer = {name: value for name, value in body.items() if name != "response"} if answer is not body else {}
            return {**outer, **rest, "response": {**held, "body": answer} if isinstance(held, Mapping) else answer}
    return record


MARKS = re.compile(
    rb'"(?:delta|message_[a-z]+|response\.[a-z_.]+|content_block_[a-z]+|ping|event_type|responseId|prompt_filter_results'
    rb"|messageSt[a-z]+|contentBlock[A-Za-z]+|setup[A-Za-z]*|serverContent|chat\.completion\.chunk|outputText|"
    + METRICS.encode()
    + rb')"'
)
"""What some event has and most other lines do not: only such lines are worth a look."""

SOME = 400


def holds_events(head: bytes) -> bool:
    """Whether one of the first lines of a text is an event."""
    lines = (line for line in head.split(b"\n", SOME)[:SOME] if MARKS.search(line))
    return any(record and is_event(record) for _, record, _ in events(enumerate(lines, 1)))
