-- Secrets of accounts, beside the log and never in it: password hashes and the hashes of refresh tokens.

-- A username belongs to one user of a tenant. It is reserved before the user is in the log and confirmed after; a
-- reservation that was never confirmed may be taken over.
create table pawtrail.credentials (
  tenant_id text not null,
  user_id text not null,
  username text not null,
  username_key text not null, -- in the form in which names are compared
  password_hash text not null,
  state text not null check (state in ('reserved', 'confirmed')),
  reserved_at timestamptz not null,
  primary key (tenant_id, user_id),
  constraint credentials_username unique (tenant_id, username_key)
);

-- A family is one sign-in: each use of its newest token makes the next one. Used tokens stay until they would have
-- expired, because using one again is the sign of a theft.
create table pawtrail.refresh_tokens (
  token_hash bytea not null primary key check (length(token_hash) = 32),
  tenant_id text not null,
  user_id text not null,
  family uuid not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index refresh_tokens_by_family on pawtrail.refresh_tokens (tenant_id, user_id, family);
create index refresh_tokens_live on pawtrail.refresh_tokens (tenant_id, user_id, expires_at)
  where used_at is null and revoked_at is null;
create index refresh_tokens_by_expiry on pawtrail.refresh_tokens (expires_at);

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant usage on schema pawtrail to pawtrail_app;
    grant select, insert, update, delete on pawtrail.credentials, pawtrail.refresh_tokens
      to pawtrail_app;
  end if;
end
$$;
