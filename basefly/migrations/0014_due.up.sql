-- Whether only a list can say what is true of a resource: whoever follows it next must know, after a restart too.
alter table sync_streams
    add column doubtful boolean not null default false,
    add column due boolean not null default false;
