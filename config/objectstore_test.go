package config_test

import (
	"strings"
	"testing"

	"plinth/config"
)

func TestBucketsAndWhatKeepsThem(t *testing.T) {
	checkRefused(t, []refused{
		{
			"buckets", `
  plinth:tier: staging
  plinth:secretValues: {token: {secure: AAABAA}}
  plinth:buckets:
    My.Bucket: {engine: minio}
    ab: {}
    assets: {engine: s4, expireAfter: -1, oldVersionsAfter: 40000}
    nowhere: {engine: external}
    media:
      engine: external
      external:
        endpoint: http://s3.example.com/media
        region: EU West
        bucket: Media
        addressing: host
        cidrs: []
        keys: {accessKeyId: tokne, secretAccessKey: missing}
    mail:
      engine: external
      external:
        endpoint: http://s3.example.com
        cidrs: [0.0.0.0/0, 10.0.0.1/8]
        keys: {secret: Mail_Keys, accessKeyId: "a b"}
`,
			[]string{
				`buckets.ab: must have a name of 3 to 63 lower case letters, digits and inner hyphens, got "ab"`,
				`buckets.ab.engine: is required; known: external, managed, minio`,
				`buckets.assets.engine: unknown bucket engine "s4"; known: external, managed, minio`,
				`buckets.assets.expireAfter: must be between 0 and 36500, got -1`,
				`buckets.assets.oldVersionsAfter: must be between 0 and 36500, got 40000`,
				`buckets.mail.external.cidrs[1]: must not have bits set beyond its prefix: write 10.0.0.0/8, got "10.0.0.1/8"`,
				`buckets.mail.external.endpoint: must be https outside dev, because objects and signatures would be ` +
					`there for all to read, got "http://s3.example.com"`,
				`buckets.mail.external.keys.accessKeyId: must be the key of an entry of the Secret: letters, digits, ` +
					`hyphens, dots and underscores, got "a b"`,
				`buckets.mail.external.keys.secret: must be the name of a Secret, got "Mail_Keys"`,
				`buckets.mail.external.keys.secretAccessKey: is required`,
				`buckets.media.external.addressing: unknown addressing "host"; known: path, virtual`,
				`buckets.media.external.bucket: must be 3 to 63 lower case letters, digits and inner hyphens, got "Media"`,
				`buckets.media.external.cidrs: must not be empty: the endpoint could not be reached`,
				`buckets.media.external.endpoint: must be a URL of a scheme and a host, such as https://s3.example.com, ` +
					`got "http://s3.example.com/media"`,
				`buckets.media.external.keys.accessKeyId: refers to secretValues.tokne, which is not set; did you mean token?`,
				`buckets.media.external.keys.secretAccessKey: refers to secretValues.missing, which is not set; ` +
					`set it with: pulumi config set --secret --path plinth:secretValues.missing`,
				`buckets.media.external.region: must be a region such as us-east-1, got "EU West"`,
				`buckets.nowhere.external: is required with the engine external: it says where the bucket is`,
				`buckets["My.Bucket"]: must have a name of 3 to 63 lower case letters, digits and inner hyphens, got "My.Bucket"`,
			},
		},
		{
			"the server", `
  plinth:tier: prod
  plinth:buckets: {assets: {engine: minio}}
  plinth:databases: {minio: {image: "postgres:17@sha256:` + digest + `", ` + limits + `}}
  plinth:minio:
    image: quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z
    clientImage: quay.io/minio/mc
    user: 0
    drives: 3
    storage: 1M
    region: ""
    tlsSecret: My Secret
    metricsNamespace: Monitoring
    requests: {cpu: "2"}
    timeout: 1
`,
			[]string{
				`minio: must not be there together with a database named minio`,
				`minio.clientImage: must have a tag, got "quay.io/minio/mc"`,
				`minio.drives: must be 1 or 4, got 3`,
				`minio.image: must have a digest on prod (NAME:TAG@sha256:DIGEST), got ` +
					`"quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"`,
				`minio.metricsNamespace: must be at most 63 lower case letters, digits and inner hyphens, got "Monitoring"`,
				`minio.region: must be a region such as us-east-1, got ""`,
				`minio.requests.cpu: must be at most limits.cpu (1), got 2`,
				`minio.storage: must be at least 256Mi, got "1M"`,
				`minio.timeout: must be between 30 and 86400, got 1`,
				`minio.tlsSecret: must be the name of a Secret, got "My Secret"`,
				`minio.user: must be between 1 and 2147483647 (0 is root, and no pod may run as root), got 0`,
			},
		},
		{
			"more than the namespace may hold", `
  plinth:tier: staging
  plinth:namespace: {quota: {pods: 3, storage: 30Gi, memory: 3Gi}}
  plinth:buckets: {assets: {engine: minio}}
`,
			[]string{
				`namespace.quota.memory: must be at least 4Gi for the limits of what runs there (minio 4 x 1Gi), got 3Gi`,
				`namespace.quota.pods: must be at least 4 for what runs there (minio 4), got 3`,
				`namespace.quota.storage: must be at least 40Gi for the volumes (minio 4 x 10Gi), got 30Gi`,
			},
		},
	})
}

func TestAManagedBucketHasACloudThatTakesIt(t *testing.T) {
	checkRefused(t, []refused{
		{
			"no cloud", `
  plinth:tier: dev
  plinth:buckets: {assets: {engine: managed, cidrs: [10.0.0.1/8]}}
`,
			[]string{
				`buckets.assets.cidrs[0]: must not have bits set beyond its prefix: write 10.0.0.0/8, got "10.0.0.1/8"`,
				"buckets.assets.engine: must not be managed with plinth:cloud existing, since nothing is known of a cloud " +
					"around that cluster: set plinth:cloud to aws or gcp, or the engine to minio or external",
			},
		},
		{
			"no account", `
  plinth:tier: prod
  plinth:cloud: aws
  plinth:buckets: {assets: {engine: managed}}
`,
			[]string{
				"aws.account: is required with a managed bucket (buckets.assets): its name is made of it, since no two " +
					"buckets in the world share one",
			},
		},
		{
			"a name of Google's", `
  plinth:tier: prod
  plinth:cloud: gcp
  plinth:gcp: {project: shop-prod}
  plinth:buckets: {my-g00gle-drive: {engine: managed}, googol: {engine: managed}}
`,
			[]string{
				"buckets.googol: must not have google in its name, nor in the stack's (dev), or anything like it: Cloud " +
					"Storage refuses that",
				"buckets.my-g00gle-drive: must not have google in its name, nor in the stack's (dev), or anything like it: " +
					"Cloud Storage refuses that",
			},
		},
		{
			"dumps without keys", `
  plinth:tier: dev
  plinth:cloud: aws
  plinth:aws: {account: "123456789012"}
  plinth:cluster: {endpoint: {cidrs: [203.0.113.0/24]}}
  plinth:buckets: {archive: {engine: managed}}
  plinth:databases:
    main:
      resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 256Mi}}
      backup: {bucket: archive, schedule: "0 3 * * *"}
    again:
      resources: {limits: {cpu: "1", memory: 1Gi, ephemeralStorage: 256Mi}}
      restore: {bucket: archive, from: main, backup: latest}
`,
			[]string{
				`databases.again.restore.bucket: must not be a managed bucket, got "archive": it is reached by a cloud identity ` +
					"alone, and what writes and reads dumps knows only keys. Name one with the engine minio or external, or " +
					"leave backups to a managed database",
				`databases.main.backup.bucket: must not be a managed bucket, got "archive": it is reached by a cloud identity ` +
					"alone, and what writes and reads dumps knows only keys. Name one with the engine minio or external, or " +
					"leave backups to a managed database",
			},
		},
	})
}

func TestAnAppThatUsesABucket(t *testing.T) {
	checkRefused(t, []refused{{
		"apps", `
  plinth:tier: dev
  plinth:secretValues: {token: {secure: AAABAA}}
  plinth:databases: {main: {` + limits + `}}
  plinth:buckets: {assets: {engine: minio}}
  plinth:apps:
    lost: {<<: *app, bucket: {name: asets}}
    none: {<<: *app, bucket: {}}
    plain: {<<: *app, bucket: {name: assets, settings: database}, afterMigration: {sql: " ", timeout: 1}}
    late:
      <<: *app
      database: {name: main}
      migration: {command: [migrate], as: initContainer}
      bucket: {name: assets, settings: database}
      afterMigration: {sql: select 1}
    web:
      <<: *app
      bucket:
        name: assets
        prefix: /assets
        signedUrlExpiry: 604801
        variables: {accessKeyId: SHARED, secretAccessKey: 1KEY, endpoint: DATABASE_URL, region: TOKEN, prefix: SHARED}
      database: {name: main}
      env: {SHARED: x}
      secrets: {TOKEN: token}
    file:
      <<: *app
      files: {/etc/app/s3.json: "{}"}
      bucket: {name: assets, settings: file, file: /etc/app/s3.json, variables: {endpoint: ENDPOINT}}
    where: {<<: *app, bucket: {name: assets, settings: vault}}
`,
		[]string{
			`apps.file.bucket.file: must not overlap with "/etc/app/s3.json", got "/etc/app/s3.json"`,
			`apps.file.bucket.variables.endpoint: must not be set with settings: file, since there is no such variable`,
			`apps.late.afterMigration: must not be there with a migration as initContainer, which would run later: make ` +
				`it a job`,
			`apps.late.bucket.settings: must not be database with a migration as initContainer, which would run later: ` +
				`make it a job`,
			`apps.lost.bucket.name: must be the name of a bucket, got "asets"; did you mean assets?`,
			`apps.none.bucket.name: is required`,
			`apps.plain.afterMigration: must not be there for an app without a database`,
			`apps.plain.afterMigration.sql: must not be empty`,
			`apps.plain.afterMigration.timeout: must be between 10 and 86400, got 1`,
			`apps.plain.bucket.settings: must not be database for an app without a database`,
			`apps.web.bucket.prefix: must end in a slash, and consist of letters, digits, dots, hyphens, underscores ` +
				`and inner slashes, got "/assets"`,
			`apps.web.bucket.signedUrlExpiry: must be between 1 and 604800, got 604801`,
			`apps.web.bucket.variables.accessKeyId: must differ from variables.prefix, got SHARED twice`,
			`apps.web.bucket.variables.endpoint: must differ from the variables of the database, got "DATABASE_URL"`,
			`apps.web.bucket.variables.region: must not be set in secrets too, got "TOKEN"`,
			`apps.web.bucket.variables.secretAccessKey: must have a name of letters, digits, _, - and . that does not ` +
				`start with a digit, got "1KEY"`,
			`apps.where.bucket.settings: unknown settings tier "vault"; known: database, environment, file`,
		},
	}})
}

func TestAKeyIsNeverSetInThePlain(t *testing.T) {
	checkRefused(t, []refused{{
		"an app", `
  plinth:tier: dev
  plinth:buckets: {assets: {engine: minio}}
  plinth:apps:
    web: {<<: *app, bucket: {name: assets}, env: {S3_BUCKET: elsewhere, S3_SECRET_ACCESS_KEY: hunter2}}
`,
		[]string{
			`apps.web.bucket.variables.secretAccessKey: must not be set in env too, because keys come from a Secret ` +
				`alone, got "S3_SECRET_ACCESS_KEY"`,
		},
	}})
}

func TestAnAppThatNamesNoVariableOfItsBucketGetsThoseOfS3(t *testing.T) {
	c := mustLoad(t, "  plinth:tier: dev\n  plinth:buckets: {assets: {engine: minio}}\n"+
		"  plinth:apps: {web: {<<: *app, bucket: {name: assets, variables: {region: AWS_REGION, useSsl: ''}}}}\n")
	want := config.BucketUse{
		Name: "assets", Settings: config.SettingsInEnvironment, SignedURLs: true, SignedURLExpiry: 3600,
		FallbackToStatic: true, File: "/etc/plinth/settings/s3.json", Variables: config.BucketVariables{
			Enabled: "S3_ENABLED", Provider: "S3_STORAGE_PROVIDER", Endpoint: "S3_ENDPOINT", Region: "AWS_REGION",
			Bucket: "S3_BUCKET", Prefix: "S3_BUCKET_PREFIX", UseSignedURLs: "S3_USE_SIGNED_URLS",
			SignedURLExpiry: "S3_SIGNED_URL_EXPIRY", FallbackToStatic: "S3_FALLBACK_TO_STATIC",
			AccessKeyID: "S3_ACCESS_KEY_ID", SecretAccessKey: "S3_SECRET_ACCESS_KEY", Authority: "AWS_CA_BUNDLE",
			File: "S3_CONFIG_FILE",
		},
	}
	if got := *c.Apps["web"].Bucket; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestABucketElsewhereIsCalledWhatItIsHereUnlessSaid(t *testing.T) {
	const external = "endpoint: https://s3.example.com, cidrs: [192.0.2.0/24], keys: {secret: keys, accessKeyId: a, secretAccessKey: b}"
	c := mustLoad(t, strings.ReplaceAll(`
  plinth:tier: dev
  plinth:buckets:
    media: {engine: external, external: {EXTERNAL}}
    other: {engine: external, external: {EXTERNAL, bucket: there, addressing: virtual}}
    third: {engine: external, external: {EXTERNAL, provider: wasabi}}
`, "EXTERNAL", external))
	for name, want := range map[string][2]string{
		"media": {"media", "minio"}, "other": {"there", "aws"}, "third": {"third", "wasabi"},
	} {
		if got := c.Buckets[name].External; got.Bucket != want[0] || got.Provider != want[1] {
			t.Errorf("%s: got %s at %s, want %s at %s", name, got.Bucket, got.Provider, want[0], want[1])
		}
	}
}
