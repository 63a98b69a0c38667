-- How someone likes the pages (language, time zone, look); null until they say.
alter table users add column preferences jsonb
    check (jsonb_typeof(preferences) = 'object' and length(preferences::text) <= 1000);
