drop index objects_sick;
