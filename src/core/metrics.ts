// What the parts count and measure, without knowing the exporter. Names follow Prometheus: unit last,
// `_total` on counters.
export type Labels = Readonly<Record<string, string>>

export interface Metrics {
  /** Adds to a counter that only rises. */
  count(name: MetricName, by?: number, labels?: Labels): void
  /** Sets a gauge. */
  gauge(name: MetricName, value: number, labels?: Labels): void
  /** Adds one observation to a histogram. */
  observe(name: MetricName, value: number, labels?: Labels): void
}

/** Every metric of the program, with its kind and help text; the exporter is made from this table. */
export const METRICS = {
  pawtrail_http_request_duration_seconds: [
    'histogram',
    'HTTP requests by method, route and status',
    ['method', 'route', 'status'],
  ],
  pawtrail_append_batch_commands: ['histogram', 'Commands in one append batch', []],
  pawtrail_append_batch_duration_seconds: [
    'histogram',
    'Time from sending an append batch to its commit',
    [],
  ],
  pawtrail_append_outcomes_total: ['counter', 'Appends by outcome', ['outcome']],
  pawtrail_append_queue_commands: ['gauge', 'Commands waiting for an append batch', []],
  pawtrail_projection_position: ['gauge', 'Log position a projection has reached', ['projection']],
  pawtrail_projection_lag_events: [
    'gauge',
    'Positions between the log head and a projection',
    ['projection'],
  ],
  pawtrail_projection_page_duration_seconds: [
    'histogram',
    'Time to fold and commit one page',
    ['projection'],
  ],
  pawtrail_projection_events_total: ['counter', 'Events a projection has folded', ['projection']],
  pawtrail_projection_parked_total: [
    'counter',
    'Streams parked by a projection because of a poison event',
    ['projection'],
  ],
  pawtrail_policy_lag_events: ['gauge', 'Positions between the log head and a policy', ['policy']],
  pawtrail_policy_reactions_total: [
    'counter',
    'Reactions of a policy by outcome',
    ['policy', 'outcome'],
  ],
  pawtrail_policy_parked_total: [
    'counter',
    'Streams parked by a policy because a reaction did not go well',
    ['policy'],
  ],
  pawtrail_policy_parked_streams: ['gauge', 'Streams a policy has set aside', ['policy']],
  pawtrail_feed_subscribers: ['gauge', 'Open live subscriptions', ['transport', 'state']],
  pawtrail_feed_events_sent_total: ['counter', 'Events sent to live subscribers', ['transport']],
  pawtrail_feed_demotions_total: [
    'counter',
    'Live subscriptions demoted to catch-up',
    ['transport'],
  ],
  pawtrail_feed_lag_events: [
    'gauge',
    'Log positions between the newest event and the live subscription furthest behind',
    ['transport'],
  ],
  pawtrail_feed_connections: ['gauge', 'Open connections of live transports', ['transport']],
  pawtrail_feed_closed_total: [
    'counter',
    'Live subscriptions that ended, by why',
    ['transport', 'reason'],
  ],
  pawtrail_feed_refused_total: [
    'counter',
    'Connections and live subscriptions that were refused, by why',
    ['transport', 'reason'],
  ],
  pawtrail_mqtt_bridge_connected: ['gauge', 'Whether this process publishes to the broker', []],
  pawtrail_mqtt_bridge_lag_events: ['gauge', 'Positions between the log head and the bridge', []],
  pawtrail_mqtt_bridge_messages_total: [
    'counter',
    'Messages of the bridge by what the broker said',
    ['outcome'],
  ],
  pawtrail_cache_requests_total: ['counter', 'Answers looked up in the response cache', ['result']],
  pawtrail_cache_bytes: ['gauge', 'Bytes held by the response cache', []],
  pawtrail_cache_entries: ['gauge', 'Entries held by the response cache', []],
  pawtrail_callbacks_total: ['counter', 'Callbacks by how they ended', ['outcome']],
  pawtrail_webhook_attempts_total: ['counter', 'Webhook calls by outcome', ['outcome']],
  pawtrail_webhooks_disabled_total: ['counter', 'Webhook endpoints disabled by us', []],
  pawtrail_http_connections_refused_total: [
    'counter',
    'Connections closed as they came, because too many were open',
    [],
  ],
  pawtrail_rate_limited_total: ['counter', 'Requests refused by the rate limit', []],
} as const satisfies Record<
  string,
  readonly [kind: 'counter' | 'gauge' | 'histogram', help: string, labels: readonly string[]]
>

export type MetricName = keyof typeof METRICS

export const noMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} }
