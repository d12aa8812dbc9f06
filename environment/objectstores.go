package environment

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/database"
	"plinth/components/objectstore"
	"plinth/components/objectstore/minio"
	"plinth/components/platform"
	"plinth/components/workload"
	"plinth/config"
)

// minioName is the server's, in the namespace and among the apps.
const minioName = "minio"

// objectStores makes what keeps buckets. Each bucket ends up as a function that leads an app to it.
func (e *environment) objectStores() error {
	e.buckets = map[string]func(app string) objectstore.Bucket{}
	if err := e.minio(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Buckets)) {
		switch engine := e.cfg.Buckets[name].Engine; engine {
		case config.MinIOBucket: // It is the server's.
		case config.ExternalBucket:
			if err := e.external(name, e.cfg.Buckets[name].External); err != nil {
				return err
			}
		case config.ManagedBucket:
			if err := e.managedBucket(name, e.cfg.Buckets[name]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("bucket %s: engine %q: want minio, external or managed", name, engine)
		}
	}
	return nil
}

// minio makes the server in the cluster, with every bucket that it keeps.
func (e *environment) minio() error {
	m := e.cfg.MinIO
	images := workload.Images{Mirrors: e.cfg.Images.Mirrors}
	args := &minio.Args{
		Namespace: e.namespace, PartOf: e.partOf,
		Image: images.Resolve(m.Image), ClientImage: images.Resolve(m.ClientImage), User: int(m.User),
		Drives: m.Drives, Storage: m.Storage, StorageClass: cmp.Or(m.StorageClass, e.cluster.StorageClass()),
		Resources: resources(config.Resources{Requests: config.Requests(m.Requests), Limits: config.Limits(m.Limits)}),
		Region:    m.Region, TLSSecret: m.TLSSecret, MetricsNamespace: m.MetricsNamespace,
		Retain: m.Retain, Timeout: m.Timeout, Keeper: e.keeper,
	}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Buckets)) {
		bucket := e.cfg.Buckets[name]
		if bucket.Engine != config.MinIOBucket {
			continue
		}
		args.Buckets = append(args.Buckets, minio.Bucket{
			Name: name, Versioning: bucket.Versioning, ExpireAfter: bucket.ExpireAfter,
			OldVersionsAfter: bucket.OldVersionsAfter,
		})
		for _, user := range slices.Sorted(maps.Keys(e.cfg.Apps)) {
			if use := e.cfg.Apps[user].Bucket; use != nil && use.Name == name {
				args.Users = append(args.Users, minio.User{
					Application: user, Bucket: name, Prefix: use.Prefix, ReadOnly: use.ReadOnly,
				})
			}
		}
	}
	for _, bucket := range args.Buckets {
		args.Users = append(args.Users, e.archiveUsers(bucket.Name)...)
	}
	if len(args.Buckets) == 0 {
		return nil
	}
	server, err := minio.New(e.ctx, minioName, args, e.inCluster()...)
	if err != nil {
		return err
	}
	for _, bucket := range args.Buckets {
		e.buckets[bucket.Name] = server.Bucket
	}
	return nil
}

// external leads to a bucket that somebody else keeps.
func (e *environment) external(name string, x *config.External) error {
	endpoint, err := url.Parse(x.Endpoint)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", name, err)
	}
	port, err := strconv.Atoi(cmp.Or(endpoint.Port(), map[string]string{"http": "80", "https": "443"}[endpoint.Scheme]))
	if err != nil {
		return fmt.Errorf("bucket %s: port of %s: %w", name, x.Endpoint, err)
	}
	args := &objectstore.ExternalArgs{
		Namespace: e.namespace, PartOf: e.partOf, Keeper: e.keeper,
		Bucket: objectstore.Bucket{
			Provider: x.Provider, Endpoint: x.Endpoint, Region: x.Region, Name: x.Bucket,
			Addressing: objectstore.Addressing(x.Addressing),
		},
	}
	for _, cidr := range x.CIDRs {
		args.Bucket.Edges = append(args.Bucket.Edges, binding.Edge{
			To: binding.Peer{CIDR: cidr}, Ports: []binding.Port{{Number: port}},
		})
	}
	if object := x.Keys.Secret; object != "" {
		args.Bucket.Keys = &objectstore.Keys{
			AccessKeyID:     binding.SecretRef{Secret: pulumi.String(object), Key: x.Keys.AccessKeyID},
			SecretAccessKey: binding.SecretRef{Secret: pulumi.String(object), Key: x.Keys.SecretAccessKey},
		}
	} else {
		args.Values = &objectstore.KeyValues{
			AccessKeyID:     string(e.cfg.SecretValues[x.Keys.AccessKeyID]),
			SecretAccessKey: string(e.cfg.SecretValues[x.Keys.SecretAccessKey]),
		}
	}
	made, err := objectstore.NewExternal(e.ctx, name, args, e.inCluster()...)
	if err != nil {
		return err
	}
	e.buckets[name] = func(string) objectstore.Bucket { return made.Bucket }
	return nil
}

// managedBucket makes one that the cloud keeps. Each app may do there what it is configured to, and nothing else.
func (e *environment) managedBucket(name string, b config.Bucket) error {
	at := e.cloudArgs().Location
	if err := objectstore.Keep(e.ctx, name, at.Account+"/"+at.Region); err != nil {
		return err
	}
	made, err := e.cluster.Bucket(e.ctx, name, &platform.BucketArgs{
		Bucket: name, Versioning: b.Versioning, ExpireAfter: b.ExpireAfter, OldVersionsAfter: b.OldVersionsAfter,
		ForceDestroy: b.ForceDestroy, Protect: b.Protect, CIDRs: b.CIDRs,
	})
	if err != nil {
		return err
	}
	e.buckets[name] = func(app string) objectstore.Bucket {
		use := e.cfg.Apps[app].Bucket
		if use == nil {
			return *made
		}
		return made.For(use.Prefix, use.ReadOnly, use.SignedURLs)
	}
	return nil
}

// secretValue is a value of the configuration that nobody sees.
func (e *environment) secretValue(name string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(string(e.cfg.SecretValues[name]))).(pulumi.StringOutput)
}

// useBucket gives an app what it needs of its bucket, in the way that it reads it, and its own statements.
func (e *environment) useBucket(name string, c config.App, args *app.Args) error {
	var statements string
	var values []binding.Variable
	timeout := 0
	if b := c.Bucket; b != nil {
		bucket := e.buckets[b.Name](name)
		use := objectstore.Use{
			Prefix: b.Prefix, SignedURLs: b.SignedURLs, SignedURLExpiry: b.SignedURLExpiry,
			FallbackToStatic: b.FallbackToStatic,
		}
		variables := bucketVariables(b.Variables)
		made := bucket.Access(variables)
		switch b.Settings {
		case config.SettingsInEnvironment:
			made = bucket.Binding(use, variables)
		case config.SettingsInDatabase:
			statements, values, timeout = objectstore.Statement(), bucket.Settings(use).Values(), statementTimeout
		case config.SettingsInFile:
			text, err := bucket.Settings(use).File()
			if err != nil {
				return fmt.Errorf("application %s: %w", name, err)
			}
			args.Files = maps.Clone(args.Files)
			if args.Files == nil {
				args.Files = map[string]string{}
			}
			args.Files[b.File] = text
			if b.Variables.File != "" {
				made.Env = append(made.Env, binding.Variable{Name: b.Variables.File, Value: pulumi.String(b.File)})
			}
		}
		args.Bindings = append(args.Bindings, made)
	}
	if own := c.AfterMigration; own != nil {
		statements, timeout = statements+own.SQL, max(timeout, own.Timeout)
	}
	if statements == "" {
		return nil
	}
	server := e.cfg.Databases[c.Database.Name]
	args.AfterMigration = &app.SQL{
		Statements: statements, Values: values, Timeout: timeout,
		Image: workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve(server.Image), User: int(server.User),
		Database: e.offered[c.Database.Name].Binding(name, database.Shape{
			Host: "PGHOST", Port: "PGPORT", Name: "PGDATABASE", User: "PGUSER", Password: "PGPASSWORD",
			Mode: "PGSSLMODE",
		}, database.Require),
	}
	return nil
}

// statementTimeout is how long the statement that writes settings may take, in seconds: to start a pod, and to wait for
// a lock.
const statementTimeout = 120

func bucketVariables(v config.BucketVariables) objectstore.Variables {
	return objectstore.Variables{
		Enabled: v.Enabled, Provider: v.Provider, Endpoint: v.Endpoint, Region: v.Region, Bucket: v.Bucket,
		Prefix: v.Prefix, UseSignedURLs: v.UseSignedURLs, SignedURLExpiry: v.SignedURLExpiry,
		FallbackToStatic: v.FallbackToStatic, UseSSL: v.UseSSL, Addressing: v.Addressing,
		AccessKeyID: v.AccessKeyID, SecretAccessKey: v.SecretAccessKey, Authority: v.Authority,
	}
}
