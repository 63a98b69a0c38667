-- A version is of a cluster, which is of an organization: one check of a foreign key a version is enough.
alter table object_versions drop constraint object_versions_org_id_fkey;
-- It is packed already: PostgreSQL need not try again.
alter table object_versions alter column text set storage external;
