alter table clusters drop column latency_ms, drop column identity;
