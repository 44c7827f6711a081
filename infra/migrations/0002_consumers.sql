-- What consumers of the log keep beside it: how far each one is, and which streams it had to set aside. Read models live
-- in a schema of their own; they are disposable and made by the program from their declarations.

-- Both are trusted extensions: the owner of the database may create them without being a superuser.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

create schema read;

-- One row a subscription. The fence rises with each change of owner, so that a former owner cannot commit; the revision
-- rises with each commit that may have changed rows, so that a reader notices a signal it missed. updated_at is the
-- owner's sign of life. Hot and small: room is left in each page for updates in place.
create table pawtrail.checkpoints (
  subscription text primary key,
  position bigint not null default 0 check (position >= 0),
  fence bigint not null default 0,
  revision bigint not null default 0,
  owner text,
  updated_at timestamptz not null default clock_timestamp()
) with (fillfactor = 20);

-- Streams that a subscription set aside because of a poison event, from its position on.
create table pawtrail.parked (
  subscription text not null,
  tenant_id text not null,
  category text not null,
  stream_id text not null,
  position bigint not null,
  error text not null,
  attempts int not null default 1,
  parked_at timestamptz not null default clock_timestamp(),
  retry_requested boolean not null default false,
  primary key (subscription, tenant_id, category, stream_id)
);

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant usage on schema pawtrail, read to pawtrail_app;
    grant select, insert, update, delete on pawtrail.checkpoints, pawtrail.parked to pawtrail_app;
  end if;
end
$$;
