drop index image_uses_by_repository;
alter table image_uses drop column floating;
create index image_uses_by_repository on image_uses (org_id, repository)
    include (tag, digest, cluster_id, namespace, resource, count);
