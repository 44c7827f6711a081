-- The log: the system of record. Positions are dense and in commit order, because every append runs
-- as one statement under one lock; nothing that was stored is changed or removed. The program's
-- role can read, and append only through append_batch.

create schema if not exists pawtrail;

-- Roles belong to the whole server, so another database's migration may create this one at the same
-- moment. Without the right to create roles the program works as its owner: the triggers still
-- hold, the privileges then do not add to them.
do $$
begin
  if not exists (select from pg_roles where rolname = 'pawtrail_app') then
    create role pawtrail_app nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise notice 'role pawtrail_app is missing and may not be created by %', current_user;
end
$$;

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app')
    and not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant pawtrail_app to %I', current_user);
  end if;
exception
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise notice 'role pawtrail_app may not be granted to %', current_user;
end
$$;

-- Identifiers compare byte by byte (collation "C"): equality is all they need, and it makes their
-- indexes cheaper.

-- A stream's newest version, and the positions between which its events lie, so that reading it
-- visits few partitions. Room is left in each page because the row is updated with every append.
create table pawtrail.streams (
  tenant_id text collate "C" not null,
  category text collate "C" not null,
  stream_id text collate "C" not null,
  version int not null,
  first_position bigint not null,
  last_position bigint not null,
  primary key (tenant_id, category, stream_id)
) with (fillfactor = 80);

-- Three B-trees a partition: position, (tenant_id, position), and the stream's versions. The last
-- is unique within each partition only; across partitions the streams row, written under the lock,
-- is the guard.
create table pawtrail.events (
  position bigint not null,
  tenant_id text collate "C" not null,
  category text collate "C" not null,
  stream_id text collate "C" not null,
  version int not null,
  event_id uuid not null,
  type text collate "C" not null,
  schema_version smallint not null,
  data jsonb not null,
  metadata jsonb not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (position)
) partition by range (position);
create index events_by_tenant on pawtrail.events (tenant_id, position);

-- What each idempotency key did. Entries live for 24 hours at least; forget_commands removes older
-- ones.
create table pawtrail.command_log (
  tenant_id text collate "C" not null,
  key text collate "C" not null,
  request_hash text collate "C" not null,
  category text collate "C" not null,
  stream_id text collate "C" not null,
  version int not null,
  position bigint not null,
  recorded_at timestamptz not null,
  primary key (tenant_id, key)
);
create index command_log_by_age on pawtrail.command_log (recorded_at);

-- One row. The epoch is raised whenever the log is restored or re-imported; the key encrypts
-- cursors. Two random UUIDs carry 244 random bits, of which the hash keeps 128.
create table pawtrail.log_identity (
  only_row boolean primary key default true check (only_row),
  epoch int not null default 1 check (epoch >= 1),
  cursor_key bytea not null check (length(cursor_key) = 16),
  created_at timestamptz not null default clock_timestamp()
);
insert into pawtrail.log_identity (cursor_key)
values (substring(
  sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) from 1 for 16));

create function pawtrail.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'the log is append-only: % on %.% is refused',
      tg_op, tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

-- Statement triggers cost an insert nothing. They fire for the table that a statement names, so
-- each partition has its own.
create trigger append_only before update or delete or truncate on pawtrail.events
for each statement execute function pawtrail.refuse_change();

-- Keeps one whole partition empty ahead of the newest event. Created beside the table and then
-- attached, which does not block appends or reads. The lock makes two callers take turns; the
-- second finds nothing to do.
create function pawtrail.ensure_partitions() returns int
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
  partition_size constant bigint := 33554432;
  head_position bigint;
  next_from bigint;
  partition_name text;
  created int := 0;
begin
  perform pg_advisory_xact_lock(7021436001);
  select coalesce(max(position), 0) into head_position from pawtrail.events;
  select coalesce(max(
      substring(pg_get_expr(c.relpartbound, c.oid) from $re$TO \('?(\d+)'?\)$re$)::bigint), 1)
    into next_from
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'pawtrail.events'::regclass;
  while next_from - partition_size <= head_position + 1 loop
    partition_name := 'events_from_' || lpad(next_from::text, 13, '0');
    execute format('create table pawtrail.%I (like pawtrail.events including all)', partition_name);
    execute format(
      'create unique index %I on pawtrail.%I (tenant_id, category, stream_id, version)',
      partition_name || '_by_stream', partition_name);
    execute format(
      'create trigger append_only before update or delete or truncate on pawtrail.%I
       for each statement execute function pawtrail.refuse_change()', partition_name);
    execute format(
      'alter table pawtrail.events attach partition pawtrail.%I for values from (%s) to (%s)',
      partition_name, next_from, next_from + partition_size);
    next_from := next_from + partition_size;
    created := created + 1;
  end loop;
  return created;
end
$$;
select pawtrail.ensure_partitions();

-- Appends one batch. The arrays have one entry an event; a command's own values are repeated on
-- each of its events, so that one pass without joins between commands and events is enough. Data and
-- metadata are one JSON array each, in the same order: they are parsed once, and nothing in them has
-- to be quoted. No two commands of a batch share a stream or a key. expected_version -1 stands for
-- any. Answers one row a command, in order.
--
-- The lock is a statement of its own, and the head is read by the next one: read in the same
-- statement, the head would come from the snapshot taken before the wait. Called in autocommit, the
-- lock lasts for this call and its commit alone. Joins go through the primary keys whatever the
-- statistics of a young table say, hence the planner settings.
create function pawtrail.append_batch(
  ordinals int[], event_numbers int[], event_counts int[],
  tenant_ids text[], categories text[], stream_ids text[], expected_versions int[],
  keys text[], request_hashes text[],
  event_ids uuid[], types text[], schema_versions smallint[], occurred timestamptz[],
  data jsonb, metadata jsonb
) returns table (
  outcome text, version int, "position" bigint, recorded_at timestamptz,
  category text, stream_id text
)
language plpgsql volatile security definer
set search_path = pg_catalog
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  head_position bigint;
  last_position bigint;
  now_at timestamptz;
begin
  perform pg_advisory_xact_lock(7021436000);
  select e.position, e.recorded_at into head_position, now_at
    from pawtrail.events e order by e.position desc limit 1;
  -- Whole milliseconds, so that the time that was read back finds the event again. greatest()
  -- passes over a null.
  now_at := greatest(date_trunc('milliseconds', clock_timestamp()), now_at);
  head_position := coalesce(head_position, 0);
  return query
  with judged as materialized (
    select b.*, s.version as stream_version, l.version as done_version, l.position as done_position,
      l.category as done_category, l.stream_id as done_stream_id,
      case
        when l.key is not null and l.request_hash = b.request_hash then 'duplicate'
        when l.key is not null then 'key_reused'
        when b.expected_version >= 0 and b.expected_version <> coalesce(s.version, 0)
          then 'conflict'
        else 'appended'
      end as outcome
    from rows from (
        unnest(ordinals), unnest(event_numbers), unnest(event_counts), unnest(tenant_ids),
        unnest(categories), unnest(stream_ids), unnest(expected_versions), unnest(keys),
        unnest(request_hashes), unnest(event_ids), unnest(types), unnest(schema_versions),
        unnest(occurred), jsonb_array_elements(data), jsonb_array_elements(metadata)
      ) as b(ordinal, event_number, event_count, tenant_id, category, stream_id,
        expected_version, key, request_hash, event_id, type, schema_version, occurred_at, data,
        metadata)
      left join pawtrail.streams s using (tenant_id, category, stream_id)
      left join pawtrail.command_log l on l.tenant_id = b.tenant_id and l.key = b.key
  ), placed as materialized (
    -- Only appended events are counted: what is refused takes no position.
    select j.*,
      head_position
        + count(*) filter (where j.outcome = 'appended')
          over (order by j.ordinal, j.event_number) as position,
      coalesce(j.stream_version, 0) + j.event_number as version,
      j.outcome = 'appended' as is_new,
      j.event_number = j.event_count as is_last
    from judged j
  ), stored as (
    insert into pawtrail.events
    select p.position, p.tenant_id, p.category, p.stream_id, p.version, p.event_id, p.type,
      p.schema_version, p.data, p.metadata, p.occurred_at, now_at
    from placed p where p.is_new
  ), founded as (
    -- Two plain statements and not one upsert: under the lock nobody else inserts, and an upsert
    -- probes and logs twice.
    insert into pawtrail.streams
    select p.tenant_id, p.category, p.stream_id, p.version,
      p.position - p.event_count + 1, p.position
    from placed p where p.is_new and p.is_last and p.stream_version is null
  ), moved as (
    update pawtrail.streams s set version = p.version, last_position = p.position
    from placed p
    where p.is_new and p.is_last and p.stream_version is not null
      and (s.tenant_id, s.category, s.stream_id) = (p.tenant_id, p.category, p.stream_id)
  ), remembered as (
    insert into pawtrail.command_log
    select p.tenant_id, p.key, p.request_hash, p.category, p.stream_id, p.version, p.position,
      now_at
    from placed p where p.is_new and p.is_last and p.key is not null
  )
  select p.outcome,
    case when p.is_new then p.version else coalesce(p.done_version, p.stream_version, 0) end,
    case when p.is_new then p.position else p.done_position end,
    now_at, p.done_category, p.done_stream_id
  from placed p where p.is_last
  order by p.ordinal;
  select e.position into last_position from pawtrail.events e order by e.position desc limit 1;
  if last_position > head_position then
    perform pg_notify('pawtrail_feed', last_position::text);
  end if;
end
$$;

-- Forgets idempotency keys older than the given age, and never younger than 24 hours: at most
-- batch_size a call, so that no call holds locks for long. Relies on command_log_by_age.
create function pawtrail.forget_commands(older_than interval, batch_size int) returns int
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
  forgotten int;
begin
  delete from pawtrail.command_log where ctid = any (array(
    select c.ctid from pawtrail.command_log c
    where c.recorded_at < clock_timestamp() - greatest(older_than, interval '24 hours')
    order by c.recorded_at limit batch_size));
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;

revoke all on all functions in schema pawtrail from public;
do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant usage on schema pawtrail to pawtrail_app;
    grant select on pawtrail.streams, pawtrail.events, pawtrail.command_log, pawtrail.log_identity
      to pawtrail_app;
    grant execute on function pawtrail.ensure_partitions(), pawtrail.forget_commands(interval, int),
      pawtrail.append_batch(int[], int[], int[], text[], text[], text[], int[], text[], text[],
        uuid[], text[], smallint[], timestamptz[], jsonb, jsonb)
      to pawtrail_app;
  end if;
end
$$;
