package ephemeral

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3" // It keeps what is not changed as it is written, comments too.
)

// Mark starts the first line of a stack file that [Derive] has made: such a file may be made anew and removed.
const Mark = "# Ephemeral environment "

// Options say how an environment differs from the stack that it is made from.
type Options struct {
	// Name is the environment's stack, From the one whose file it is made from.
	Name, From string
	// Shared is the full name of the stack whose cluster is used, where From has one of its own in a cloud. Empty: the
	// environment gets a cluster of its own.
	Shared string
	// Seed holds statements by app: they run in its database once it is migrated.
	Seed map[string]string
	// Restore holds the names of backups by database, `latest` for the last one: it is filled from From's backups.
	Restore map[string]string
}

// Derive makes the stack file of an ephemeral environment out of another one's. It is small (the tier dev), protects
// and keeps nothing, has a namespace, databases and buckets of its own, and uses the other's cluster and the operators
// in it. What only a cloud's own cluster could give becomes what the cluster itself has. notes say what a reader may
// miss.
func Derive(file []byte, o Options) (text []byte, notes []string, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(file, &document); err != nil {
		return nil, nil, fmt.Errorf("reading the file of stack %s: %w", o.From, err)
	}
	if document.Kind == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, nil, fmt.Errorf("reading the file of stack %s: want an object with the key config", o.From)
	}
	root := document.Content[0]
	config := get(root, "config")
	if config == nil || config.Kind != yaml.MappingNode {
		return nil, nil, fmt.Errorf("reading the file of stack %s: want an object under config", o.From)
	}
	d := &derivation{Options: o, config: config}
	for _, step := range []func() error{d.placed, d.unprotected, d.data, d.seeded, d.reached} {
		if err := step(); err != nil {
			return nil, nil, fmt.Errorf("making environment %s from stack %s: %w", o.Name, o.From, err)
		}
	}
	root.HeadComment, root.Content[0].HeadComment = "", "" // What is said there is about the other stack.
	document.HeadComment = ""
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s%s, made from %s by `plinth env create`, which makes this file anew.\n", Mark, o.Name, o.From)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, nil, fmt.Errorf("writing the file of environment %s: %w", o.Name, err)
	}
	return out.Bytes(), d.notes, encoder.Close()
}

type derivation struct {
	Options
	config *yaml.Node
	notes  []string
}

func (d *derivation) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// section is one of the configuration's; nil where there is none.
func (d *derivation) section(name string) *yaml.Node {
	if found := get(d.config, "plinth:"+name); found != nil {
		return found
	}
	return get(d.config, name) // Pulumi reads a key without a namespace as the project's.
}

// drop removes a section.
func (d *derivation) drop(name string) {
	remove(d.config, "plinth:"+name)
	remove(d.config, name)
}

// scalar sets a section that is one word.
func (d *derivation) scalar(name, value string) {
	d.drop(name)
	set(d.config, "plinth:"+name, value)
}

// placed says where the environment is.
func (d *derivation) placed() error {
	d.scalar("tier", "dev")
	if namespace := d.section("namespace"); namespace != nil {
		remove(namespace, "name")
	}
	cluster := d.section("cluster")
	if cluster != nil {
		remove(cluster, "identifier")
	}
	cloud := d.section("cloud")
	own := cloud != nil && cloud.Value != "existing"
	if own && d.Shared == "" {
		return nil
	}
	// There is one of each operator in a cluster.
	if operators := d.section("operators"); operators != nil {
		d.drop("operators")
		d.note("the operators are those of stack %s", d.From)
	}
	if own {
		d.drop("cluster")
		d.scalar("cloud", "existing")
		shared := &yaml.Node{Kind: yaml.MappingNode}
		set(shared, "stack", d.Shared)
		d.config.Content = append(d.config.Content, scalar("plinth:cluster"), shared)
		d.note("it uses the cluster of stack %s", d.Shared)
	}
	return nil
}

// unprotected lets everything go when the environment does.
func (d *derivation) unprotected() error {
	for _, name := range []string{"namespace", "cluster", "minio"} {
		if section := d.section(name); section != nil {
			remove(section, "protect")
			remove(section, "retain")
		}
	}
	for _, name := range []string{"databases", "buckets"} {
		for _, entry := range entries(d.section(name)) {
			remove(entry, "protect")
			remove(entry, "retain")
		}
	}
	return nil
}

// data gives the environment databases and buckets of its own.
func (d *derivation) data() error {
	databases := entries(d.section("databases"))
	archives := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(d.Restore)) {
		database, found := databases[name]
		if !found {
			return fmt.Errorf("restoring database %s: there is none of that name", name)
		}
		bucket := get(get(database, "backup"), "bucket")
		if bucket == nil {
			return fmt.Errorf("restoring database %s: it has no backups (plinth:databases.%s.backup)", name, name)
		}
		engine := get(entries(d.section("buckets"))[bucket.Value], "engine")
		if engine == nil || engine.Value != "external" {
			return fmt.Errorf("restoring database %s: its backups are in bucket %s, which only stack %s itself can reach: "+
				"a bucket with the engine external can be read from elsewhere", name, bucket.Value, d.From)
		}
		archives[bucket.Value] = true
		remove(database, "restore")
		restore := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		set(restore, "bucket", bucket.Value)
		set(restore, "from", name)
		set(restore, "backup", d.Restore[name])
		database.Content = append(database.Content, scalar("restore"), restore)
	}
	for name, database := range databases {
		remove(database, "backup")
		if _, again := d.Restore[name]; !again {
			remove(database, "restore")
		}
		// Only a cluster with a cloud around it has managed ones: the same server in the cluster takes their place.
		if engine := get(database, "engine"); engine != nil && d.Shared != "" {
			if plain, managed := strings.CutPrefix(engine.Value, "managed-"); managed {
				engine.Value = plain
				remove(database, "managed")
				d.note("database %s is in the cluster, with the engine %s", name, plain)
			}
		}
	}
	return d.buckets(archives)
}

// buckets makes those of apps the environment's own: a bucket elsewhere, or of the cloud, would be the other stack's.
func (d *derivation) buckets(archives map[string]bool) error {
	used := map[string]bool{}
	for _, app := range entries(d.section("apps")) {
		if name := get(get(app, "bucket"), "name"); name != nil {
			used[name.Value] = true
		}
	}
	section := d.section("buckets")
	for name, bucket := range entries(section) {
		engine := get(bucket, "engine")
		switch {
		case archives[name] && used[name]:
			return fmt.Errorf("restoring from bucket %s: an app uses it too, and would write into that of stack %s: "+
				"give the backups a bucket of their own", name, d.From)
		case archives[name]:
		case !used[name]:
			remove(section, name)
		case engine != nil && engine.Value != "minio":
			d.note("bucket %s is in the cluster, with the engine minio, and starts empty", name)
			engine.Value = "minio"
			remove(bucket, "external")
			remove(bucket, "managed")
		}
	}
	if section != nil && len(section.Content) == 0 {
		d.drop("buckets")
	}
	return nil
}

// seeded adds the statements that fill databases.
func (d *derivation) seeded() error {
	apps := entries(d.section("apps"))
	for _, name := range slices.Sorted(maps.Keys(d.Seed)) {
		app, found := apps[name]
		if !found {
			return fmt.Errorf("filling the database of app %s: there is no app of that name", name)
		}
		if get(app, "database") == nil {
			return fmt.Errorf("filling the database of app %s: it has none", name)
		}
		after := get(app, "afterMigration")
		if after == nil {
			after = &yaml.Node{Kind: yaml.MappingNode}
			app.Content = append(app.Content, scalar("afterMigration"), after)
		}
		statements := d.Seed[name]
		if before := get(after, "sql"); before != nil {
			statements = strings.TrimRight(before.Value, "\n") + "\n" + statements
		}
		set(after, "sql", statements)
	}
	return nil
}

// reached gives the environment names of its own at the edge: NAME.HOST for each host.
func (d *derivation) reached() error {
	edge := d.section("edge")
	if edge == nil {
		return nil
	}
	rename := func(host *yaml.Node) {
		rest, wild := strings.CutPrefix(host.Value, "*.")
		if host.Value = d.Name + "." + rest; wild {
			host.Value = "*." + host.Value
		}
	}
	var walk func(node *yaml.Node)
	walk = func(node *yaml.Node) {
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 1 {
				switch node.Content[i-1].Value {
				case "host":
					rename(child)
					continue
				case "hosts":
					for _, host := range child.Content {
						if host.Kind == yaml.ScalarNode {
							rename(host)
						} else {
							walk(host)
						}
					}
					continue
				}
			}
			walk(child)
		}
	}
	walk(edge)
	return nil
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// get returns the value of a key in an object; nil where there is none.
func get(object *yaml.Node, key string) *yaml.Node {
	if object == nil || object.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			return object.Content[i+1]
		}
	}
	return nil
}

// set gives a key in an object a scalar value.
func set(object *yaml.Node, key, value string) {
	if found := get(object, key); found != nil {
		*found = yaml.Node{Kind: yaml.ScalarNode, Value: value}
		return
	}
	object.Content = append(object.Content, scalar(key), scalar(value))
}

// remove takes a key out of an object.
func remove(object *yaml.Node, key string) {
	if object == nil || object.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			object.Content = slices.Delete(object.Content, i, i+2)
			return
		}
	}
}

// entries are the objects in an object, by key.
func entries(object *yaml.Node) map[string]*yaml.Node {
	found := map[string]*yaml.Node{}
	if object == nil || object.Kind != yaml.MappingNode {
		return found
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		found[object.Content[i].Value] = object.Content[i+1]
	}
	return found
}
