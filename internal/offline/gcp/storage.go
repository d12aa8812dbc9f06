package gcp

import (
	"strings"

	"plinth/internal/offline/simulation"
)

// keyTypes are keys: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create. Neither
// rings nor keys can be deleted: https://cloud.google.com/kms/docs/faq#cannot_delete.
func keyTypes() map[string]simulation.Type {
	name := simulation.Text{Path: "name", Min: 1, Max: 63, Pattern: `[a-zA-Z0-9_-]+`}
	return map[string]simulation.Type{
		keyRingType: {
			Replace: []string{"name", "location", "project"}, Auto: "name", Texts: []simulation.Text{name},
			Unique: []simulation.Unique{{
				By: []string{"name", "location", "project"}, Taken: "Error 409: KeyRing {id} already exists.",
			}},
			Rules: []simulation.Rule{enabled("cloudkms")},
			ID:    "projects/{project}/locations/{location}/keyRings/{name}", Name: "{name}",
			Outputs: object{"project": "{project}"},
			Remains: func(simulation.Entry) string { return "key rings cannot be deleted" },
		},
		keyType: labelled(simulation.Type{
			Replace: []string{
				"name", "keyRing", "purpose", "destroyScheduledDuration", "importOnly", "skipInitialVersionCreation",
				"cryptoKeyBackend",
			},
			Auto: "name", Defaults: object{"purpose": "ENCRYPT_DECRYPT"},
			Texts: []simulation.Text{
				name,
				{
					Path: "purpose", Words: []string{
						"ENCRYPT_DECRYPT", "ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT", "RAW_ENCRYPT_DECRYPT", "MAC",
					},
				},
				// At least a day: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.
				{
					Path:    "rotationPeriod",
					Pattern: `(8640[0-9]|864[1-9][0-9]|86[5-9][0-9]{2}|8[7-9][0-9]{3}|9[0-9]{4}|[1-9][0-9]{5,})(\.[0-9]+)?s`,
				},
			},
			Unique: []simulation.Unique{{By: []string{"name", "keyRing"}, Taken: "Error 409: CryptoKey {id} already exists."}},
			References: []simulation.Reference{
				to("keyRing", keyRingType, "Error 404: KeyRing {value} not found.", simulation.Stays),
			},
			Rules: []simulation.Rule{enabled("cloudkms")},
			ID:    "{keyRing}/cryptoKeys/{name}", Name: "{name}",
			Remains: func(simulation.Entry) string { return "its versions are destroyed; keys cannot be deleted" },
		}),
		keyMemberType: member("{cryptoKeyId}", "cloudkms", simulation.Type{
			Replace: []string{"cryptoKeyId"},
			References: []simulation.Reference{
				to("cryptoKeyId", keyType, "Error 404: CryptoKey {value} not found.", simulation.Falls),
			},
		}),
	}
}

// registryTypes are image repositories:
// https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories/create.
func registryTypes() map[string]simulation.Type {
	repository := to("repository", repositoryType, "Error 404: Requested entity was not found: {value}., notFound",
		simulation.Falls, "name")
	on := "projects/{project}/locations/{location}/repositories/{repository}"
	binding := member(on, "artifactregistry", simulation.Type{
		Replace: []string{"location", "project", "repository"}, References: []simulation.Reference{repository},
		Outputs: object{"project": "{project}", "location": "{region}"},
	})
	many := binding
	many.Replace = []string{"location", "project", "repository", "role", "condition"}
	many.ID, many.Name = on+"/{role}", "{role}"
	many.Texts = many.Texts[:1]
	many.References = []simulation.Reference{repository}
	many.Rules = []simulation.Rule{enabled("artifactregistry")}
	return map[string]simulation.Type{
		repositoryType: labelled(simulation.Type{
			Replace: []string{"format", "kmsKeyName", "location", "mode", "project", "repositoryId"},
			Texts: []simulation.Text{
				{Path: "repositoryId", Min: 2, Max: 63, Pattern: `[a-z]([a-z0-9-]*[a-z0-9])?`},
				{Path: "format", Words: []string{"APT", "DOCKER", "GENERIC", "GO", "KFP", "MAVEN", "NPM", "PYTHON", "YUM"}},
			},
			Unique: []simulation.Unique{{
				By: []string{"repositoryId", "location", "project"}, Taken: "Error 409: the repository already exists",
			}},
			References: []simulation.Reference{toKey("kmsKeyName")},
			Rules: []simulation.Rule{
				enabled("artifactregistry"), lets("kmsKeyName", "gcp-sa-artifactregistry"),
			},
			ID: "projects/{project}/locations/{location}/repositories/{repositoryId}", Name: "{repositoryId}",
			Outputs: object{
				"project": "{project}", "location": "{region}", "name": "{repositoryId}", "createTime": "{now}",
				"updateTime": "{now}",
			},
		}),
		"gcp:artifactregistry/repositoryIamMember:RepositoryIamMember":   binding,
		"gcp:artifactregistry/repositoryIamBinding:RepositoryIamBinding": many,
	}
}

// logTypes are log buckets and what leads to them: https://cloud.google.com/logging/docs/reference/v2/rest.
func logTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		logBucketType: {
			Replace: []string{"bucketId", "location", "project", "enableAnalytics"}, Adopts: true,
			Texts: []simulation.Text{
				{Path: "bucketId", Min: 1, Max: 100, Pattern: `[A-Za-z0-9._-]+`},
				{Path: "retentionDays", Pattern: `[1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650`},
			},
			Unique: []simulation.Unique{{
				By: []string{"bucketId", "location", "project"}, Taken: "Error 409: the bucket {value} already exists",
				Gone: "Error 400: Buckets must be in an ACTIVE state to be modified",
			}},
			References: []simulation.Reference{toKey("cmekSettings.kmsKeyName")},
			Rules:      []simulation.Rule{enabled("logging")},
			ID:         "projects/{project}/locations/{location}/buckets/{bucketId}", Name: "{bucketId}",
			Outputs: object{"name": "{id}", "lifecycleState": "ACTIVE"},
			// https://cloud.google.com/logging/docs/buckets#delete.
			Remains: func(simulation.Entry) string { return "it can be restored for 7 days" },
		},
		"gcp:logging/projectSink:ProjectSink": {
			Replace: []string{"name", "project", "uniqueWriterIdentity"}, Auto: "name",
			Texts: []simulation.Text{{Path: "name", Min: 1, Max: 100, Pattern: `[A-Za-z0-9._-]+`}},
			Unique: []simulation.Unique{{
				By: []string{"name", "project"}, Taken: "Error 409: Sink {value} already exists",
			}},
			References: []simulation.Reference{{
				Path: "destination", Take: `^logging\.googleapis\.com/(.*)$`, To: []string{logBucketType}, Then: simulation.Stays,
				Absent: "Error 404: Bucket {value} does not exist",
			}},
			Rules: []simulation.Rule{enabled("logging")},
			ID:    "projects/{project}/sinks/{name}", Name: "{name}",
			Outputs: object{
				"project":        "{project}",
				"writerIdentity": "serviceAccount:service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
			},
		},
	}
}

// databaseTypes are Cloud SQL instances: https://cloud.google.com/sql/docs/postgres/instance-settings.
func databaseTypes() map[string]simulation.Type {
	instance := to("instance", databaseType, "Error 404: The Cloud SQL instance does not exist., notFound",
		simulation.Falls, "name")
	return map[string]simulation.Type{
		databaseType: {
			Replace: []string{
				"name", "project", "region", "databaseVersion", "masterInstanceName", "encryptionKeyName", "replicaConfiguration",
				"clone", "restoreBackupContext",
			},
			Auto: "name", Tags: "settings.userLabels",
			Defaults: object{"deletionProtection": true},
			Texts: []simulation.Text{
				{Path: "name", Min: 1, Max: 98, Pattern: computeName},
				// https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1beta4/SqlDatabaseVersion.
				{Path: "databaseVersion", Pattern: `POSTGRES_(9_6|1[0-8])|MYSQL_(5_[67]|8_[04])|SQLSERVER_.+`},
				{Path: "settings.availabilityType", Words: []string{"REGIONAL", "ZONAL"}},
				{Path: "settings.edition", Words: []string{"ENTERPRISE", "ENTERPRISE_PLUS"}},
				{
					Path: "settings.ipConfiguration.sslMode", Words: []string{
						"ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED",
					},
				},
				// https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances#backupconfiguration.
				{Path: "settings.backupConfiguration.transactionLogRetentionDays", Pattern: `[1-7]`},
				// 256 MiB make a step, 0.9 to 6.5 GiB go with a vCPU:
				// https://cloud.google.com/sql/docs/postgres/create-instance#machine-types.
				{
					Path:    "settings.tier",
					Pattern: `db-(f1-micro|g1-small|custom-(1|[0-9]*[02468])-[0-9]+|n1-.+|perf-optimized-N-[0-9]+)`,
				},
			},
			Unique: []simulation.Unique{{
				By: []string{"name", "project"}, Taken: "Error 409: The Cloud SQL instance already exists., instanceAlreadyExists",
				Gone: "Error 409: The Cloud SQL instance already exists. When you delete an instance, you can't reuse the name " +
					"of the deleted instance until one week from the deletion date., instanceAlreadyExists",
			}},
			References: []simulation.Reference{
				toNetwork("settings.ipConfiguration.privateNetwork"), toKey("encryptionKeyName"),
				{
					Path: "__network", To: []string{connectionType}, By: []string{"__network"},
				},
				to("masterInstanceName", databaseType, "Error 404: The Cloud SQL instance {value} does not exist., notFound",
					simulation.Holds, "name"),
			},
			Rules: []simulation.Rule{
				enabled("sqladmin"), peered, lets("encryptionKeyName", "gcp-sa-cloud-sql"), reachable, recoverable, notSmaller,
			},
			ID: "{name}", Name: "{name}", Secret: []string{"rootPassword"},
			Outputs: object{
				"project": "{project}", "region": "{region}", "connectionName": "{project}:{region}:{name}",
				"firstIpAddress": "10.99.0.{digits:2}", "privateIpAddress": "{firstIpAddress}",
				"selfLink":                   "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{name}",
				"serviceAccountEmailAddress": "p{number}-{hex:6}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
				"__network":                  "{settings.ipConfiguration.privateNetwork>id}",
				"pscServiceAttachmentLink": "https://www.googleapis.com/compute/v1/projects/{hex:12}-tp/regions/{region}/" +
					"serviceAttachments/a-{hex:12}-psc-service-attachment-{hex:16}",
				"dnsName": "{hex:12}.{hex:12}.{region}.sql.goog.",
				"serverCaCerts": []any{object{
					"cert": "-----BEGIN CERTIFICATE-----\n{hex:64}\n-----END CERTIFICATE-----", "commonName": "{name}",
				}},
			},
			Held: "Error 400: The instance {name} has replicas: delete them first., invalidOperation",
			Guards: []simulation.Guard{
				{
					Path: "deletionProtection", Says: "Error, failed to delete instance because deletion_protection is set to true. " +
						"Set it to false to proceed with instance deletion.",
				},
				{
					Path: "settings.deletionProtectionEnabled", Says: "Error 400: The instance is protected. Please disable the " +
						"deletion protection and try again., deletionProtectionEnabled",
				},
			},
			Remains: func(simulation.Entry) string { return "its name cannot be used again for a week" },
		},
		"gcp:sql/database:Database": {
			Replace: []string{"name", "instance", "project", "charset", "collation"}, Auto: "name", Abandons: "ABANDON",
			Unique: []simulation.Unique{{
				By: []string{"name", "instance"}, Taken: "Error 400: Invalid request: failed to create database {value}. Detail: " +
					"database already exists",
			}},
			References: []simulation.Reference{instance},
			ID:         "projects/{project}/instances/{instance}/databases/{name}", Name: "{name}",
			Outputs: object{
				"project": "{project}", "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/{id}", "charset": "UTF8",
				"collation": "en_US.UTF8",
			},
		},
		"gcp:sql/user:User": {
			Replace: []string{"name", "instance", "project", "host", "type"}, Auto: "name", Abandons: "ABANDON",
			Secret: []string{"password"},
			Unique: []simulation.Unique{{
				By: []string{"name", "instance", "host"}, Taken: "Error 409: user {value} already exists",
			}},
			References: []simulation.Reference{instance},
			ID:         "{name}//{instance}", Name: "{name}", Outputs: object{"project": "{project}"},
		},
		"gcp:sql/sslCert:SslCert": {
			Replace: []string{"commonName", "instance", "project"}, References: []simulation.Reference{instance},
			ID: "projects/{project}/instances/{instance}/sslCerts/{hex:40}", Name: "{commonName}",
			Outputs: object{"project": "{project}", "sha1Fingerprint": "{hex:40}", "createTime": "{now}"},
		},
	}
}

// peered demands that a network which an instance is to have an address in is connected to Google's.
// https://cloud.google.com/sql/docs/postgres/configure-private-services-access.
func peered(o *simulation.Operation) error {
	network := o.Text("__network")
	if network == "" {
		return nil
	}
	if _, ok := o.Find(connectionType, network, "__network"); !ok {
		return o.Refuse(
			"Error 400: Invalid request: Failed to create subnetwork. Please create Service Networking connection "+
				"with service 'servicenetworking.googleapis.com' from consumer network '%s' again., invalid", network)
	}
	return nil
}

// reachable demands a way to an instance:
// https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances#ipconfiguration.
func reachable(o *simulation.Operation) error {
	const network = "settings.ipConfiguration."
	if o.Value("settings.ipConfiguration") == nil || o.Value(network+"ipv4Enabled") != false ||
		o.Text(network+"privateNetwork") != "" || len(o.Texts(network+"pscConfigs.*.allowedConsumerProjects")) > 0 {
		return nil
	}
	return o.Refuse("Error 400: Invalid request: At least one of Public IP, Private IP or PSC connectivity must be " +
		"enabled.")
}

// recoverable refuses two zones, or a replica, without what is to be recovered from:
// https://cloud.google.com/sql/docs/postgres/high-availability, https://cloud.google.com/sql/docs/mysql/replication.
func recoverable(o *simulation.Operation) error {
	logs := func(e simulation.Entry) bool {
		const backups = "settings.backupConfiguration."
		key := "pointInTimeRecoveryEnabled"
		if strings.HasPrefix(e.Text("databaseVersion"), "MYSQL") {
			key = "binaryLogEnabled"
		}
		return e.Text(backups+"enabled") == "true" && e.Text(backups+key) == "true"
	}
	if o.Text("settings.availabilityType") == "REGIONAL" && !logs(o.Entry) {
		return o.Refuse("Error 400: Invalid request: Backups and point-in-time recovery (of MySQL, binary logs) must be " +
			"enabled for a regional instance., invalid")
	}
	primary, found := o.Find(databaseType, o.Text("masterInstanceName"), "name")
	if found && strings.HasPrefix(primary.Text("databaseVersion"), "MYSQL") && !logs(primary) {
		return o.Refuse("Error 400: The primary instance %s has no binary logs., invalid", primary.Name)
	}
	return nil
}

// notSmaller refuses a smaller disk:
// https://cloud.google.com/sql/docs/postgres/instance-settings#storage-capacity-2ndgen.
func notSmaller(o *simulation.Operation) error {
	if o.Old == nil {
		return nil
	}
	before, _ := o.Old.Inputs["settings"].(object)
	had, _ := before["diskSize"].(float64)
	if now, _ := o.Value("settings.diskSize").(float64); now < had {
		return o.Refuse("Error 400: Invalid request: Disk size cannot be decreased from %v to %v., invalid", had, now)
	}
	return nil
}

// secretTypes are secrets: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create.
func secretTypes() map[string]simulation.Type {
	secret := func(path string) simulation.Reference {
		return to(path, secretType, "Error 404: Secret [{value}] not found.", simulation.Falls, "name", "secretId")
	}
	return map[string]simulation.Type{
		secretType: labelled(simulation.Type{
			Replace: []string{"secretId", "project", "replication"},
			Texts:   []simulation.Text{{Path: "secretId", Min: 1, Max: 255, Pattern: `[a-zA-Z0-9_-]+`}},
			Unique: []simulation.Unique{{
				By: []string{"secretId", "project"}, Taken: "Error 409: Secret [{id}] already exists.",
			}},
			References: []simulation.Reference{
				toKey("replication.auto.customerManagedEncryption.kmsKeyName"),
				toKey("replication.userManaged.replicas.*.customerManagedEncryption.kmsKeyName"),
			},
			Rules: []simulation.Rule{enabled("secretmanager")},
			ID:    "projects/{project}/secrets/{secretId}", Name: "{secretId}",
			Outputs: object{"project": "{project}", "name": "projects/{number}/secrets/{secretId}", "createTime": "{now}"},
		}),
		"gcp:secretmanager/secretVersion:SecretVersion": {
			Replace: []string{"secret", "secretData", "isSecretDataBase64"}, Secret: []string{"secretData"}, Abandons: "ABANDON",
			Defaults:   object{"enabled": true, "deletionPolicy": "DELETE"},
			References: []simulation.Reference{secret("secret")},
			ID:         "{secret>name}/versions/{digits:3}",
			Outputs:    object{"name": "{id}", "createTime": "{now}", "version": "1"},
		},
		"gcp:secretmanager/secretIamMember:SecretIamMember": member("projects/{project}/secrets/{secretId}", "secretmanager",
			simulation.Type{
				Replace: []string{"secretId", "project"}, References: []simulation.Reference{secret("secretId")},
				Outputs: object{"project": "{project}"},
			}),
	}
}
