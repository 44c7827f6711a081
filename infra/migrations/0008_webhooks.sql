-- Webhook endpoints as deliveries see them. The log says what an endpoint is; these tables say how far it is. What is
-- owed to an endpoint is what the log has after its position: an outage adds no row a message.

-- One row an endpoint. `facts` is what its stream says, at `version`. The fence rises with each lease, so that a former
-- owner stores nothing. Hot and small: room is left in each page for updates in place.
create table pawtrail.webhook_endpoints (
  tenant_id text not null,
  endpoint_id text not null,
  version int not null,
  facts jsonb not null,
  is_active boolean not null,
  start_number int not null,
  position bigint not null check (position >= 0),
  health jsonb not null,
  due_at timestamptz, -- when it is to be worked next; null: not before something happens
  owner text,
  lease_until timestamptz,
  fence bigint not null default 0,
  primary key (tenant_id, endpoint_id)
) with (fillfactor = 50);
create index webhook_endpoints_by_due on pawtrail.webhook_endpoints (due_at) where is_active;

-- A stream of which an event failed and is tried again. One row a stream, however many of its events wait behind it.
create table pawtrail.webhook_blocked (
  tenant_id text not null,
  endpoint_id text not null,
  category text not null,
  stream_id text not null,
  version int not null,
  position bigint not null,
  attempts int not null,
  due_at timestamptz not null,
  primary key (tenant_id, endpoint_id, category, stream_id)
);

-- Events that were given up.
create table pawtrail.webhook_dead (
  tenant_id text not null,
  endpoint_id text not null,
  position bigint not null,
  event_id text not null,
  type text not null,
  subject text not null,
  attempts int not null,
  cause text not null,
  died_at timestamptz not null,
  primary key (tenant_id, endpoint_id, position)
);

-- Parts of the log that are sent once more.
create table pawtrail.webhook_replays (
  tenant_id text not null,
  endpoint_id text not null,
  replay_id text not null,
  after bigint not null,
  up_to bigint not null,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  types text[],
  subjects text[],
  primary key (tenant_id, endpoint_id, replay_id)
);

-- The newest attempts of each endpoint; older ones are removed as new ones come.
create table pawtrail.webhook_attempts (
  tenant_id text not null,
  endpoint_id text not null,
  attempt_id bigint generated always as identity,
  event_id text not null,
  position bigint,
  attempt jsonb not null,
  primary key (tenant_id, endpoint_id, attempt_id)
);
create index webhook_attempts_by_event
  on pawtrail.webhook_attempts (tenant_id, endpoint_id, event_id);

-- What endpoints' requests are signed with. Needed as they are, and so kept apart from everything that is read or sent.
create table pawtrail.webhook_secrets (
  tenant_id text not null,
  endpoint_id text not null,
  secret_id text not null,
  secret text not null,
  primary key (tenant_id, endpoint_id, secret_id)
);

-- How far the log was searched for changes of endpoints: one row.
create table pawtrail.webhook_search (
  one boolean primary key default true check (one),
  position bigint not null
);

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant select, insert, update, delete
      on pawtrail.webhook_endpoints, pawtrail.webhook_blocked, pawtrail.webhook_dead,
        pawtrail.webhook_replays, pawtrail.webhook_attempts, pawtrail.webhook_secrets,
        pawtrail.webhook_search to pawtrail_app;
  end if;
end
$$;
