package environment

import (
	"maps"
	"slices"

	"plinth/components/binding"
	"plinth/components/database/postgres"
	"plinth/components/workload"
	"plinth/config"
)

func (e *environment) databases() error {
	e.postgres = map[string]*postgres.Postgres{}
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Databases)) {
		d := e.cfg.Databases[name]
		made, err := postgres.New(e.ctx, name, &postgres.Args{
			Namespace: e.namespace, PartOf: e.partOf,
			Image: workload.Images{Mirrors: e.cfg.Images.Mirrors}.Resolve(d.Image),
			User:  int(d.User), Replicas: d.Replicas, Storage: d.Storage, StorageClass: d.StorageClass,
			Resources: resources(d.Resources), SynchronousCommit: string(d.SynchronousCommit), Settings: d.Settings,
			Clients: d.Clients, Applications: e.usersOf(name), Retain: d.Retain, Timeout: d.Timeout,
		}, e.inCluster()...)
		if err != nil {
			return err
		}
		e.postgres[name] = made
	}
	return nil
}

// usersOf are the apps that are bound to a database, sorted.
func (e *environment) usersOf(database string) []string {
	var users []string
	for _, name := range slices.Sorted(maps.Keys(e.cfg.Apps)) {
		if bound := e.cfg.Apps[name].Database; bound != nil && bound.Name == database {
			users = append(users, name)
		}
	}
	return users
}

// bindings are what an app uses.
func (e *environment) bindings(app string, bound *config.Bound) []binding.Binding {
	if bound == nil {
		return nil
	}
	database := e.postgres[bound.Name]
	made := []binding.Binding{database.Binding(app, postgres.Shape(bound.Variables))}
	if bound.ReadOnly != (config.Variables{}) {
		made = append(made, database.ReadOnly(app, postgres.Shape(bound.ReadOnly)))
	}
	return made
}

// retains says whether a database's volumes are to outlive the environment, and so their namespace.
func (e *environment) retains() bool {
	for _, d := range e.cfg.Databases {
		if d.Retain {
			return true
		}
	}
	return false
}
