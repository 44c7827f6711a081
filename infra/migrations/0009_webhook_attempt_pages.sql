-- Attempts are kept in pages, one a store of progress instead of one a call: a busy endpoint wrote and removed as many
-- rows as it sent events. What was kept before becomes pages of one.
create table pawtrail.webhook_attempt_pages (
  tenant_id text not null,
  endpoint_id text not null,
  page_id bigint generated always as identity,
  attempts jsonb not null, -- oldest first
  count int not null,
  primary key (tenant_id, endpoint_id, page_id)
);
insert into pawtrail.webhook_attempt_pages (tenant_id, endpoint_id, attempts, count)
  select tenant_id, endpoint_id, jsonb_build_array(attempt), 1
  from pawtrail.webhook_attempts order by attempt_id;
drop table pawtrail.webhook_attempts;
alter table pawtrail.webhook_attempt_pages rename to webhook_attempts;

do $$
begin
  if exists (select from pg_roles where rolname = 'pawtrail_app') then
    grant select, insert, update, delete on pawtrail.webhook_attempts to pawtrail_app;
  end if;
end
$$;
