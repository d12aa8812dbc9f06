package config

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
)

// maxReplicas is how many replicas a database may have: the server is set up for ten connections that replicate, and
// one is left for a clone under way.
const maxReplicas = 9

// parameter is what the server's parameters are called; with a dot those of extensions.
var parameter = regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$`)

// managed are parameters that replication and the network depend on.
var managed = []string{
	"data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "listen_addresses", "port",
	"unix_socket_directories", "wal_level", "hot_standby", "primary_conninfo", "primary_slot_name", "restore_command",
	"max_wal_senders", "max_replication_slots", "password_encryption", "synchronous_commit", "include", "include_dir",
	"include_if_exists",
}

func (c *checker) databases() {
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		path := at("databases", name)
		if !c.sound(path) {
			continue
		}
		d := c.Databases[name]
		c.workloadName(path, name)
		_, taken := c.Apps[name]
		c.check(path, !taken, "must differ from the name of an app, got %s twice", quoted(name))
		c.reference(at(path, "image"), d.Image)
		c.check(at(path, "user"), d.User > 0, "must be at least 1 (0 is root, and no pod may run as root), got %d", d.User)
		if c.sound(at(path, "replicas")) {
			c.between(at(path, "replicas"), d.Replicas, 0, maxReplicas)
		}
		c.quantity(at(path, "storage"), d.Storage, "256Mi")
		c.amounts(at(path, "resources"), &d.Resources)
		c.between(at(path, "timeout"), d.Timeout, 30, 86400)
		c.settings(at(path, "settings"), d.Settings)
		for i, cidr := range d.Clients {
			c.cidr(index(at(path, "clients"), i), cidr)
		}
	}
}

// settings: parameters of the server, and none that Plinth answers for.
func (c *checker) settings(path string, settings map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		c.check(at(path, name), parameter.MatchString(name),
			"must be the name of a parameter in lower case, such as work_mem, got %s", quoted(name))
		c.check(at(path, name), !slices.Contains(managed, name),
			"must not be set here, because replication depends on what it is set to already")
	}
}

// cidr: a range of addresses in its one spelling.
func (c *checker) cidr(path, text string) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		c.add(path, "must be a range of addresses such as 203.0.113.0/24, got %s", quoted(text))
		return
	}
	c.check(path, prefix == prefix.Masked(), "must not have bits set beyond its prefix: write %s, got %s",
		prefix.Masked(), quoted(text))
}

// database: one that exists, and variables that nothing else sets.
func (c *checker) database(path, _ string, a *App) {
	path = at(path, "database")
	if a.Database == nil || !c.sound(path) {
		return
	}
	_, found := c.Databases[a.Database.Name]
	known := slices.Sorted(maps.Keys(c.Databases))
	if c.sound(at(path, "name")) {
		c.check(at(path, "name"), found, "must be the name of a database, got %s; %s", quoted(a.Database.Name),
			suggestion(a.Database.Name, known))
	}
	seen := map[string]string{}
	for _, set := range []struct {
		key       string
		variables Variables
	}{{"variables", a.Database.Variables}, {"readOnly", a.Database.ReadOnly}} {
		for _, v := range set.variables.all() {
			here := at(path, set.key, v.key)
			if v.name == "" {
				continue
			}
			c.variable(here, v.name)
			unique(c, here, at(set.key, v.key), seen, v.name)
			_, secret := a.Secrets[v.name]
			c.check(here, !secret, "must not be set in secrets too, got %s", quoted(v.name))
		}
	}
}

// named is one variable: its key in the configuration, and the name given.
type named struct{ key, name string }

// all returns every variable.
func (v Variables) all() []named {
	return []named{
		{"url", v.URL}, {"host", v.Host}, {"port", v.Port}, {"name", v.Name}, {"user", v.User}, {"password", v.Password},
	}
}

// migration: a command, and a time to run.
func (c *checker) migration(path, _ string, a *App) {
	path = at(path, "migration")
	if a.Migration == nil || !c.sound(path) {
		return
	}
	c.check(at(path, "command"), len(a.Migration.Command) > 0 || !c.sound(at(path, "command")), "must not be empty")
	c.between(at(path, "timeout"), a.Migration.Timeout, 10, 86400)
}
