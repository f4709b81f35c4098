-- one row is one span of an OpenTelemetry trace, in any dialect: GenAI conventions old and new, OpenLLMetry, OpenLIT, OpenInference, Vercel AI SDK
-- a span counts if it has usage; whether it only repeats its children is for lineage.sql to see
-- raw: json
WITH told AS (
  SELECT * EXCLUDE (attributes), attributes AS m, from_json(to_json(attributes), '{"agent.name":"VARCHAR","ai.model.id":"VARCHAR","ai.model.provider":"VARCHAR","ai.prompt.messages":"VARCHAR","ai.response.finishReason":"VARCHAR",
      "ai.response.id":"VARCHAR","ai.response.model":"VARCHAR","ai.response.msToFirstChunk":"VARCHAR","ai.response.providerMetadata":"VARCHAR",
      "ai.response.serviceTier":"VARCHAR","ai.telemetry.functionId":"VARCHAR","ai.telemetry.metadata.sessionId":"VARCHAR","ai.telemetry.metadata.session_id":"VARCHAR",
      "ai.telemetry.metadata.tags":"VARCHAR","ai.telemetry.metadata.userId":"VARCHAR","ai.telemetry.metadata.user_id":"VARCHAR","ai.usage.cachedInputTokens":"VARCHAR",
      "ai.usage.completionTokens":"VARCHAR","ai.usage.inputTokenDetails.cacheReadTokens":"VARCHAR","ai.usage.inputTokenDetails.cacheWriteTokens":"VARCHAR",
      "ai.usage.inputTokens":"VARCHAR","ai.usage.outputTokenDetails.reasoningTokens":"VARCHAR","ai.usage.outputTokens":"VARCHAR","ai.usage.promptTokens":"VARCHAR",
      "ai.usage.reasoningTokens":"VARCHAR","ai.usage.tokens":"VARCHAR","ai.usage.totalTokens":"VARCHAR","deployment.environment":"VARCHAR","embedding.model_name":"VARCHAR",
      "enduser.id":"VARCHAR","error.type":"VARCHAR","exception.type":"VARCHAR","gen_ai.agent.name":"VARCHAR","gen_ai.client.operation.time_to_first_chunk":"VARCHAR",
      "gen_ai.conversation.id":"VARCHAR","gen_ai.input.messages":"VARCHAR","gen_ai.openai.response.service_tier":"VARCHAR","gen_ai.operation.name":"VARCHAR",
      "gen_ai.provider.name":"VARCHAR","gen_ai.request.model":"VARCHAR","gen_ai.response.finish_reasons":"VARCHAR","gen_ai.response.id":"VARCHAR",
      "gen_ai.response.model":"VARCHAR","gen_ai.response.service_tier":"VARCHAR","gen_ai.response.time_to_first_chunk":"VARCHAR","gen_ai.system":"VARCHAR",
      "gen_ai.usage.audio.input_tokens":"VARCHAR","gen_ai.usage.audio.output_tokens":"VARCHAR","gen_ai.usage.cache_creation.input_tokens":"VARCHAR",
      "gen_ai.usage.cache_creation_input_tokens":"VARCHAR","gen_ai.usage.cache_read.input_tokens":"VARCHAR","gen_ai.usage.cache_read_input_tokens":"VARCHAR",
      "gen_ai.usage.cached_tokens":"VARCHAR","gen_ai.usage.completion_tokens":"VARCHAR","gen_ai.usage.completion_tokens_details.reasoning_tokens":"VARCHAR",
      "gen_ai.usage.cost":"VARCHAR","gen_ai.usage.details.cache_creation_input_tokens":"VARCHAR","gen_ai.usage.details.cache_read_input_tokens":"VARCHAR",
      "gen_ai.usage.details.cache_read_tokens":"VARCHAR","gen_ai.usage.details.cache_write_tokens":"VARCHAR","gen_ai.usage.details.reasoning_tokens":"VARCHAR",
      "gen_ai.usage.input_tokens":"VARCHAR","gen_ai.usage.output_tokens":"VARCHAR","gen_ai.usage.prompt_tokens":"VARCHAR",
      "gen_ai.usage.prompt_tokens_details.cached_tokens":"VARCHAR","gen_ai.usage.reasoning.output_tokens":"VARCHAR","gen_ai.usage.reasoning_tokens":"VARCHAR",
      "gen_ai.usage.total_tokens":"VARCHAR","gen_ai.user":"VARCHAR","gen_ai.workflow.name":"VARCHAR","graph.node.id":"VARCHAR","graph.node.name":"VARCHAR",
      "http.response.status_code":"VARCHAR","input.value":"VARCHAR","langfuse.session.id":"VARCHAR","langfuse.trace.tags":"VARCHAR","langfuse.user.id":"VARCHAR",
      "langgraph_node":"VARCHAR","llm.cost.total":"VARCHAR","llm.model_name":"VARCHAR","llm.provider":"VARCHAR","llm.request.model":"VARCHAR","llm.request.type":"VARCHAR",
      "llm.response.id":"VARCHAR","llm.system":"VARCHAR","llm.token_count.completion":"VARCHAR","llm.token_count.completion_details.audio":"VARCHAR",
      "llm.token_count.completion_details.reasoning":"VARCHAR","llm.token_count.prompt":"VARCHAR","llm.token_count.prompt_details.audio":"VARCHAR",
      "llm.token_count.prompt_details.cache_input":"VARCHAR","llm.token_count.prompt_details.cache_read":"VARCHAR","llm.token_count.prompt_details.cache_write":"VARCHAR",
      "llm.token_count.total":"VARCHAR","llm.usage.completion_tokens":"VARCHAR","llm.usage.prompt_tokens":"VARCHAR","llm.usage.total_tokens":"VARCHAR","llm.user":"VARCHAR",
      "metadata":"VARCHAR","openai.response.service_tier":"VARCHAR","openinference.span.kind":"VARCHAR","session.id":"VARCHAR","tag.tags":"VARCHAR","thread_id":"VARCHAR",
      "traceloop.association.properties.chat_id":"VARCHAR","traceloop.association.properties.session_id":"VARCHAR","traceloop.association.properties.userId":"VARCHAR",
      "traceloop.association.properties.user_id":"VARCHAR","traceloop.entity.name":"VARCHAR","traceloop.span.kind":"VARCHAR","traceloop.workflow.name":"VARCHAR",
      "user.id":"VARCHAR"}') AS a
  FROM spans_seen
), named AS (
  SELECT *,
    coalesce(a."gen_ai.usage.input_tokens", a."gen_ai.usage.prompt_tokens", a."llm.token_count.prompt", a."llm.usage.prompt_tokens", a."ai.usage.inputTokens", a."ai.usage.promptTokens", a."ai.usage.tokens") AS input, coalesce(a."gen_ai.usage.output_tokens", a."gen_ai.usage.completion_tokens", a."llm.token_count.completion", a."llm.usage.completion_tokens", a."ai.usage.outputTokens", a."ai.usage.completionTokens") AS output,
    coalesce(a."gen_ai.usage.total_tokens", a."llm.token_count.total", a."llm.usage.total_tokens", a."ai.usage.totalTokens") AS total,
    coalesce(a."gen_ai.usage.cache_read.input_tokens", a."gen_ai.usage.cache_read_input_tokens", a."gen_ai.usage.prompt_tokens_details.cached_tokens", a."gen_ai.usage.details.cache_read_tokens", a."gen_ai.usage.details.cache_read_input_tokens", a."gen_ai.usage.cached_tokens", a."llm.token_count.prompt_details.cache_read", a."llm.token_count.prompt_details.cache_input", a."ai.usage.inputTokenDetails.cacheReadTokens", a."ai.usage.cachedInputTokens") AS cache_read,
    coalesce(a."gen_ai.usage.cache_creation.input_tokens", a."gen_ai.usage.cache_creation_input_tokens", a."gen_ai.usage.details.cache_write_tokens", a."gen_ai.usage.details.cache_creation_input_tokens", a."llm.token_count.prompt_details.cache_write", a."ai.usage.inputTokenDetails.cacheWriteTokens") AS cache_write,
    coalesce(a."gen_ai.usage.reasoning.output_tokens", a."gen_ai.usage.reasoning_tokens", a."gen_ai.usage.completion_tokens_details.reasoning_tokens", a."gen_ai.usage.details.reasoning_tokens", a."llm.token_count.completion_details.reasoning", a."ai.usage.outputTokenDetails.reasoningTokens", a."ai.usage.reasoningTokens") AS reasoning,
    coalesce(a."gen_ai.usage.audio.input_tokens", a."llm.token_count.prompt_details.audio") AS audio_input, coalesce(a."gen_ai.usage.audio.output_tokens", a."llm.token_count.completion_details.audio") AS audio_output,
    lower(coalesce(a."gen_ai.operation.name", a."llm.request.type")) AS operation, upper(a."openinference.span.kind") AS openinference_kind,
    -- the vendor's own usage, which the AI SDK passes on
    json_extract(a."ai.response.providerMetadata", '$.anthropic.usage') AS anthropic_usage,
    coalesce(a."gen_ai.provider.name", a."gen_ai.system", a."llm.provider", a."llm.system", a."ai.model.provider") AS provider
  FROM told
)
SELECT file, md5(text) AS line_digest, 'otel' AS source, part,
  CASE WHEN is_none OR ((trace IS NULL OR span IS NULL) AND text IS NOT NULL AND coalesce(input, output, total, operation, openinference_kind) IS NULL) THEN 'no span' END AS doubt,
  CASE WHEN text IS NULL THEN 'a batch without spans'
       WHEN coalesce(input, output, total) IS NULL AND coalesce(operation IN ('chat', 'generate_content', 'text_completion', 'completion', 'embeddings', 'responses'), false) = false
         AND coalesce(openinference_kind IN ('LLM', 'EMBEDDING'), false) = false THEN 'a span that is no call of a model' END AS skip,
  trace, span, parent,
  -- the answer's own id: whoever else logged this call knows it too; an agent's is that of its last call
  coalesce(CASE WHEN coalesce(operation NOT IN ('invoke_agent', 'invoke_workflow', 'agent_step'), true) THEN said(coalesce(a."gen_ai.response.id", a."ai.response.id", a."llm.response.id")) END,
    trace || ':' || span) AS id,
  started, ended, latency_ms,
  coalesce(CAST(TRY_CAST(coalesce(a."gen_ai.response.time_to_first_chunk", a."gen_ai.client.operation.time_to_first_chunk") AS DECIMAL(18, 6)) * 1000 AS VARCHAR), a."ai.response.msToFirstChunk") AS ttft_ms,
  CASE WHEN status_code IN ('2', 'STATUS_CODE_ERROR', 'ERROR', 'Error', 'StatusCode.ERROR') OR a."error.type" IS NOT NULL THEN 'error' ELSE 'success' END AS status,
  coalesce(a."error.type", a."exception.type", error_said(status_message)) AS error_class, CASE WHEN a."http.response.status_code" >= '400' THEN a."http.response.status_code" END AS error_code, status_message AS error_message,
  coalesce(json_extract_string(TRY_CAST(a."gen_ai.response.finish_reasons" AS JSON), '$[0]'), a."gen_ai.response.finish_reasons", a."ai.response.finishReason") AS finish_reason,
  provider, coalesce(a."gen_ai.response.model", a."ai.response.model", a."gen_ai.request.model", a."llm.model_name", a."ai.model.id", a."embedding.model_name", a."llm.request.model") AS model,
  coalesce(a."gen_ai.request.model", a."ai.model.id", a."llm.request.model") AS model_requested,
  CASE WHEN openinference_kind = 'EMBEDDING' OR starts_with(name, 'ai.embed') THEN 'embeddings' ELSE operation END AS operation,
  coalesce(a."gen_ai.openai.response.service_tier", a."openai.response.service_tier", a."gen_ai.response.service_tier") AS service_tier,
  coalesce(a."user.id", a."enduser.id", a."gen_ai.user", a."llm.user", a."langfuse.user.id", a."ai.telemetry.metadata.userId", a."ai.telemetry.metadata.user_id", a."traceloop.association.properties.user_id", a."traceloop.association.properties.userId") AS "user",
  coalesce(a."gen_ai.conversation.id", a."session.id", a."langfuse.session.id", a."thread_id", a."ai.telemetry.metadata.sessionId", a."ai.telemetry.metadata.session_id", a."traceloop.association.properties.session_id", a."traceloop.association.properties.chat_id") AS session,
  coalesce(said(a."gen_ai.agent.name"), said(a."agent.name"), CASE WHEN openinference_kind = 'AGENT' OR a."traceloop.span.kind" = 'agent' THEN coalesce(said(a."traceloop.entity.name"), name) END,
    said(a."graph.node.name"), said(a."graph.node.id"), said(a."langgraph_node")) AS agent,
  coalesce(a."ai.telemetry.functionId", a."gen_ai.workflow.name", a."traceloop.workflow.name") AS feature,
  coalesce(resource['deployment.environment.name'], resource['deployment.environment'], a."deployment.environment") AS environment,
  coalesce(a."tag.tags", a."ai.telemetry.metadata.tags", a."langfuse.trace.tags") AS tag_list, a."metadata" AS facts,
  -- what people attached themselves, under the names they gave it
  CAST(to_json(map_of(list_concat(
    list_transform(list_filter(map_entries(m), lambda e: NOT regexp_matches(e.key, '^(gen_ai|llm|ai|openinference|input|output|embedding|retrieval|tool|traceloop|http|net|network|server|url|rpc|telemetry|otel|code|thread|exception|error|operation|resource|user|session|enduser|langfuse|tag|metadata)([.]|$)')
        OR regexp_matches(e.key, '^(traceloop[.]association[.]properties|ai[.]telemetry[.]metadata|metadata|langfuse[.](trace|observation)[.]metadata)[.]')),
      lambda e: {'k': regexp_replace(e.key, '^(traceloop[.]association[.]properties|ai[.]telemetry[.]metadata|metadata|langfuse[.](trace|observation)[.]metadata)[.]', ''), 'v': e.value}),
    CASE WHEN resource['service.name'] IS NOT NULL THEN [{'k': 'service.name', 'v': resource['service.name']}] ELSE [] END))) AS VARCHAR) AS more_facts,
  coalesce(json_extract_string(anthropic_usage, '$.input_tokens'), input) AS input, coalesce(json_extract_string(anthropic_usage, '$.output_tokens'), output) AS output,
  -- the AI SDK adds up the total of these two vendors from the two counts: it tells nothing of the cache
  CASE WHEN anthropic_usage IS NULL AND coalesce(a."ai.usage.inputTokens" IS NULL OR NOT regexp_matches(provider, 'anthropic|bedrock'), true) THEN total END AS total,
  coalesce(json_extract_string(anthropic_usage, '$.cache_read_input_tokens'), cache_read) AS cache_read,
  coalesce(json_extract_string(anthropic_usage, '$.cache_creation_input_tokens'), cache_write) AS cache_write,
  json_extract_string(anthropic_usage, '$.cache_creation.ephemeral_5m_input_tokens') AS cache_write_5m,
  json_extract_string(anthropic_usage, '$.cache_creation.ephemeral_1h_input_tokens') AS cache_write_1h,
  reasoning, audio_input, audio_output,
  -- the conventions say that the input holds the cached part; who is known to do otherwise says so by its scope, and where nobody knows arithmetic decides
  CASE WHEN anthropic_usage IS NOT NULL THEN false
       WHEN starts_with(scope, 'openlit') THEN NOT coalesce(contains(lower(provider), 'anthropic'), false)
       WHEN a."gen_ai.usage.cache_read.input_tokens" IS NOT NULL OR a."gen_ai.usage.cache_creation.input_tokens" IS NOT NULL OR starts_with(scope, 'opentelemetry.instrumentation') OR a."llm.token_count.prompt" IS NOT NULL THEN true
       WHEN a."ai.usage.inputTokenDetails.cacheReadTokens" IS NOT NULL THEN true
       -- version 5 of the AI SDK left it out for these two vendors, version 6 does not
       WHEN a."ai.usage.inputTokens" IS NOT NULL AND NOT regexp_matches(provider, 'anthropic|bedrock') THEN true END AS input_includes_cache,
  CASE WHEN a."ai.usage.inputTokens" IS NOT NULL OR a."llm.token_count.completion" IS NOT NULL OR regexp_matches(scope, '^(opentelemetry[.]instrumentation|openlit)') OR a."gen_ai.usage.reasoning.output_tokens" IS NOT NULL
       THEN true END AS output_includes_reasoning,
  coalesce(a."llm.cost.total", a."gen_ai.usage.cost") AS source_cost, CASE WHEN coalesce(a."llm.cost.total", a."gen_ai.usage.cost") IS NOT NULL THEN 'recorded' END AS source_cost_kind,
  coalesce(a."gen_ai.input.messages", a."ai.prompt.messages", a."input.value") AS prompt
FROM named
