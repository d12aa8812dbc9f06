package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxDays is more than anybody means.
const maxDays = 36500

var (
	// bucketName: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which no
	// certificate covers where the name stands before the endpoint's.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	// objectPrefix consists of characters that mean nothing in a URL, in a policy or in Kubernetes, and ends in a slash,
	// so that it is not the start of another prefix.
	objectPrefix = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,99}/){1,10}$`)
	// region is what a request is signed for.
	region = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,49}$`)
	// secretEntry is the key of an entry of a Secret.
	secretEntry = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)
)

const bucketRule = "3 to 63 lower case letters, digits and inner hyphens"

// keepsBuckets says whether there is a server in the cluster.
func (c *checker) keepsBuckets() bool {
	for _, bucket := range c.Buckets {
		if bucket.Engine == MinIOBucket {
			return true
		}
	}
	return false
}

func (c *checker) buckets() {
	for _, name := range slices.Sorted(maps.Keys(c.Buckets)) {
		path, bucket := at("buckets", name), c.Buckets[name]
		if !c.sound(path) {
			continue
		}
		c.check(path, bucketName.MatchString(name), "must have a name of %s, got %s", bucketRule, quoted(name))
		c.between(at(path, "expireAfter"), bucket.ExpireAfter, 0, maxDays)
		c.between(at(path, "oldVersionsAfter"), bucket.OldVersionsAfter, 0, maxDays)
		c.managedBucket(path, name, bucket)
		if bucket.External != nil && c.sound(at(path, "external")) {
			c.external(at(path, "external"), bucket.External)
			continue
		}
		c.check(at(path, "external"), bucket.Engine != ExternalBucket,
			"is required with the engine external: it says where the bucket is")
	}
}

// googles are words that no bucket of Google's may have in its name:
// https://cloud.google.com/storage/docs/buckets#naming.
var googles = regexp.MustCompile(`g[o0][o0]g[l1i]e|^goog`)

// managedBucket: a cloud to keep it, and a name that it takes.
func (c *checker) managedBucket(path, name string, b Bucket) {
	for i, cidr := range b.CIDRs {
		c.cidr(index(at(path, "cidrs"), i), cidr)
	}
	engine := at(path, "engine")
	if b.Engine != ManagedBucket || !c.sound(engine) || !c.sound("cloud") {
		return
	}
	c.check(engine, c.Cloud != Existing, "must not be managed with plinth:cloud existing, since nothing is known of a "+
		"cloud around that cluster: set plinth:cloud to aws or gcp, or the engine to minio or external")
	c.check("aws.account", c.Cloud != OnAWS || c.AWS.Account != "",
		"is required with a managed bucket (%s): its name is made of it, since no two buckets in the world share one", path)
	c.check(path, c.Cloud != OnGCP || !googles.MatchString(name) && !googles.MatchString(c.Stack),
		"must not have google in its name, nor in the stack's (%s), or anything like it: Cloud Storage refuses that", c.Stack)
}

// external: a URL that is nothing but a host, addresses it is at, and keys that are somewhere.
func (c *checker) external(path string, e *External) {
	if endpoint := at(path, "endpoint"); c.sound(endpoint) {
		c.check(endpoint, serverURL(e.Endpoint),
			"must be a URL of a scheme and a host, such as https://s3.example.com, got %s", quoted(e.Endpoint))
		c.check(endpoint, c.Tier == Dev || strings.HasPrefix(e.Endpoint, "https://") || !c.sound("tier"),
			"must be https outside dev, because objects and signatures would be there for all to read, got %s",
			quoted(e.Endpoint))
	}
	c.check(at(path, "region"), region.MatchString(e.Region),
		"must be a region such as us-east-1, got %s", quoted(e.Region))
	c.check(at(path, "bucket"), c.absent[at(path, "bucket")] || bucketName.MatchString(e.Bucket),
		"must be %s, got %s", bucketRule, quoted(e.Bucket))
	c.check(at(path, "cidrs"), len(e.CIDRs) > 0, "must not be empty: the endpoint could not be reached")
	for i, cidr := range e.CIDRs {
		c.cidr(index(at(path, "cidrs"), i), cidr)
	}
	keys := at(path, "keys")
	c.secretObject(at(keys, "secret"), e.Keys.Secret)
	for _, entry := range []named{{"accessKeyId", e.Keys.AccessKeyID}, {"secretAccessKey", e.Keys.SecretAccessKey}} {
		key := at(keys, entry.key)
		switch {
		case !c.sound(key):
		case e.Keys.Secret == "":
			c.secretValue(key, entry.name)
		default:
			c.check(key, secretEntry.MatchString(entry.name),
				"must be the key of an entry of the Secret: letters, digits, hyphens, dots and underscores, got %s",
				quoted(entry.name))
		}
	}
}

// secretObject: the name of a Secret, or none.
func (c *checker) secretObject(path, name string) {
	c.check(path, name == "" || len(validation.IsDNS1123Subdomain(name)) == 0, "must be the name of a Secret, got %s",
		quoted(name))
}

// minio: a server that can run. It is checked where there is none, too: a bucket may move to it by one word.
func (c *checker) minio() {
	if !c.sound(minioName) {
		return
	}
	m := c.MinIO
	if c.keepsBuckets() {
		_, taken := c.Apps[minioName]
		c.check(minioName, !taken, "must not be there together with an app named %s", minioName)
		_, taken = c.Databases[minioName]
		c.check(minioName, !taken, "must not be there together with a database named %s", minioName)
	}
	c.reference(at(minioName, "image"), m.Image)
	c.reference(at(minioName, "clientImage"), m.ClientImage)
	c.check(at(minioName, "user"), m.User > 0 && len(validation.IsValidUserID(m.User)) == 0,
		"must be between 1 and 2147483647 (0 is root, and no pod may run as root), got %d", m.User)
	if drives := at(minioName, "drives"); c.sound(drives) {
		c.check(drives, m.Drives == 1 || m.Drives == 4, "must be 1 or 4, got %d", m.Drives)
	}
	c.quantity(at(minioName, "storage"), m.Storage, "256Mi")
	c.check(at(minioName, "region"), region.MatchString(m.Region),
		"must be a region such as us-east-1, got %s", quoted(m.Region))
	c.secretObject(at(minioName, "tlsSecret"), m.TLSSecret)
	c.check(at(minioName, "metricsNamespace"), m.MetricsNamespace == "" || isLabel(m.MetricsNamespace),
		"must be %s, got %s", labelRule, quoted(m.MetricsNamespace))
	c.between(at(minioName, "timeout"), m.Timeout, 30, 86400)
	resources := Resources{Requests: Requests(m.Requests), Limits: Limits(m.Limits)}
	c.amounts(minioName, &resources)
}

// bucket: one that exists, and settings that arrive.
func (c *checker) bucket(path, _ string, a *App) {
	path = at(path, "bucket")
	b := a.Bucket
	if b == nil || !c.sound(path) {
		return
	}
	if name := at(path, "name"); c.sound(name) {
		_, found := c.Buckets[b.Name]
		c.check(name, found, "must be the name of a bucket, got %s; %s", quoted(b.Name),
			suggestion(b.Name, slices.Sorted(maps.Keys(c.Buckets))))
	}
	c.check(at(path, "prefix"), b.Prefix == "" || objectPrefix.MatchString(b.Prefix),
		"must end in a slash, and consist of letters, digits, dots, hyphens, underscores and inner slashes, got %s",
		quoted(b.Prefix))
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html: seven days.
	c.between(at(path, "signedUrlExpiry"), b.SignedURLExpiry, 1, 7*24*3600)
	if b.Settings == SettingsInDatabase {
		c.afterMigrations(at(path, "settings"), "must not be database", a)
	}
	c.bucketVariables(at(path, "variables"), a)
}

// bucketVariables: variables that nothing else sets. The app's own env may set what is not secret.
func (c *checker) bucketVariables(path string, a *App) {
	seen := map[string]string{}
	for _, v := range a.Bucket.Variables.all() {
		here := at(path, v.key)
		if v.name == "" || !c.sound(here) {
			continue
		}
		tier := a.Bucket.Settings
		if !v.always && tier != SettingsInEnvironment && (v.key != "file" || tier != SettingsInFile) {
			field, _ := fieldOf(reflect.TypeFor[BucketVariables](), v.key)
			usual, _ := defaultOf(field, c.Tier)
			c.check(here, v.name == usual, "must not be set with settings: %s, since there is no such variable", tier)
			continue
		}
		c.variable(here, v.name)
		unique(c, here, at("variables", v.key), seen, v.name)
		_, secret := a.Secrets[v.name]
		c.check(here, !secret, "must not be set in secrets too, got %s", quoted(v.name))
		_, plain := a.Env[v.name]
		c.check(here, !plain || !v.secret, "must not be set in env too, because keys come from a Secret alone, got %s",
			quoted(v.name))
		if a.Database == nil {
			continue
		}
		for _, other := range slices.Concat(a.Database.Variables.all(), a.Database.ReadOnly.all()) {
			c.check(here, other.name != v.name, "must differ from the variables of the database, got %s", quoted(v.name))
		}
	}
}

// bucketVariable is one variable: its key in the configuration and the name given; whether it is there wherever the
// settings are, and whether it is a key's.
type bucketVariable struct {
	key, name      string
	always, secret bool
}

// all returns every variable.
func (v BucketVariables) all() []bucketVariable {
	return []bucketVariable{
		{"enabled", v.Enabled, false, false},
		{"provider", v.Provider, false, false},
		{"endpoint", v.Endpoint, false, false},
		{"region", v.Region, false, false},
		{"bucket", v.Bucket, false, false},
		{"prefix", v.Prefix, false, false},
		{"useSignedUrls", v.UseSignedURLs, false, false},
		{"signedUrlExpiry", v.SignedURLExpiry, false, false},
		{"fallbackToStatic", v.FallbackToStatic, false, false},
		{"useSsl", v.UseSSL, false, false},
		{"addressing", v.Addressing, false, false},
		{"accessKeyId", v.AccessKeyID, true, true},
		{"secretAccessKey", v.SecretAccessKey, true, true},
		{"authority", v.Authority, true, false},
		{"file", v.File, false, false},
	}
}

// afterMigration: statements, and a database for them.
func (c *checker) afterMigration(path, _ string, a *App) {
	path = at(path, "afterMigration")
	if a.AfterMigration == nil || !c.sound(path) {
		return
	}
	if sql := at(path, "sql"); c.sound(sql) {
		c.check(sql, strings.TrimSpace(a.AfterMigration.SQL) != "", "must not be empty")
		c.check(sql, !strings.ContainsRune(a.AfterMigration.SQL, 0), "must not contain the character NUL")
	}
	c.between(at(path, "timeout"), a.AfterMigration.Timeout, 10, 86400)
	c.afterMigrations(path, "must not be there", a)
}

// afterMigrations: what runs after the migration needs a database, and a migration that is over before pods start.
func (c *checker) afterMigrations(path, refusal string, a *App) {
	c.check(path, a.Database != nil, "%s for an app without a database", refusal)
	if a.Database != nil {
		engine := c.Databases[a.Database.Name].Engine
		c.check(path, engine == Postgres || engine == ManagedPostgres || engine == "",
			"%s with the engine %s: statements are run by psql", refusal, engine)
	}
	c.check(path, a.Migration == nil || a.Migration.As != MigrationInitContainer,
		"%s with a migration as initContainer, which would run later: make it a job", refusal)
}
