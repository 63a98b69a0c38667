drop table operation_steps;
drop table operations;
drop table archivals;
drop table data_keys;
drop table master_keys;
drop table leases;
drop table organizations;
drop function basefly_tenant(regclass);
