-- What MQTT sessions keep while their clients are away: filters and cursors, never messages. The log is the queue.

-- The owner is the connection that serves the session; whoever takes it over writes its own name, and the former one
-- then saves nothing any more. The state is replaced as a whole by its owner.
create table pawtrail.mqtt_sessions (
  tenant_id text not null,
  principal text not null, -- kind and subject of the token
  client_id text not null,
  owner text,
  state jsonb, -- null: nothing was subscribed to yet
  expires_at timestamptz not null,
  primary key (tenant_id, principal, client_id)
) with (fillfactor = 70);
create index mqtt_sessions_by_expiry on pawtrail.mqtt_sessions (expires_at);

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant select, insert, update, delete on pawtrail.mqtt_sessions to pawtrail_app;
  end if;
end
$$;
