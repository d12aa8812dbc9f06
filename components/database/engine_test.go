package database_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/database"
	"plinth/internal/record"
)

// keep declares an engine where the stash has another value already.
func keep(t *testing.T, engine, was string) error {
	t.Helper()
	_, err := record.Run(t.Context(), record.Options{
		Project: "shop", Stack: "test",
		Outputs: func(r *record.Resource) resource.PropertyMap {
			if r.Type != "pulumi:index:Stash" {
				return r.Inputs
			}
			return resource.PropertyMap{"input": r.Inputs["input"], "output": resource.NewProperty(was)}
		},
	}, func(ctx *pulumi.Context) error { return database.Keep(ctx, "main", engine) })
	return err
}

func TestAnotherEngineIsRefusedOnceWithTheWayToMoveTheData(t *testing.T) {
	if err := keep(t, "postgres", "postgres"); err != nil {
		t.Errorf("the same engine: %v", err)
	}
	want := "databases.main.engine: the database was made with postgres and holds data, which mariadb cannot read. " +
		"To move it: add a database under another name with the engine mariadb; copy the data there; give the apps its " +
		"name in place of main; and take main out when nothing uses it any more"
	err := keep(t, "mariadb", "postgres")
	if strings.Count(fmt.Sprint(err), want) != 1 {
		t.Errorf("got the error %v, want once %s", err, want)
	}
}
