package app

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// SQL is statements that run in the application's database once it is migrated, before the application does: settings
// that it reads from a table, for example. They run as one transaction, and must lead to the same end however often
// they run.
//
// Values come in as variables of psql, never as a part of the statements: what the environment calls bucket_name is
// :'bucket_name', quoted by psql. All that is plain in the application's environment is there, and Values over it.
// Nothing secret is, but what psql itself needs to connect.
type SQL struct {
	// Statements are PostgreSQL's.
	Statements string
	// Values are plain variables for the statements.
	Values []binding.Variable
	// Image holds psql, of version 15 or later, and User is the uid that it runs as.
	Image string
	User  int
	// Database leads psql to the database: by PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.
	Database binding.Binding
	// Timeout is how long it may take, in seconds.
	Timeout int
}

const (
	statementsFolder = "/statements"
	statementsFile   = "after-migration.sql"
)

// statements runs SQL as a Job of its own name for each content: one that is done does not run again, and runs anew
// when a statement or a value changes. It has the network of psql's connection alone.
func (b *builder) statements() error {
	s := b.args.AfterMigration
	if s == nil {
		return nil
	}
	id := b.id
	id.Name = workload.Name(workload.MaxLabel, b.name, "sql")
	variables := b.plain(s)
	content := []string{s.Image, s.Statements}
	for _, v := range variables {
		content = append(content, v.Name)
		if text, ok := v.Value.(pulumi.String); ok {
			content = append(content, string(text))
		}
	}
	name, file, err := workload.Files(b.ctx, b.name+"-sql-files", id,
		map[string]string{statementsFile: prelude(variables) + s.Statements}, b.child()...)
	if err != nil {
		return err
	}
	policies, err := workload.Edges(b.ctx, b.name+"-sql", id, s.Database.Edges, b.child()...)
	if err != nil {
		return err
	}
	job := workload.Job{
		Name: workload.Hashed(id.Name, content...), Timeout: s.Timeout, Retries: 2,
		Pod: workload.Pod{
			ID: id, User: &s.User,
			Containers: []workload.Container{{
				Name: "psql", Image: s.Image,
				Command: []string{"psql", "-qX", "-1", "-v", "ON_ERROR_STOP=1", "-f", statementsFolder + "/" + statementsFile},
				Env: slices.Concat(variables, s.Database.Env, []binding.Variable{
					{Name: "PGCONNECT_TIMEOUT", Value: pulumi.String("5")},
				}),
				Resources: workload.Resources{
					Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
					Limits:   workload.Amounts{CPU: "500m", Memory: "128Mi", EphemeralStorage: "64Mi"},
				},
				Mounts: []workload.Mount{{Volume: "statements", Path: statementsFolder, ReadOnly: true}},
			}},
			Volumes: []workload.Volume{{Name: "statements", ConfigMap: pulumi.String(name)}},
		},
	}
	after := slices.Concat(b.before, s.Database.Ready, policies, []pulumi.Resource{file})
	made, err := job.Run(b.ctx, b.name+"-after-migration", b.child(after...)...)
	if err != nil {
		return fmt.Errorf("statements after the migration: %w", err)
	}
	b.before = append(b.before, made)
	return nil
}

// plain are the variables that hold nothing secret, each once: those of the application, the statement's own over them,
// and none that psql takes for itself.
func (b *builder) plain(s *SQL) []binding.Variable {
	var out []binding.Variable
	for _, v := range slices.Concat(b.env, s.Values) {
		if v.Secret != nil || strings.HasPrefix(v.Name, "PG") {
			continue
		}
		out = slices.DeleteFunc(out, func(other binding.Variable) bool { return other.Name == v.Name })
		out = append(out, v)
	}
	return out
}

// psqlName is what psql takes for the name of a variable.
var psqlName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// prelude makes variables of psql of variables of the environment:
// https://www.postgresql.org/docs/15/app-psql.html (\getenv).
func prelude(variables []binding.Variable) string {
	var out strings.Builder
	for _, v := range variables {
		if psqlName.MatchString(v.Name) {
			fmt.Fprintf(&out, "\\getenv %[1]s %[1]s\n", v.Name)
		}
	}
	return out.String()
}
