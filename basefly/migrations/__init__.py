"""One numbered sequence of SQL: NNNN_name.up.sql, and NNNN_name.down.sql as its way back."""
