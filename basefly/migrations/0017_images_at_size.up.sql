-- The repositories of images with all that a page tells of them: what of it was in the table alone was read row by row.
alter table image_uses add column floating boolean not null
    generated always as (image ~ ':latest(@|$)' or image !~ '@' and image !~ ':[^/:]+$') stored;
drop index image_uses_by_repository;
create index image_uses_by_repository on image_uses (org_id, repository)
    include (tag, digest, cluster_id, namespace, resource, count, floating);
