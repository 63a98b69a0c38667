drop table drain_pods;
drop table drain_nodes;
drop table drains;

-- Nobody can resume what waits any more: it has failed, for the reason that it waited.
alter table operations no force row level security;
update operations set state = 'failed', finished_at = now() where state = 'paused';
alter table operations force row level security;
alter table operations drop constraint operations_state_check;
alter table operations add constraint operations_state_check
    check (state in ('pending', 'running', 'done', 'failed', 'cancelled')) not valid;
alter table operations validate constraint operations_state_check;
