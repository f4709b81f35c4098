-- no files, no other databases, no objects of the calling program, and no way back
SET enable_external_access = false;
SET python_enable_replacements = false;
SET lock_configuration = true
