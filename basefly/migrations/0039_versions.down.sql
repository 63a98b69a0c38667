alter table object_versions alter column text set storage extended;
alter table object_versions
    add constraint object_versions_org_id_fkey foreign key (org_id) references organizations on delete restrict not valid;
alter table object_versions validate constraint object_versions_org_id_fkey;
