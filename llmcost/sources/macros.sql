-- the small words that every source is written in: text in, one typed value out, NULL where the text is no such thing

-- a number without the commas of "1,234,567.8"; NULL for any other use of commas ("12,7" is no 127)
CREATE OR REPLACE TEMP MACRO plain(x) AS
  CASE WHEN NOT contains(x, ',') THEN x WHEN regexp_full_match(x, '\s*[-+$]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?\s*') THEN replace(x, ',', '') END;

-- a count: 12, "12", "1,234", 12.0; never a fraction, never below zero, never rounded (a plain cast would make 13 of 12.7)
CREATE OR REPLACE TEMP MACRO whole(x) AS
  CASE WHEN contains(x, '.') OR contains(x, ',') OR contains(x, 'e-') OR contains(x, 'E-') THEN
         CASE WHEN TRY_CAST(plain(x) AS DECIMAL(38, 9)) = TRY_CAST(plain(x) AS UBIGINT)
              THEN TRY_CAST(TRY_CAST(plain(x) AS UBIGINT) AS BIGINT) END
       ELSE TRY_CAST(TRY_CAST(x AS UBIGINT) AS BIGINT) END;

-- a bad value as a reason may show it: one word, for a text could be a prompt
CREATE OR REPLACE TEMP MACRO shown(x) AS CASE WHEN regexp_full_match(x, '[-+.,:\w]{1,32}') THEN x ELSE length(x) || ' characters' END;

-- a span of time in whole ms
CREATE OR REPLACE TEMP MACRO milliseconds(x) AS TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT);

-- an instant in µs since 1970: epoch numbers by magnitude (s, ms, µs, ns), else ISO 8601 text; without an offset it is UTC
-- a double holds seconds of this century to 0.2 µs, so numbers with a point lose nothing; whole numbers stay integers
CREATE OR REPLACE TEMP MACRO instant_us(x) AS
  CASE WHEN TRY_CAST(x AS DOUBLE) IS NULL THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ))
       WHEN TRY_CAST(x AS DOUBLE) < 100000000000 THEN CAST(round(TRY_CAST(x AS DOUBLE) * 1000000) AS BIGINT)
       WHEN TRY_CAST(x AS DOUBLE) < 100000000000000 THEN CAST(round(TRY_CAST(x AS DOUBLE) * 1000) AS BIGINT)
       WHEN TRY_CAST(x AS DOUBLE) < 100000000000000000 THEN TRY_CAST(x AS BIGINT)
       ELSE TRY_CAST(x AS BIGINT) // 1000 END;

-- the same as text, for an epoch number whose unit is known; what is none stays as it is, for the reader to see
CREATE OR REPLACE TEMP MACRO instant_text(x, microseconds, unit) AS
  coalesce(CAST(TRY(make_timestamp(CAST(floor(TRY_CAST(x AS DECIMAL(29, 9)) * microseconds) AS BIGINT))) AS VARCHAR), x || unit);

-- text as recorded, without the empty string and the words gateways write for nothing
CREATE OR REPLACE TEMP MACRO said(x) AS CASE WHEN x IN ('', 'None', 'null', 'undefined') THEN NULL ELSE x END;

-- calls that a gateway logs but no provider bills: fetching, listing or counting what is there already
CREATE OR REPLACE TEMP MACRO is_housekeeping(call_type) AS
  call_type NOT IN ('acompletion', 'completion', 'aresponses', 'responses', 'aembedding', 'embedding')
  AND (regexp_matches(call_type, '^_?a?(get|list|retrieve|delete|cancel|count_tokens|health)') OR call_type IN ('acount_tokens', 'count_tokens'));

-- LiteLLM's prompt_tokens holds the cached part, except where the body of Anthropic is passed through as it came
CREATE OR REPLACE TEMP MACRO prompt_holds_cache(call_type, provider) AS
  CASE call_type WHEN 'anthropic_messages' THEN false WHEN 'aanthropic_messages' THEN false
    WHEN 'pass_through_endpoint' THEN CASE WHEN provider = 'anthropic' THEN false END WHEN 'allm_passthrough_route' THEN NULL ELSE true END;

-- LiteLLM's model: failed attempts and cache hits have the provider before it, others have not; the provider has a column of its own
CREATE OR REPLACE TEMP MACRO litellm_model(model, provider) AS
  CASE WHEN starts_with(model, provider || '/') THEN substr(model, length(provider) + 2) ELSE model END;

-- LiteLLM's messages, unless it was told not to log them
CREATE OR REPLACE TEMP MACRO recorded_prompt(x) AS
  CASE WHEN strlen(x) > 200 OR NOT (x IN ('', '{}', '[]', 'null') OR contains(x, 'redacted-by-litellm')) THEN x END;

-- OpenAI's own model names
CREATE OR REPLACE TEMP MACRO is_openai(model) AS regexp_matches(model, '^(gpt|o[0-9]|chatgpt|ft:|text-embedding|davinci|babbage|codex|computer-use)');

-- things used that are billed apart from tokens, from a list of {'k': unit, 'v': count as text}; NULL when there are none
CREATE OR REPLACE TEMP MACRO units_of(used) AS
  nullif(map_from_entries(list_filter(list_transform(used, lambda u: {'k': u.k, 'v': TRY_CAST(u.v AS DECIMAL(18, 6))}), lambda u: u.v > 0)), MAP {});

-- usage as Google writes it, in small letters and with underscores, whichever way it was written down
CREATE OR REPLACE TEMP MACRO snake(x) AS lower(regexp_replace(CAST(x AS VARCHAR), '([a-z])([A-Z])', '\1_\2', 'g'));

-- tokens of one modality (by name, or by the number that Google's protocol gives it) out of details such as [{"modality": "audio", "tokens": 3}]; NULL when they are more than the total they are said to be parts of
CREATE OR REPLACE TEMP MACRO tokens_of(details, total, name) AS
  CASE WHEN list_sum(list_transform(details, lambda d: whole(coalesce(d.token_count, d.tokens)))) <= whole(total)
       THEN coalesce(list_sum(list_transform(list_filter(details, lambda d: d.modality IN (name, CAST(list_position(['text', 'image', 'video', 'audio'], name) AS VARCHAR))), lambda d: whole(coalesce(d.token_count, d.tokens)))), 0) END;

-- Google's name of a model without the path before it
CREATE OR REPLACE TEMP MACRO google_model(x) AS regexp_replace(x, '^.*models/', '');

-- Bedrock's id of a model; an ARN that holds it is opened, the ARN of an application's own profile hides it and stays
CREATE OR REPLACE TEMP MACRO bedrock_model(x) AS regexp_replace(x, '^arn:[^/]*:(foundation-model|inference-profile)/', '');

-- tokens that Bedrock wrote to a cache for so long, from [{"ttl": "5m", "inputTokens": 3}]
CREATE OR REPLACE TEMP MACRO written_for(details, ttl) AS
  CAST(list_sum(list_transform(list_filter(details, lambda d: d.ttl = ttl), lambda d: whole(d.inputTokens))) AS VARCHAR);

-- the date of an HTTP header, as text that is an instant
CREATE OR REPLACE TEMP MACRO http_date(x) AS CAST(try_strptime(x, '%a, %d %b %Y %H:%M:%S GMT') AS VARCHAR);

-- the object at a path of a JSON value; NULL when there is none, or something else
CREATE OR REPLACE TEMP MACRO object_at(x, path) AS CASE WHEN json_type(x, path) = 'OBJECT' THEN json_extract(x, path) END;

-- why a call failed, in one vocabulary for OpenAI, Anthropic, Google, Bedrock and LiteLLM; NULL when nothing says that it failed
CREATE OR REPLACE TEMP MACRO error_kind_of(class, code, message) AS CASE
  WHEN class IS NULL AND code IS NULL AND message IS NULL THEN NULL
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)ContentPolicyViolation|Guardrail|RejectedRequest|content_filter|content_policy|ResponsibleAIPolicy|bio_policy|cyber_policy|image_content_policy|\b424\b')
    OR regexp_matches(message, '(?i)content management policy|safety system|content filtering policy|response was blocked|violating our usage policy')
    THEN 'content_filter'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)ContextWindowExceeded|context_length_exceeded|context_window_exceeded|request_too_large|RequestTooLarge')
    OR (NOT regexp_matches(concat_ws(' ', class, code), '(?i)\b429\b|RateLimit')
        AND regexp_matches(message, '(?i)maximum context length|prompt is too long|input is too long|exceeds the maximum number of tokens|input tokens exceed|too many tokens|exceed context limit|Request payload size exceeds'))
    THEN 'context_length'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b40[13]\b|Authentication|PermissionDenied|permission_error|PERMISSION_DENIED|UNAUTHENTICATED|AccessDenied') THEN 'auth'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b429\b|\b402\b|RateLimit|rate_limit|RESOURCE_EXHAUSTED|Throttling|TooManyRequests|ServiceQuotaExceeded|slow_down|insufficient_quota|billing_error|BudgetExceeded|PaymentRequired|credit_balance') THEN 'rate_limit'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b408\b|\b504\b|Timeout|timed_out|timeout_error|DEADLINE_EXCEEDED|DeadlineExceeded') THEN 'timeout'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b499\b|ClientDisconnect|cancell?ed') THEN 'user_choice'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b5[0-9][0-9]\b|overloaded|UNAVAILABLE|\bINTERNAL\b|InternalServer|ServiceUnavailable|BadGateway|APIConnection|APIError|api_error|server_error|server_is_overloaded|ModelErrorException|MidStreamFallback') THEN 'server_error'
  WHEN regexp_matches(concat_ws(' ', class, code), '(?i)\b4(00|04|09|13|22)\b|BadRequest|NotFound|NOT_FOUND|invalid_request|INVALID_ARGUMENT|InvalidArgument|ValidationException|UnprocessableEntity|Conflict|invalid_prompt|DeploymentNotFound') THEN 'bad_request'
  ELSE 'unknown' END;
-- the HTTP status of a failed call; NULL for any other
CREATE OR REPLACE TEMP MACRO failed_http(code) AS CASE WHEN TRY_CAST(code AS SMALLINT) BETWEEN 400 AND 599 THEN code END;
-- the class of an error or its HTTP status where a message begins with it, as the SDKs write it: "RateLimitError: ...", "Error code: 429 - ..."
-- (further on in the text either may be part of an echoed prompt)
CREATE OR REPLACE TEMP MACRO error_said(message) AS
  nullif(regexp_extract(message, '^(?:Error code: |(?:[A-Za-z_]+[.])*)([45][0-9][0-9]|[A-Z][A-Za-z]*(?:Error|Exception|Timeout))(?:$|: | - |[.] | [A-Z]+_[A-Z]+)', 1), '');
CREATE OR REPLACE TEMP MACRO is_blocked(finish_reason) AS
  finish_reason NOT IN ('stop', 'length', 'tool_calls', 'end_turn', 'tool_use', 'max_tokens', 'STOP', 'completed')
  AND regexp_matches(finish_reason, '^(?i:content_filter(ed)?|refusal|safety|recitation|blocklist|prohibited_content|spii|image_.*|guardrail_intervened|content_filtered|model_armor|blocked: .*)$');

-- the number in "$1,234.50"
CREATE OR REPLACE TEMP MACRO amount(x) AS ltrim(plain(x), ' $');

-- money a log recorded, in US dollars, from its text; NULL when it is no number
CREATE OR REPLACE TEMP MACRO usd(x, unit) AS CASE
  WHEN x IS NULL OR x = '' THEN NULL
  WHEN unit = 'cents' THEN CAST(TRY_CAST(amount(x) AS DECIMAL(38, 22)) * 0.01::DECIMAL(2, 2) AS DECIMAL(38, 24))
  -- xAI's unit, a ten-billionth of a dollar
  WHEN unit = 'ticks' THEN CAST(TRY_CAST(amount(x) AS DECIMAL(28, 14)) * 0.0000000001::DECIMAL(10, 10) AS DECIMAL(38, 24))
  WHEN unit = 'micros' THEN CAST(TRY_CAST(amount(x) AS DECIMAL(32, 18)) * 0.000001::DECIMAL(6, 6) AS DECIMAL(38, 24))
  WHEN unit = 'nanos' THEN CAST(TRY_CAST(amount(x) AS DECIMAL(29, 15)) * 0.000000001::DECIMAL(9, 9) AS DECIMAL(38, 24))
  WHEN starts_with(x, '$') OR contains(x, ',') THEN TRY_CAST(amount(x) AS DECIMAL(38, 24))
  ELSE TRY_CAST(x AS DECIMAL(38, 24)) END;

-- a JSON object that may stand as text inside text, once or twice; anything else is NULL
CREATE OR REPLACE TEMP MACRO opened(x) AS CASE
  WHEN starts_with(ltrim(x), '"') THEN TRY_CAST(json_extract_string(TRY_CAST(x AS JSON), '$') AS JSON)
  ELSE TRY_CAST(x AS JSON) END;

-- attributes of OpenTelemetry as a map of texts: they come as an object, as [{"key", "value": {"stringValue"}}] or as [{"Key", "Value": {"Value"}}]
CREATE OR REPLACE TEMP MACRO attribute_value(v) AS
  CASE json_type(v) WHEN 'OBJECT' THEN coalesce(json_extract_string(v, '$.stringValue'), json_extract_string(v, '$.intValue'), json_extract_string(v, '$.doubleValue'),
      json_extract_string(v, '$.boolValue'), CAST(to_json(nullif(json_extract_string(v, '$.arrayValue.values[*].stringValue'), [])) AS VARCHAR),
      json_extract_string(v, '$.Value'), CAST(v AS VARCHAR))
    ELSE json_extract_string(v, '$') END;
-- the first of two equal names counts
CREATE OR REPLACE TEMP MACRO map_of(entries) AS
  CASE WHEN len(entries) = len(list_distinct(list_transform(entries, lambda e: e.k))) THEN map_from_entries(entries)
    ELSE map_from_entries(list_filter(entries, lambda e, i: list_position(list_transform(entries, lambda x: x.k), e.k) = i)) END;
CREATE OR REPLACE TEMP MACRO attribute_map(j) AS
  CASE json_type(j) WHEN 'OBJECT' THEN CAST(j AS MAP(VARCHAR, VARCHAR))
    WHEN 'ARRAY' THEN map_of(list_filter(list_transform(CAST(j AS JSON[]),
      lambda e: {'k': coalesce(json_extract_string(e, '$.key'), json_extract_string(e, '$.Key')), 'v': attribute_value(coalesce(e -> '$.value', e -> '$.Value'))}),
      lambda e: e.k IS NOT NULL)) END;

CREATE OR REPLACE TEMP MACRO fell_back(fallbacks, fallback_from) AS coalesce(fallbacks > 0, false) OR fallback_from IS NOT NULL;
-- names that leave the choice of a model to a router
CREATE OR REPLACE TEMP MACRO asks_a_router(model_requested) AS coalesce(regexp_full_match(model_requested, '(openrouter/auto|(azure/|azure_ai/)?model-router|auto_router/.*)'), false);
