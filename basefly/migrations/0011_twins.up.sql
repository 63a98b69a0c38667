-- What tells a cluster from every other, however it is addressed: the uid of its namespace kube-system; '' not known.
-- And how long it took to answer the last probe, in milliseconds.
alter table clusters
    add column identity   text not null default '' check (length(identity) <= 100),
    add column latency_ms integer check (latency_ms >= 0);
