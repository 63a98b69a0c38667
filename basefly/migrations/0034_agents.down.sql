drop table agents;
drop table agent_tokens;
drop table agent_settings;
alter table cluster_credentials drop constraint cluster_credentials_kind_check;
update cluster_credentials set kind = 'token' where kind = 'agent';
alter table cluster_credentials
    add constraint cluster_credentials_kind_check check (kind in ('token', 'certificate'));
