package minio

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
	"plinth/components/objectstore"
	"plinth/components/secrets"
	"plinth/components/workload"
)

//go:embed setup.sh
var setup string

const (
	rootUser = "root"
	// passwordLength in letters and digits is more than 190 bits.
	passwordLength = 32

	dataFolder     = "/data"
	declaredFolder = "/declared"
	scriptsFolder  = "/scripts"
	usersFolder    = "/users"
	// certificates are in the server's own layout: public.crt, private.key and those of authorities in CAs.
	certificatesFolder = "/certificates"
	authoritiesFolder  = "CAs"
	authorityFolder    = "/authority"

	// Entries of the Secret with the certificate: those of the type kubernetes.io/tls, and what cert-manager adds.
	certificateEntry, keyEntry, authorityEntry = "tls.crt", "tls.key", "ca.crt"

	// metricsPath: https://min.io/docs/minio/linux/operations/monitoring/collect-minio-metrics-using-prometheus.html.
	metricsPath = "/minio/v2/metrics/cluster"
)

var port = workload.Port{Name: "s3", Container: 9000}

// MinIO is an S3 server. It waits until its pods are ready and every bucket and user is there.
type MinIO struct {
	pulumi.ResourceState

	args   *Args
	server workload.ID
	// revisions are the users' secret keys, by application.
	revisions map[string]pulumi.StringInput
	ready     []pulumi.Resource
}

// Args says what server.
type Args struct {
	// Namespace holds everything made here.
	Namespace *workload.Namespace
	// PartOf names the environment.
	PartOf string
	// Image and ClientImage are resolved already: MinIO's server, and its client mc with a shell.
	Image, ClientImage string
	// User is the uid that both run as.
	User int
	// Drives is 1 or 4: a pod for each. It cannot change once there are objects.
	Drives int
	// Storage is the size of each drive, a quantity of bytes. It can grow, not shrink.
	Storage string
	// StorageClass is empty for the cluster's default.
	StorageClass string
	// Resources are each pod's.
	Resources workload.Resources
	// Region is what requests are signed for.
	Region string
	// TLSSecret names a Secret with a certificate for the Service's name and the pods' names: tls.crt, tls.key and
	// ca.crt. Empty: requests are not encrypted.
	TLSSecret string
	// MetricsNamespace is whose pods may read the metrics, without keys. Empty: nobody may.
	MetricsNamespace string
	// Buckets and Users are those to make.
	Buckets []Bucket
	Users   []User
	// Retain keeps the drives when the server is destroyed.
	Retain bool
	// Timeout is how long, in seconds, each part may take to be ready.
	Timeout int
	// Keeper is where passwords and keys go. Nil: into Secrets, as they are.
	Keeper secrets.Keeper
}

// New makes the server.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*MinIO, error) {
	id := func(name string) workload.ID {
		return workload.ID{Name: name, Component: "object-store", PartOf: args.PartOf, Namespace: args.Namespace.Name}
	}
	if args.Keeper == nil {
		args.Keeper = secrets.Kubernetes{}
	}
	m := &MinIO{args: args, server: id(name), revisions: map[string]pulumi.StringInput{}}
	if err := ctx.RegisterComponentResource("plinth:objectstore:MinIO", name, m, opts...); err != nil {
		return nil, fmt.Errorf("registering object store %s: %w", name, err)
	}
	b := &builder{ctx: ctx, name: name, args: args, store: m, setupID: id(name + "-setup")}
	for _, step := range []func() error{
		b.root, b.users, b.services, b.edges, b.budget, b.servers, b.growth, b.setup,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("object store %s: %w", name, err)
		}
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"endpoint": pulumi.String(m.endpoint())})
}

// Bucket leads an application to its bucket, as the user that it has there. The application is one of [Args].Users.
func (m *MinIO) Bucket(application string) objectstore.Bucket {
	i := slices.IndexFunc(m.args.Users, func(u User) bool { return u.Application == application })
	bucket := objectstore.Bucket{
		Provider: "minio", Endpoint: m.endpoint(), Region: m.args.Region, Name: m.args.Users[i].Bucket,
		Addressing: objectstore.Path, Keys: objectstore.KeysIn(secretOf(m.server.Name, application)),
		Edges:    []binding.Edge{{To: m.server.Peer(), Ports: workload.Ports{port}.Edges()}},
		Revision: m.revisions[application], Ready: m.ready,
	}
	if m.args.TLSSecret != "" {
		bucket.Authority = &binding.SecretRef{Secret: pulumi.String(m.args.TLSSecret), Key: authorityEntry}
	}
	return bucket
}

func (m *MinIO) endpoint() string { return port.URL(m.scheme(), m.server.Name, m.server.Namespace) }

func (m *MinIO) scheme() string {
	if m.args.TLSSecret != "" {
		return "https"
	}
	return "http"
}

// builder makes the server's parts in the order of their dependencies.
type builder struct {
	ctx     *pulumi.Context
	name    string
	args    *Args
	store   *MinIO
	setupID workload.ID

	// password is the root's; fingerprint changes with it, userFingerprints with any of the users' keys.
	password         *binding.SecretRef
	fingerprint      pulumi.StringInput
	userFingerprints []any
	// guards are what the server's pods wait for, userSecrets what the setup's wait for besides.
	guards, userSecrets []pulumi.Resource

	set *appsv1.StatefulSet
}

// child are the options of everything made here: below the component, after the namespace and its guards.
func (b *builder) child(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.store), pulumi.DependsOn(slices.Concat(b.args.Namespace.Ready, after)),
	}
}

// secret makes a Secret with a random password in one entry, and plain text in others. The password is made once and
// kept in the state, encrypted; it holds letters and digits only, so that it can stand in a URL as it is.
func (b *builder) secret(
	name, entry string, others map[string]string,
) (*secrets.Reference, pulumi.StringOutput, error) {
	password, err := random.NewRandomPassword(b.ctx, name, &random.RandomPasswordArgs{
		Length: pulumi.Int(passwordLength), Special: pulumi.Bool(false),
	}, pulumi.Parent(b.store))
	if err != nil {
		return nil, pulumi.StringOutput{}, fmt.Errorf("making password %s: %w", name, err)
	}
	data := map[string]pulumi.StringInput{entry: password.Result}
	for key, value := range others {
		data[key] = pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
	}
	secret, err := b.args.Keeper.Keep(b.ctx, name, &secrets.Kept{ID: b.store.server, Secret: name, Values: data},
		b.child()...)
	return secret, password.Result, err
}

func (b *builder) root() error {
	const entry = "password"
	name := b.name + "-root"
	secret, password, err := b.secret(name, entry, nil)
	if err != nil {
		return err
	}
	b.guards = append(b.guards, secret.Ready...)
	b.password = secret.At(entry)
	b.fingerprint = workload.Fingerprint(b.store.server, password)
	return nil
}

func (b *builder) users() error {
	for _, user := range b.args.Users {
		secret, key, err := b.secret(secretOf(b.name, user.Application), objectstore.SecretAccessKeyEntry,
			map[string]string{objectstore.AccessKeyIDEntry: accessKey(user.Application)})
		if err != nil {
			return err
		}
		b.userSecrets = append(b.userSecrets, secret.Ready...)
		b.userFingerprints = append(b.userFingerprints, key)
		b.store.revisions[user.Application] = key
	}
	return nil
}

// services are one name for the server, and one that gives each pod its own.
func (b *builder) services() error {
	for _, headless := range []bool{false, true} {
		name := b.name
		spec := corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: workload.StringMap(b.store.server.Selector()),
			Ports: workload.Ports{port}.ServicePorts(),
		}
		if headless {
			name = b.pods()
			spec.ClusterIP = pulumi.String("None")
			// They need each other in order to become ready.
			spec.PublishNotReadyAddresses = pulumi.Bool(true)
		}
		meta := b.store.server.Meta(name)
		// Its pods come after it, so it is not waited for: they need its name to start.
		meta.Annotations = pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
		service, err := corev1.NewService(b.ctx, name+"-service", &corev1.ServiceArgs{Metadata: meta, Spec: spec},
			b.child()...)
		if err != nil {
			return fmt.Errorf("creating service %s: %w", name, err)
		}
		b.guards = append(b.guards, service)
	}
	return nil
}

// pods is the Service that gives each pod a name of its own.
func (b *builder) pods() string { return b.name + "-pods" }

// edges let the setup reach the server, its pods each other, and who gathers metrics all of them.
func (b *builder) edges() error {
	to := []binding.Edge{{To: b.store.server.Peer(), Ports: workload.Ports{port}.Edges()}}
	ids := []workload.ID{b.setupID}
	if b.args.Drives > 1 {
		ids = append(ids, b.store.server)
	}
	for _, id := range ids {
		policies, err := workload.Edges(b.ctx, id.Name, id, to, b.child()...)
		if err != nil {
			return err
		}
		b.guards = append(b.guards, policies...)
	}
	if b.args.MetricsNamespace == "" {
		return nil
	}
	policy, err := workload.Monitored(b.ctx, b.name, b.store.server, b.args.MetricsNamespace,
		workload.Ports{port}.Edges(), b.child()...)
	b.guards = append(b.guards, policy)
	return err
}

func (b *builder) budget() error { return workload.OneAtATime(b.ctx, b.store.server, b.child()...) }

// claim is each pod's drive. One of a pod that is scaled away is kept: it is a part of all objects.
func (b *builder) claim() workload.Claim {
	return workload.Claim{
		Name: "data", Storage: b.args.Storage, StorageClass: b.args.StorageClass, Retain: b.args.Retain,
		RetainScaled: true,
	}
}

func (b *builder) growth() error {
	return b.claim().Grow(b.ctx, b.store.server, b.args.Drives, b.child(b.set)...)
}

// settling is how long a pod may take to find the others, in seconds.
const settling = 10

func (b *builder) servers() error {
	pod := b.pod()
	if err := pod.Check(); err != nil {
		return err
	}
	id := b.store.server
	meta := id.Meta(b.name)
	meta.Annotations = pulumi.StringMap{"pulumi.com/timeoutSeconds": pulumi.String(fmt.Sprint(b.args.Timeout))}
	var err error
	b.set, err = appsv1.NewStatefulSet(b.ctx, b.name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: meta,
		Spec: appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(b.pods()), Replicas: pulumi.Int(b.args.Drives),
			// A pod says that it is ready before it has found the others: the next one is renewed a while later.
			MinReadySeconds: pulumi.Int(settling),
			// None of several starts to work alone.
			PodManagementPolicy:                  pulumi.String("Parallel"),
			Selector:                             metav1.LabelSelectorArgs{MatchLabels: workload.StringMap(id.Selector())},
			Template:                             pod.Template(),
			VolumeClaimTemplates:                 b.claim().Templates(),
			PersistentVolumeClaimRetentionPolicy: b.claim().Policy(),
		},
	}, append(b.child(b.guards...), b.claim().Ignored())...)
	if err != nil {
		return fmt.Errorf("creating stateful set %s: %w", b.name, err)
	}
	return nil
}

func (b *builder) pod() workload.Pod {
	probe := func(path string) *workload.Probe {
		return &workload.Probe{Path: path, Port: port.Name, HTTPS: b.args.TLSSecret != "", Timeout: 5}
	}
	startup := probe("/minio/health/live")
	startup.Period, startup.Failures = 2, max(1, b.args.Timeout/2)
	container := workload.Container{
		Name: "minio", Image: b.args.Image, Ports: workload.Ports{port}, Resources: b.args.Resources,
		Env: []binding.Variable{
			{Name: "MINIO_ROOT_USER", Value: pulumi.String(rootUser)},
			{Name: "MINIO_ROOT_PASSWORD", Secret: b.password},
			{Name: "MINIO_SITE_REGION", Value: pulumi.String(b.args.Region)},
			// Administration is the setup's alone, and a new version another image.
			{Name: "MINIO_BROWSER", Value: pulumi.String("off")},
			{Name: "MINIO_UPDATE", Value: pulumi.String("off")},
		},
		Startup: startup, Readiness: probe("/minio/health/ready"), Liveness: probe("/minio/health/live"),
		Mounts: []workload.Mount{{Volume: b.claim().Name, Path: dataFolder}},
		// Requests that are under way are finished.
		Drain: 5,
	}
	container.Readiness.Period, container.Liveness.Failures = 5, 6
	pod := workload.Pod{
		ID: b.store.server, User: &b.args.User, Spread: true, Grace: 60,
		Annotations: pulumi.StringMap{"checksum/root": b.fingerprint},
	}
	certificates := "/tmp/certificates"
	if b.args.TLSSecret != "" {
		certificates = certificatesFolder
		const volume = "certificates"
		pod.Volumes = append(pod.Volumes, workload.Volume{
			Name: volume, Secret: pulumi.String(b.args.TLSSecret), Items: map[string]string{
				certificateEntry: "public.crt", keyEntry: "private.key", authorityEntry: authoritiesFolder + "/ca.crt",
			},
		})
		container.Mounts = append(container.Mounts, workload.Mount{Volume: volume, Path: certificates, ReadOnly: true})
	}
	if b.args.MetricsNamespace != "" {
		container.Env = append(container.Env, binding.Variable{
			Name: "MINIO_PROMETHEUS_AUTH_TYPE", Value: pulumi.String("public"),
		})
		pod.Annotations["prometheus.io/scrape"] = pulumi.String("true")
		pod.Annotations["prometheus.io/scheme"] = pulumi.String(b.store.scheme())
		pod.Annotations["prometheus.io/port"] = pulumi.String(fmt.Sprint(port.Container))
		pod.Annotations["prometheus.io/path"] = pulumi.String(metricsPath)
	}
	container.Args = []string{
		"server", "--address", fmt.Sprintf(":%d", port.Container), "--certs-dir", certificates, b.drives(),
	}
	pod.Containers = []workload.Container{container}
	return pod
}

// drives are where objects are: a folder, or the folders of all pods.
func (b *builder) drives() string {
	if b.args.Drives == 1 {
		return dataFolder
	}
	return fmt.Sprintf("%s://%s-{0...%d}.%s:%d%s", b.store.scheme(), b.name, b.args.Drives-1,
		workload.Host(b.pods(), b.store.server.Namespace), port.Container, dataFolder)
}

// setup makes buckets and users. It is a Job of its own name for each content, and runs anew for other keys too.
func (b *builder) setup() error {
	declared := map[string]string{}
	var buckets, versioned, users []string
	for _, bucket := range b.args.Buckets {
		text, err := bucket.lifecycle()
		if err != nil {
			return fmt.Errorf("lifecycle of bucket %s: %w", bucket.Name, err)
		}
		declared["lifecycle-"+bucket.Name+".json"] = text
		buckets = append(buckets, bucket.Name)
		if bucket.Versioning {
			versioned = append(versioned, bucket.Name)
		}
	}
	pod := workload.Pod{ID: b.setupID, User: &b.args.User}
	container := workload.Container{
		Name: "setup", Image: b.args.ClientImage, Command: []string{"/bin/sh", scriptsFolder + "/setup.sh"},
		Resources: workload.Resources{
			Requests: workload.Amounts{CPU: "50m", Memory: "64Mi", EphemeralStorage: "16Mi"},
			Limits:   workload.Amounts{CPU: "500m", Memory: "256Mi", EphemeralStorage: "64Mi"},
		},
	}
	mount := func(volume workload.Volume, path string) {
		pod.Volumes = append(pod.Volumes, volume)
		container.Mounts = append(container.Mounts, workload.Mount{Volume: volume.Name, Path: path, ReadOnly: true})
	}
	for _, user := range b.args.Users {
		text, err := user.policy()
		if err != nil {
			return fmt.Errorf("policy of %s: %w", user.Application, err)
		}
		declared["policy-"+user.Application+".json"] = text
		users = append(users, user.Application)
		mount(workload.Volume{
			Name:   workload.Name(workload.MaxLabel, "user", user.Application),
			Secret: pulumi.String(secretOf(b.name, user.Application)),
		}, usersFolder+"/"+user.Application)
	}
	after := append([]pulumi.Resource{b.set}, b.userSecrets...)
	var names []string
	for _, files := range []struct {
		kind, folder string
		content      map[string]string
	}{{"declared", declaredFolder, declared}, {"scripts", scriptsFolder, map[string]string{"setup.sh": setup}}} {
		name, object, err := workload.Files(b.ctx, b.name+"-"+files.kind, b.setupID, files.content, b.child()...)
		if err != nil {
			return err
		}
		mount(workload.Volume{Name: files.kind, ConfigMap: pulumi.String(name)}, files.folder)
		names, after = append(names, name), append(after, object)
	}
	plain := func(name string, value []string) binding.Variable {
		return binding.Variable{Name: name, Value: pulumi.String(strings.Join(value, " "))}
	}
	container.Env = []binding.Variable{
		{Name: "ROOT_PASSWORD", Secret: b.password},
		// The password is filled in by the kubelet: no object but the Secret holds it.
		{Name: "MC_HOST_store", Value: pulumi.String(strings.Replace(b.store.endpoint(), "://",
			"://"+rootUser+":$(ROOT_PASSWORD)@", 1))},
		{Name: "MC_CONFIG_DIR", Value: pulumi.String("/tmp/mc")},
		plain("BUCKETS", buckets), plain("VERSIONED", versioned), plain("USERS", users),
	}
	if b.args.TLSSecret != "" {
		mount(workload.Volume{
			Name: "authority", Secret: pulumi.String(b.args.TLSSecret), Items: map[string]string{authorityEntry: "ca.crt"},
		}, authorityFolder)
		container.Env = append(container.Env, binding.Variable{
			Name: "SSL_CERT_FILE", Value: pulumi.String(authorityFolder + "/ca.crt"),
		})
	}
	pod.Annotations = pulumi.StringMap{"checksum/secrets": workload.Fingerprint(b.setupID, b.userFingerprints...)}
	pod.Containers = []workload.Container{container}
	content := append(slices.Concat(names, buckets, versioned, users), b.args.ClientImage, b.store.endpoint())
	job, err := workload.Job{
		Name: workload.Hashed(b.setupID.Name, content...), Pod: pod, Retries: 2, Timeout: b.args.Timeout,
	}.Run(b.ctx, b.name+"-setup-job", b.child(append(after, b.guards...)...)...)
	b.store.ready = []pulumi.Resource{job}
	return err
}
