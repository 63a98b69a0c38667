do $$
begin
    if obj_description(to_regclass('user_groups'), 'pg_class') = '0024' then
        drop table user_groups;
    end if;
end $$;
drop table logout_tokens;
drop table federated_sessions;
drop table federated_identities;
drop table federation_flows;
drop table identity_providers;
drop index organizations_slug;
alter table organizations drop column slug;
