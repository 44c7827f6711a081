-- Clients of the OAuth 2 authorization server and what is under way with them. No secret, code or token is here, only
-- hashes: a stolen copy opens nothing.

-- What a client may ask for. `tenants` bound its users too.
create table pawtrail.oauth_clients (
  client_id text not null primary key,
  name text not null,
  secret_hash bytea check (length(secret_hash) = 32), -- null: a public client, which can keep no secret
  grant_types text[] not null,
  scopes text[] not null,
  tenants text[] not null,
  redirect_uris text[] not null,
  created_at timestamptz not null
);

-- Authorization codes. Used ones stay for a while, because using one again is the sign of a theft; the family is the one
-- of the refresh tokens that were made from it.
create table pawtrail.oauth_codes (
  code_hash bytea not null primary key check (length(code_hash) = 32),
  client_id text not null,
  tenant_id text not null,
  user_id text not null,
  scopes text[] not null,
  redirect_uri text not null,
  code_challenge text not null,
  family uuid not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  remove_at timestamptz not null
);
create index oauth_codes_by_removal on pawtrail.oauth_codes (remove_at);

-- Devices that wait for their user. The interval grows each time a device asks too soon.
create table pawtrail.oauth_devices (
  device_code_hash bytea not null primary key check (length(device_code_hash) = 32),
  user_code_hash bytea not null constraint oauth_devices_user_code unique
    check (length(user_code_hash) = 32),
  client_id text not null,
  tenant_id text not null,
  scopes text[] not null,
  status text not null check (status in ('pending', 'approved', 'denied', 'used')),
  user_id text check (user_id is not null or status in ('pending', 'denied')),
  interval_ms int not null,
  asked_at timestamptz,
  expires_at timestamptz not null
);
create index oauth_devices_by_expiry on pawtrail.oauth_devices (expires_at);

-- Refresh tokens of a user who let a client act: the client they were given to, and the scopes at most. Both are null
-- for a sign-in of our own.
alter table pawtrail.refresh_tokens
  add column client_id text,
  add column scopes text[],
  add constraint refresh_tokens_delegation check ((client_id is null) = (scopes is null));

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant usage on schema pawtrail to pawtrail_app;
    grant select, insert, update, delete
      on pawtrail.oauth_clients, pawtrail.oauth_codes, pawtrail.oauth_devices to pawtrail_app;
  end if;
end
$$;
