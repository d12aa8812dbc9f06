package mysql_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/database/mysql"
	"plinth/components/database/replicated"
	"plinth/components/workload"
	"plinth/internal/record"
	"plinth/internal/recorded"
)

// ordinary are the arguments of a database with one replica and two applications.
func ordinary() *mysql.Args {
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "256Mi"}
	return &mysql.Args{
		Args: replicated.Args{
			Namespace: &workload.Namespace{Name: "shop"}, PartOf: "shop-test",
			Image: "docker.io/library/mariadb:10.11.13", Replicas: 1, Storage: "2Gi",
			Resources: workload.Resources{Requests: amounts, Limits: amounts}, Synchronous: replicated.On,
			Applications: []string{"api", "web"}, Timeout: 300,
		},
		Engine: mysql.MariaDB,
	}
}

// attempt records the database main. change says what differs from the ordinary one, use what is done with it.
func attempt(
	t *testing.T, change func(*mysql.Args), use func(*replicated.Database),
) (rec *record.Recording, err error) {
	t.Helper()
	return attemptWith(t, recorded.Generated, change, func(_ *pulumi.Context, d *replicated.Database) error {
		use(d)
		return nil
	})
}

// attemptWith is an attempt with other outputs of providers, and with what is added to the database.
func attemptWith(
	t *testing.T, outputs func(*record.Resource) resource.PropertyMap, change func(*mysql.Args),
	add func(*pulumi.Context, *replicated.Database) error,
) (rec *record.Recording, err error) {
	t.Helper()
	made := recorded.Component[mysql.Args, *replicated.Database]{New: mysql.New, Ordinary: ordinary}
	return made.Record(t, outputs, change, add)
}

// deploy is an attempt that must succeed.
func deploy(t *testing.T, change func(*mysql.Args)) *record.Recording {
	t.Helper()
	rec, err := attempt(t, change, func(*replicated.Database) {})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
