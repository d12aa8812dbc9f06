package workload

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/binding"
)

// Pod is what one workload's pods have of their own. Everything else is the same for all: see [Pod.Template].
type Pod struct {
	// ID names the workload.
	ID ID
	// User is the uid, gid and group of volumes. Nil: the image's own numeric user; root is refused by the kubelet.
	User *int
	// ServiceAccount is the account's name. Nil: the namespace's default, whose token is not mounted either.
	ServiceAccount pulumi.StringPtrInput
	// Init run one after the other before Containers.
	Init []Container
	// Containers are at least one.
	Containers []Container
	// Volumes are what the containers mount, besides their writable folders.
	Volumes []Volume
	// Grace is terminationGracePeriodSeconds: after the drain and the stop signal, in seconds. Zero: 30.
	Grace int
	// RestartPolicy is empty for pods of a controller that restarts them, Never for a Job.
	RestartPolicy string
	// Annotations of the pod, such as checksums whose change rolls the workload.
	Annotations pulumi.StringMap
	// Token mounts the service account's token, for pods that use the cluster's API. Others have none.
	Token bool
	// Placement says where the pods run.
	Placement Placement
	// Spread asks for replicas on different nodes and zones, among the pods of one revision where RevisionLabel is set.
	Spread bool
	// RevisionLabel is the label that tells the revisions of the controller apart: pod-template-hash for a Deployment,
	// empty for controllers without one. With it a rollout's new pods are spread without regard to the old.
	RevisionLabel string
}

// Container is what one container has of its own.
type Container struct {
	// Name is unique in the pod.
	Name string
	// Image is resolved already, see [Images.Resolve].
	Image string
	// Command replaces the image's entrypoint, Args its command. Nil keeps the image's.
	Command, Args []string
	// Env in order: a later variable may refer to an earlier one.
	Env []binding.Variable
	// Ports that it listens on.
	Ports Ports
	// Startup, Readiness and Liveness are optional.
	Startup, Readiness, Liveness *Probe
	// Resources are all required.
	Resources Resources
	// Mounts of the pod's volumes.
	Mounts []Mount
	// Writable are the folders it may write to, each an empty one on the node that goes with the pod. Everything else is
	// read-only. /tmp is always among them.
	Writable []string
	// Shares are writable folders of the pod's first container that this one writes to as well.
	Shares []string
	// Sidecar keeps a container of [Pod.Init] running beside Containers: it starts before them and stops after them.
	Sidecar bool
	// WritableRoot is for an image that writes where no folder can be put: its root file system is not read-only.
	WritableRoot bool
	// LowPorts is for an image that listens below 1024 and cannot be told otherwise: it may, without being root.
	LowPorts bool
	// Drain is how long, in seconds, the container goes on serving after it was taken out of its Services, since that
	// takes a moment to be known everywhere. Zero: it is stopped at once.
	Drain int
}

// Mount puts a volume of the pod into a container.
type Mount struct {
	// Volume is the volume's name.
	Volume string
	// Path in the container, absolute.
	Path string
	// SubPath mounts one entry of the volume. Such a mount does not follow changes of the volume.
	SubPath string
	// ReadOnly is what configuration and secrets are.
	ReadOnly bool
}

// Volume is one volume of a pod. Exactly one of its sources is set, besides the name.
type Volume struct {
	// Name is a DNS label.
	Name string
	// ConfigMap is the name of an object whose entries become files.
	ConfigMap pulumi.StringInput
	// Secret is the name of an object whose entries become files, readable by the pod's group.
	Secret pulumi.StringInput
	// Items are the entries of Secret that become files, each with the file's path in the volume. Nil: all, under their
	// own names.
	Items map[string]string
	// Readable lets every user of the pod read Secret, not its group alone: for pods whose user, and so group, is the
	// image's own and not known here. Nobody outside of the pod can read it either way.
	Readable bool
	// Empty is a folder that starts empty, with its size limit as a quantity.
	Empty string
	// Executable sets the mode of a ConfigMap's files to 0555 instead of 0444.
	Executable bool
}

// Resources of a container. None has a default: one that is not said is a fault of the configuration.
type Resources struct {
	// Requests are what the scheduler reserves, Limits what the container cannot exceed.
	Requests, Limits Amounts
}

// Amounts are Kubernetes quantities.
type Amounts struct {
	// CPU in cores: 500m, 2.
	CPU string
	// Memory in bytes: 256Mi. A container that exceeds its limit is killed.
	Memory string
	// EphemeralStorage in bytes: logs and writable folders. A pod that exceeds its limit is evicted.
	EphemeralStorage string
}

func (a Amounts) stringMap() pulumi.StringMap {
	return pulumi.StringMap{
		"cpu": pulumi.String(a.CPU), "memory": pulumi.String(a.Memory),
		"ephemeral-storage": pulumi.String(a.EphemeralStorage),
	}
}

// Template is the hardened pod. It adds, always: no root and no way to become it, no capabilities, the runtime's
// seccomp profile, a read-only root file system with writable folders by name, no service account token, no environment
// variables for other Services, spread over nodes and zones, a drain before the stop signal, and the standard labels.
//
// Each call makes new values: none is shared with another resource.
func (p Pod) Template() *corev1.PodTemplateSpecArgs {
	spec := &corev1.PodSpecArgs{
		AutomountServiceAccountToken:  pulumi.Bool(p.Token),
		EnableServiceLinks:            pulumi.Bool(false),
		ServiceAccountName:            p.ServiceAccount,
		TerminationGracePeriodSeconds: pulumi.Int(p.grace()),
		SecurityContext:               p.securityContext(),
		Containers:                    corev1.ContainerArray{},
	}
	if p.RestartPolicy != "" {
		spec.RestartPolicy = pulumi.String(p.RestartPolicy)
	}
	if p.Spread {
		spec.TopologySpreadConstraints = p.spread()
	}
	p.Placement.apply(spec)
	volumes := corev1.VolumeArray{}
	for _, v := range p.Volumes {
		volumes = append(volumes, v.args())
	}
	init := corev1.ContainerArray{}
	for _, c := range p.Init {
		init = append(init, p.container(c))
		volumes = append(volumes, c.writableVolumes()...)
	}
	if len(init) > 0 {
		spec.InitContainers = init
	}
	containers := corev1.ContainerArray{}
	for _, c := range p.Containers {
		containers = append(containers, p.container(c))
		volumes = append(volumes, c.writableVolumes()...)
	}
	spec.Containers = containers
	spec.Volumes = volumes
	meta := &metav1.ObjectMetaArgs{Labels: StringMap(p.ID.Labels())}
	if len(p.Annotations) > 0 {
		meta.Annotations = p.Annotations
	}
	return &corev1.PodTemplateSpecArgs{Metadata: meta, Spec: spec}
}

func (p Pod) grace() int {
	if p.Grace == 0 {
		return 30
	}
	return p.Grace
}

func (p Pod) securityContext() *corev1.PodSecurityContextArgs {
	c := &corev1.PodSecurityContextArgs{
		RunAsNonRoot:   pulumi.Bool(true),
		SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
	if p.User != nil {
		c.RunAsUser = pulumi.Int(*p.User)
		c.RunAsGroup = pulumi.Int(*p.User)
		c.FsGroup = pulumi.Int(*p.User)
		// A large volume is not walked at every start, only when its root does not fit.
		c.FsGroupChangePolicy = pulumi.String("OnRootMismatch")
	}
	return c
}

// container is one of the pod's, with the folders that it shares with the first.
func (p Pod) container(c Container) corev1.ContainerArgs {
	args := c.args()
	mounts, _ := args.VolumeMounts.(corev1.VolumeMountArray)
	for _, folder := range c.Shares {
		mounts = append(mounts, corev1.VolumeMountArgs{
			Name: pulumi.String(p.Containers[0].folderVolume(folder)), MountPath: pulumi.String(folder),
		})
	}
	args.VolumeMounts = mounts
	if c.Sidecar {
		// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/.
		args.RestartPolicy = pulumi.String("Always")
	}
	return args
}

// spread prefers different zones, then different nodes. Unless it is demanded, it never keeps a pod from starting: one
// node down must not keep the rest of the replicas from finding a place.
func (p Pod) spread() corev1.TopologySpreadConstraintArray {
	unsatisfiable := "ScheduleAnyway"
	if p.Placement.Apart {
		unsatisfiable = "DoNotSchedule"
	}
	out := corev1.TopologySpreadConstraintArray{}
	for _, key := range []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"} {
		c := corev1.TopologySpreadConstraintArgs{
			MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(key), WhenUnsatisfiable: pulumi.String(unsatisfiable),
			LabelSelector: metav1.LabelSelectorArgs{MatchLabels: StringMap(p.ID.Selector())},
		}
		if p.RevisionLabel != "" {
			c.MatchLabelKeys = pulumi.StringArray{pulumi.String(p.RevisionLabel)}
		}
		out = append(out, c)
	}
	return out
}

func (c Container) args() corev1.ContainerArgs {
	capabilities := corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}}
	if c.LowPorts {
		// The one capability that Pod Security's "restricted" allows.
		capabilities.Add = pulumi.StringArray{pulumi.String("NET_BIND_SERVICE")}
	}
	args := corev1.ContainerArgs{
		Name: pulumi.String(c.Name), Image: pulumi.String(c.Image),
		// A tag that was pulled once is not looked up at every start; the same tag never names two images here.
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command:         stringArray(c.Command), Args: stringArray(c.Args),
		Ports:        c.Ports.Container(),
		Env:          env(c.Env),
		StartupProbe: c.Startup.args(), ReadinessProbe: c.Readiness.args(), LivenessProbe: c.Liveness.args(),
		Resources: corev1.ResourceRequirementsArgs{
			Requests: c.Resources.Requests.stringMap(), Limits: c.Resources.Limits.stringMap(),
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(!c.WritableRoot),
			Privileged:               pulumi.Bool(false),
			RunAsNonRoot:             pulumi.Bool(true),
			Capabilities:             capabilities,
		},
		// A failure's last log lines are kept in the pod's status, for the error that names the reason.
		TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
	}
	if c.Drain > 0 {
		// The kubelet sleeps itself (v1.34 and later without a feature gate): an image needs no shell.
		args.Lifecycle = corev1.LifecycleArgs{PreStop: corev1.LifecycleHandlerArgs{
			Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(c.Drain)},
		}}
	}
	mounts := corev1.VolumeMountArray{}
	for _, m := range c.Mounts {
		mounts = append(mounts, m.args())
	}
	for _, folder := range c.folders() {
		mounts = append(mounts, corev1.VolumeMountArgs{
			Name: pulumi.String(c.folderVolume(folder)), MountPath: pulumi.String(folder),
		})
	}
	args.VolumeMounts = mounts
	return args
}

func (m Mount) args() corev1.VolumeMountArgs {
	args := corev1.VolumeMountArgs{Name: pulumi.String(m.Volume), MountPath: pulumi.String(m.Path)}
	if m.ReadOnly {
		args.ReadOnly = pulumi.Bool(true)
	}
	if m.SubPath != "" {
		args.SubPath = pulumi.String(m.SubPath)
	}
	return args
}

func (v Volume) args() corev1.VolumeArgs {
	args := corev1.VolumeArgs{Name: pulumi.String(v.Name)}
	switch {
	case v.ConfigMap != nil:
		mode := 0o444
		if v.Executable {
			mode = 0o555
		}
		args.ConfigMap = corev1.ConfigMapVolumeSourceArgs{
			Name: v.ConfigMap.ToStringOutput().ToStringPtrOutput(), DefaultMode: pulumi.Int(mode),
		}
	case v.Secret != nil:
		mode := 0o440
		if v.Readable {
			mode = 0o444
		}
		args.Secret = corev1.SecretVolumeSourceArgs{
			SecretName: v.Secret.ToStringOutput().ToStringPtrOutput(), DefaultMode: pulumi.Int(mode), Items: v.items(),
		}
	case v.Empty != "":
		args.EmptyDir = corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(v.Empty)}
	}
	return args
}

func (v Volume) items() corev1.KeyToPathArrayInput {
	if v.Items == nil {
		return nil
	}
	out := corev1.KeyToPathArray{}
	for _, key := range slices.Sorted(maps.Keys(v.Items)) {
		out = append(out, corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(v.Items[key])})
	}
	return out
}

// folders are the writable ones, /tmp first, each once.
func (c Container) folders() []string {
	folders := []string{"/tmp"}
	for _, f := range c.Writable {
		if f = path.Clean(f); !slices.Contains(folders, f) {
			folders = append(folders, f)
		}
	}
	return folders
}

func (c Container) folderVolume(folder string) string {
	return Name(MaxLabel, c.Name, strings.ToLower(Hashed("writable", folder)))
}

// writableVolumes are the folders' volumes. What they hold counts against the container's limit of ephemeral storage,
// which is the limit of each: full, the pod is evicted rather than its node filled.
func (c Container) writableVolumes() corev1.VolumeArray {
	out := corev1.VolumeArray{}
	for _, folder := range c.folders() {
		out = append(out, Volume{Name: c.folderVolume(folder), Empty: c.Resources.Limits.EphemeralStorage}.args())
	}
	return out
}

func env(variables []binding.Variable) corev1.EnvVarArray {
	out := corev1.EnvVarArray{}
	for _, v := range variables {
		arg := corev1.EnvVarArgs{Name: pulumi.String(v.Name)}
		if v.Secret != nil {
			arg.ValueFrom = corev1.EnvVarSourceArgs{SecretKeyRef: corev1.SecretKeySelectorArgs{
				Name: v.Secret.Secret.ToStringOutput().ToStringPtrOutput(), Key: pulumi.String(v.Secret.Key),
			}}
		} else {
			arg.Value = v.Value.ToStringOutput().ToStringPtrOutput()
		}
		out = append(out, arg)
	}
	return out
}

// Check says what is missing in the pod: what the configuration's own rules should have refused before.
func (p Pod) Check() error {
	if len(p.Containers) == 0 {
		return fmt.Errorf("pod of %s: has no container", p.ID.Name)
	}
	for _, c := range slices.Concat(p.Init, p.Containers) {
		for what, value := range map[string]string{
			"image": c.Image, "cpu request": c.Resources.Requests.CPU, "memory request": c.Resources.Requests.Memory,
			"ephemeral storage request": c.Resources.Requests.EphemeralStorage, "cpu limit": c.Resources.Limits.CPU,
			"memory limit": c.Resources.Limits.Memory, "ephemeral storage limit": c.Resources.Limits.EphemeralStorage,
		} {
			if value == "" {
				return fmt.Errorf("pod of %s: container %s has no %s", p.ID.Name, c.Name, what)
			}
		}
	}
	return nil
}
