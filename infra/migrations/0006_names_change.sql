-- A user who changes the name holds two for a moment: the one that still works, and the new one, reserved until the log
-- says that it is the user's. So a row is found by its name, and a user has one confirmed name at most.
alter table pawtrail.credentials drop constraint credentials_pkey;
alter table pawtrail.credentials drop constraint credentials_username;
alter table pawtrail.credentials
  add constraint credentials_username primary key (tenant_id, username_key);
create index credentials_by_user on pawtrail.credentials (tenant_id, user_id);
create unique index credentials_confirmed on pawtrail.credentials (tenant_id, user_id)
  where state = 'confirmed';
