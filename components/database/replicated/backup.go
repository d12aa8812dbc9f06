package replicated

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/workload"
)

// Archive is where backups are kept: a bucket, and how to reach it.
type Archive struct {
	// Image is that of MinIO's client, resolved already, which speaks to any S3.
	Image string
	// Endpoint is the service's URL, Bucket the bucket there, and Prefix what the names of all objects start with; it
	// ends in a slash, or is empty.
	Endpoint, Bucket, Prefix string
	// Access leads there: the variables ACCESS_KEY_ID and SECRET_ACCESS_KEY, files, edges, and what has to be ready.
	Access binding.Binding
}

// BackupArgs says how a database is backed up.
type BackupArgs struct {
	Archive Archive
	// Schedule is when, as cron writes it, in UTC.
	Schedule string
	// Keep is how many backups are kept. At least 1.
	Keep int
	// Scratch is the room for one backup on a node's disk, a quantity of bytes.
	Scratch string
	// Timeout is how long one may take, in seconds.
	Timeout int
}

// RestoreArgs says what a new database is filled with.
type RestoreArgs struct {
	Archive Archive
	// From is the database whose backup it is, Backup the backup's name, or "latest".
	From, Backup string
	// Scratch and Timeout are as in [BackupArgs].
	Scratch string
	Timeout int
}

// Backup makes a backup whenever it is time: a dump of each application's database, which any later major version can
// read as well, and in which single tables can be found. A backup counts only when it is complete. It needs
// [Args].Backups. What that account may not read fails it: large objects of PostgreSQL, which their owner alone may.
func (d *Database) Backup(ctx *pulumi.Context, args *BackupArgs, opts ...pulumi.ResourceOption) error {
	b, id := d.parts, d.primary
	id.Name = workload.Name(workload.MaxCronJob, b.name, "backup")
	dump := b.client("dump", "backup.sh", Backups, b.serviceRef(Backups), args.Scratch)
	upload := args.Archive.container("upload", "upload.sh", b.name, args.Scratch, []binding.Variable{
		{Name: "KEEP", Value: pulumi.String(fmt.Sprint(args.Keep))},
	})
	pod, ready, err := b.moving(id, &args.Archive, dump, upload)
	if err != nil {
		return fmt.Errorf("backing up database %s: %w", b.name, err)
	}
	// One that is late is made all the same, unless the next is near; two at once never are.
	_, err = workload.CronJob{
		Name: id.Name, Pod: pod, Schedule: args.Schedule, Retries: 2, Timeout: args.Timeout,
	}.Make(ctx, b.name+"-backup", append(b.child(append(ready, d.ready...)...), opts...)...)
	if err != nil {
		return fmt.Errorf("backing up database %s: %w", b.name, err)
	}
	return nil
}

// Restore fills the database from a backup of another, once, before anybody uses it: those of its applications'
// databases that are empty. What holds a table already is left alone, so that the next update restores nothing again.
func (d *Database) Restore(ctx *pulumi.Context, args *RestoreArgs, opts ...pulumi.ResourceOption) error {
	b, id := d.parts, d.primary
	id.Name = workload.Name(workload.MaxLabel, b.name, "restore")
	download := args.Archive.container("download", "download.sh", args.From, args.Scratch, []binding.Variable{
		{Name: "BACKUP", Value: pulumi.String(args.Backup)},
		{Name: "APPLICATIONS", Value: pulumi.String(strings.Join(b.args.Applications, " "))},
	})
	restore := b.client("restore", "restore.sh", b.engine.Superuser, b.credentials.superuser, args.Scratch)
	pod, ready, err := b.moving(id, &args.Archive, download, restore)
	if err != nil {
		return fmt.Errorf("restoring database %s: %w", b.name, err)
	}
	job, err := workload.Job{Name: id.Name, Pod: pod, Retries: 2, Timeout: args.Timeout}.Run(ctx, b.name+"-restore-job",
		append(b.child(append(ready, d.ready...)...), opts...)...)
	if err != nil {
		return fmt.Errorf("restoring database %s: %w", b.name, err)
	}
	d.ready, d.replicated = append(d.ready[:len(d.ready):len(d.ready)], job),
		append(d.replicated[:len(d.replicated):len(d.replicated)], job)
	return nil
}

// client is a container with the engine's own programs that works on the primary.
func (b *builder) client(name, script, account string, password *binding.SecretRef, scratch string) workload.Container {
	_, authority := b.authority()
	return workload.Container{
		Name: name, Image: b.args.Image, Command: []string{ScriptsFolder + "/" + script},
		Env: append(b.engine.Client(b.database.host(), account, password),
			binding.Variable{Name: "ROLES", Value: pulumi.String(b.roles())}),
		Resources: movingResources(scratch),
		Mounts: []workload.Mount{
			{Volume: "scripts", Path: ScriptsFolder, ReadOnly: true},
			{Volume: "scratch", Path: backupFolder},
			authority,
		},
	}
}

// container is one with the client of the archive.
func (a *Archive) container(name, script, database, scratch string, env []binding.Variable) workload.Container {
	return workload.Container{
		Name: name, Image: a.Image, Command: []string{"/bin/sh", ScriptsFolder + "/" + script},
		Env: append(append([]binding.Variable{
			{Name: "MC_CONFIG_DIR", Value: pulumi.String("/tmp/mc")},
			{Name: "ENDPOINT", Value: pulumi.String(a.Endpoint)},
			{Name: "FOLDER", Value: pulumi.String("store/" + a.Bucket + "/" + a.Prefix + database)},
		}, a.Access.Env...), env...),
		Resources: movingResources(scratch),
		Mounts: []workload.Mount{
			{Volume: "scripts", Path: ScriptsFolder, ReadOnly: true}, {Volume: "scratch", Path: backupFolder},
		},
	}
}

func movingResources(scratch string) workload.Resources {
	return workload.Resources{
		Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "64Mi"},
		Limits:   workload.Amounts{CPU: "1", Memory: "256Mi", EphemeralStorage: scratch},
	}
}

// moving is a pod whose first container makes what the second takes, with its network.
func (b *builder) moving(
	id workload.ID, archive *Archive, first, second workload.Container,
) (workload.Pod, []pulumi.Resource, error) {
	user := b.user()
	authority, _ := b.authority()
	pod := workload.Pod{
		ID: id, User: &user, Init: []workload.Container{first}, Containers: []workload.Container{second},
		Volumes: []workload.Volume{
			{Name: "scripts", ConfigMap: pulumi.String(b.scripts), Executable: true},
			authority,
			{Name: "scratch", Empty: first.Resources.Limits.EphemeralStorage},
		},
	}
	at := &pod.Containers[0]
	if first.Image == archive.Image {
		at = &pod.Init[0]
	}
	for i, file := range archive.Access.Files {
		volume, folder, entry := fmt.Sprint("archive-", i), file.Path[:strings.LastIndex(file.Path, "/")],
			file.Path[strings.LastIndex(file.Path, "/")+1:]
		pod.Volumes = append(pod.Volumes, workload.Volume{
			Name: volume, Secret: file.Secret.Secret, Items: map[string]string{file.Secret.Key: entry},
		})
		at.Mounts = append(at.Mounts, workload.Mount{Volume: volume, Path: folder, ReadOnly: true})
	}
	edges := append([]binding.Edge{b.toPrimary()}, archive.Access.Edges...)
	policies, err := workload.Edges(b.ctx, id.Name, id, edges, b.child()...)
	if err != nil {
		return pod, nil, err
	}
	return pod, append(policies, archive.Access.Ready...), pod.Check()
}
