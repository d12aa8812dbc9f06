-- Writes the declared settings into the application's row of s3_settings: the first one, or a new one where there is
-- none. What was written is remembered in plinth.s3_settings; a row that no longer says that has been changed by an
-- administrator, or was never ours, and is left as it is. One that names no bucket, as an application may make it when
-- it is installed, is nobody's. Every declared value is a variable of psql.
LOCK TABLE s3_settings IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS plinth;
CREATE TABLE IF NOT EXISTS plinth.s3_settings (id integer PRIMARY KEY, written jsonb NOT NULL);

CREATE TEMPORARY TABLE declared ON COMMIT DROP AS SELECT
  :'enabled'::boolean AS enabled, :'storage_provider' AS storage_provider, :'endpoint' AS endpoint,
  :'region' AS region, :'bucket_name' AS bucket_name, :'bucket_prefix' AS bucket_prefix,
  :'use_signed_urls'::boolean AS use_signed_urls, :'signed_url_expiry'::integer AS signed_url_expiry,
  :'fallback_to_static'::boolean AS fallback_to_static, :'use_ssl'::boolean AS use_ssl;

-- The id is the column's own next one, where it has such, so that the application can go on numbering.
INSERT INTO s3_settings (
  id, userid, enabled, storage_provider, endpoint, region, bucket_name, bucket_prefix, use_signed_urls,
  signed_url_expiry, fallback_to_static, use_ssl, created_at, updated_at
) OVERRIDING SYSTEM VALUE
SELECT coalesce(nextval(pg_get_serial_sequence('s3_settings', 'id')), 1), 'admin', declared.*, now(), now()
FROM declared WHERE NOT EXISTS (SELECT FROM s3_settings);

UPDATE s3_settings AS s SET
  (enabled, storage_provider, endpoint, region, bucket_name, bucket_prefix, use_signed_urls, signed_url_expiry,
   fallback_to_static, use_ssl) = (SELECT * FROM declared),
  updated_at = now()
WHERE s.id = (SELECT min(id) FROM s3_settings) AND NOT to_jsonb(s) @> (SELECT to_jsonb(declared) FROM declared)
  AND CASE
    WHEN EXISTS (SELECT FROM plinth.s3_settings AS w WHERE w.id = s.id)
    THEN to_jsonb(s) @> (SELECT written FROM plinth.s3_settings AS w WHERE w.id = s.id)
    ELSE coalesce(s.bucket_name, '') = ''
  END;

INSERT INTO plinth.s3_settings
SELECT s.id, to_jsonb(declared) FROM s3_settings AS s, declared
WHERE s.id = (SELECT min(id) FROM s3_settings) AND to_jsonb(s) @> to_jsonb(declared)
ON CONFLICT (id) DO UPDATE SET written = excluded.written;
