-- Appending costs the server half of what it did: events are stored as the text they arrive in, a
-- batch's data passes through one statement only, what usually goes well is not judged beforehand,
-- and a stream is found by its own id first.

-- JSON as it was written, instead of taken apart and put together again on every read. Events from
-- before keep theirs in data and metadata, which are null from now on: to convert them would rewrite
-- the whole log, and these are changes of the catalogue alone.
alter table pawtrail.events
  alter column data drop not null,
  alter column metadata drop not null,
  add column data_text text,
  add column metadata_text text;

-- Stream ids hardly ever repeat, so that one comparison finds a place in the index where the tenant
-- and the category came first and said nothing; and ids that rise with time fill it page by page.
alter table pawtrail.streams
  drop constraint streams_pkey,
  add primary key (stream_id, tenant_id, category);

create or replace function pawtrail.ensure_partitions() returns int
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
      'create unique index %I on pawtrail.%I (stream_id, tenant_id, category, version)',
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

-- Only the partitions that are still written to get the new order. A full one keeps its index, by
-- which its streams are read just as well.
do $$
declare
  head_position bigint;
  partition_name text;
begin
  select coalesce(max(position), 0) into head_position from pawtrail.events;
  for partition_name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'pawtrail.events'::regclass
      and substring(pg_get_expr(c.relpartbound, c.oid) from $re$TO \('?(\d+)'?\)$re$)::bigint
        > head_position + 1
  loop
    execute format('drop index pawtrail.%I', partition_name || '_by_stream');
    execute format(
      'create unique index %I on pawtrail.%I (stream_id, tenant_id, category, version)',
      partition_name || '_by_stream', partition_name);
  end loop;
end
$$;

drop function pawtrail.append_batch(int[], int[], int[], text[], text[], text[], int[], text[],
  text[], uuid[], text[], smallint[], timestamptz[], jsonb, jsonb);

-- Appends one batch. The arrays from tenant_ids to request_hashes have one entry a command (the last
-- two none at all when no command has a key), those from command_numbers to occurred one an event;
-- data and metadata have one line an event, which is safe because JSON holds no raw line feed. No
-- two commands of a batch share a stream or a key. An expected version of -1 stands for any.
-- last_versions and last_numbers say where each command's last event goes, in its stream and behind
-- the head, if nothing is refused; a version that the caller cannot tell is null. The answer is the same for what was stored, with null numbers for
-- the refused, and the refusals in order.
--
-- The lock is a statement of its own, and the head is read by the next one: read in the same
-- statement, the head would come from the snapshot taken before the wait. Called in autocommit, the
-- lock lasts for this call and its commit alone. Joins go through the primary keys whatever the
-- statistics of a young table say, hence the planner settings.
create function pawtrail.append_batch(
  tenant_ids text[], categories text[], stream_ids text[], expected_versions int[],
  event_counts int[], last_versions int[], last_numbers int[], keys text[], request_hashes text[],
  command_numbers int[], event_numbers int[], event_ids uuid[], types text[],
  schema_versions smallint[], occurred timestamptz[], data text, metadata text
) returns table (
  head bigint, recorded_at timestamptz, versions json, numbers json, refusals json
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
  now_at timestamptz;
  is_judged boolean := -1 = any (expected_versions);
  new_versions int[] := last_versions;
  new_numbers int[] := last_numbers;
  moving int := cardinality(array_remove(expected_versions, 0));
  founding int := cardinality(expected_versions) - moving;
  keyed int := cardinality(keys);
  changed int;
begin
  perform pg_advisory_xact_lock(7021436000);
  select e.position, e.recorded_at into head_position, now_at
    from pawtrail.events e order by e.position desc limit 1;
  head_position := coalesce(head_position, 0);
  -- Whole milliseconds, so that the time that was read back finds the event again. greatest()
  -- passes over a null.
  now_at := greatest(date_trunc('milliseconds', clock_timestamp()), now_at);

  -- Once in the hope that nothing is refused, which the primary keys and the versions tell. When
  -- they say no, the attempt is undone, each command is judged, and what is not refused is stored.
  loop
    if is_judged then
      -- By the primary keys of streams and command_log.
      with judged as (
        select b.*, s.version as stream_version,
          l.version as done_version, l.position as done_position,
          l.category as done_category, l.stream_id as done_stream_id,
          case
            when l.key is not null and l.request_hash = b.request_hash then 'duplicate'
            when l.key is not null then 'key_reused'
            when b.expected_version >= 0 and b.expected_version <> coalesce(s.version, 0)
              then 'conflict'
          end as refusal
        from rows from (
            unnest(tenant_ids), unnest(categories), unnest(stream_ids), unnest(expected_versions),
            unnest(event_counts), unnest(keys), unnest(request_hashes)
          ) with ordinality as b(tenant_id, category, stream_id, expected_version, event_count, key,
            request_hash, ordinal)
          left join pawtrail.streams s using (stream_id, tenant_id, category)
          left join pawtrail.command_log l on l.tenant_id = b.tenant_id and l.key = b.key
      ), placed as (
        -- What is refused takes no position.
        select j.*, j.refusal is null as is_new,
          case when j.refusal is null then
            sum(j.event_count) filter (where j.refusal is null) over (order by j.ordinal)
          end as number
        from judged j
      )
      select array_agg(case when p.is_new then coalesce(p.stream_version, 0) + p.event_count end
            order by p.ordinal),
          array_agg(p.number order by p.ordinal),
          count(*) filter (where p.is_new and p.stream_version is null),
          count(*) filter (where p.is_new and p.stream_version is not null),
          count(*) filter (where p.is_new and p.key is not null),
          json_agg(json_build_object('outcome', p.refusal, 'position', p.done_position,
              'version', coalesce(p.done_version, p.stream_version, 0),
              'category', p.done_category, 'streamId', p.done_stream_id)
            order by p.ordinal) filter (where not p.is_new)
        into new_versions, new_numbers, founding, moving, keyed, refusals
        from placed p;
    end if;
    begin
      if keyed > 0 then
        insert into pawtrail.command_log
          (tenant_id, key, request_hash, category, stream_id, version, position, recorded_at)
        select c.tenant_id, c.key, c.request_hash, c.category, c.stream_id, c.version,
          head_position + c.number, now_at
        from rows from (
            unnest(tenant_ids), unnest(keys), unnest(request_hashes), unnest(categories),
            unnest(stream_ids), unnest(new_versions), unnest(new_numbers)
          ) as c(tenant_id, key, request_hash, category, stream_id, version, number)
        where c.number is not null and c.key is not null;
      end if;
      -- Two plain statements and not one upsert: under the lock nobody else inserts, and an upsert
      -- probes and logs twice.
      if moving > 0 then
        update pawtrail.streams s
          set version = c.version, last_position = head_position + c.number
        from rows from (
            unnest(tenant_ids), unnest(categories), unnest(stream_ids), unnest(event_counts),
            unnest(new_versions), unnest(new_numbers)
          ) as c(tenant_id, category, stream_id, event_count, version, number)
        where c.number is not null and c.version > c.event_count
          and (s.stream_id, s.tenant_id, s.category) = (c.stream_id, c.tenant_id, c.category)
          and s.version = c.version - c.event_count;
        get diagnostics changed = row_count;
        if changed < moving then
          raise unique_violation using message = 'a stream is not at the version it should be at';
        end if;
      end if;
      if founding > 0 then
        insert into pawtrail.streams
          (tenant_id, category, stream_id, version, first_position, last_position)
        select c.tenant_id, c.category, c.stream_id, c.version,
          head_position + c.number - c.version + 1, head_position + c.number
        from rows from (
            unnest(tenant_ids), unnest(categories), unnest(stream_ids), unnest(event_counts),
            unnest(new_versions), unnest(new_numbers)
          ) as c(tenant_id, category, stream_id, event_count, version, number)
        where c.number is not null and c.version = c.event_count;
      end if;
      exit;
    exception when unique_violation then
      if is_judged then
        raise;
      end if;
      is_judged := true;
    end;
  end loop;

  -- An event's place is counted back from its command's last one.
  insert into pawtrail.events
    (position, tenant_id, category, stream_id, version, event_id, type, schema_version,
      occurred_at, recorded_at, data_text, metadata_text)
  select head_position + new_numbers[e.command] - event_counts[e.command] + e.number,
    tenant_ids[e.command], categories[e.command], stream_ids[e.command],
    new_versions[e.command] - event_counts[e.command] + e.number, e.event_id, e.type,
    e.schema_version, e.occurred_at, now_at, e.data, e.metadata
  from rows from (
      unnest(command_numbers), unnest(event_numbers), unnest(event_ids), unnest(types),
      unnest(schema_versions), unnest(occurred), string_to_table(data, E'\n'),
      string_to_table(metadata, E'\n')
    ) as e(command, number, event_id, type, schema_version, occurred_at, data, metadata)
  where new_numbers[e.command] is not null;
  get diagnostics changed = row_count;
  if changed > 0 then
    perform pg_notify('pawtrail_feed', (head_position + changed)::text);
  end if;
  head := head_position;
  recorded_at := now_at;
  versions := to_json(new_versions);
  numbers := to_json(new_numbers);
  return next;
end
$$;

revoke all on function pawtrail.append_batch(text[], text[], text[], int[], int[], int[], int[],
  text[], text[], int[], int[], uuid[], text[], smallint[], timestamptz[], text, text) from public;
do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant execute on function pawtrail.append_batch(text[], text[], text[], int[], int[], int[],
      int[], text[], text[], int[], int[], uuid[], text[], smallint[], timestamptz[], text, text)
      to pawtrail_app;
  end if;
end
$$;
