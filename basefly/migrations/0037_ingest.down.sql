alter table objects
    add constraint objects_org_id_fkey foreign key (org_id) references organizations on delete restrict;
