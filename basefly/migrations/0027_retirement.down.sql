revoke delete on master_keys from basefly_app;
